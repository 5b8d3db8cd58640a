//! The sandbox's sign-in page and its redirects, as a browser and a client see them.

use reqwest::header::{CACHE_CONTROL, LOCATION};

use crate::support::oauth_client::{ADMIN, Client, REDIRECT_URI, Tokens, redirected};

#[tokio::test]
async fn a_user_signs_in_and_stays_signed_in() {
    let client = Client::new();
    let page = client.authorize(&[]).await;
    assert_eq!((page.status().as_u16(), &page.headers()[CACHE_CONTROL]), (200, &"no-store".parse().expect("ASCII")));
    let page = page.text().await.expect("a page");
    let link = page.split("href=\"").find(|rest| rest.contains("Continue as admin@example.com"));
    let link = link.and_then(|rest| rest.split('"').next()).expect("a link for the admin").replace("&amp;", "&");

    let chosen = client.get(&format!("{}{link}", client.sandbox.url())).await;
    let (to, parameters) = redirected(&chosen);
    assert_eq!((to.as_str(), parameters["state"].as_str()), (REDIRECT_URI, "a state & more"));

    let (status, body) = client.exchange(&parameters["code"], &[]).await;
    assert_eq!((body["token_type"].as_str(), body["expires_in"].as_u64()), (Some("Bearer"), Some(300)));
    let first = Tokens::of((status, body));
    assert_eq!(client.validate(&first.access).await.1["email"], ADMIN);

    let second = Tokens::of(client.renew(&first.refresh).await);
    assert_eq!(client.validate(&second.access).await.1["email"], ADMIN);
    assert!(client.accepts(&first.access).await, "a renewal does not revoke access tokens");
    assert_eq!(client.sandbox.renewals(), 1);
    assert_eq!(client.sandbox.requests(), 3, "only API requests count");
}

#[tokio::test]
async fn any_loopback_address_can_be_the_redirect_uri() {
    let client = Client::new();
    for redirect_uri in ["http://localhost:8484", "http://127.0.0.1:1", "http://127.0.0.1:65535/", "http://[::1]:9/"] {
        let response = client.authorize(&[("redirect_uri", redirect_uri), ("decision", ADMIN)]).await;
        let (to, parameters) = redirected(&response);
        assert_eq!(to, redirect_uri);
        Tokens::of(client.exchange(&parameters["code"], &[("redirect_uri", redirect_uri)]).await);
    }
}

#[tokio::test]
async fn a_wrong_client_or_redirect_uri_never_redirects() {
    let client = Client::new();
    let mut wrong = vec![("client_id", ""), ("client_id", "someone-else")];
    wrong.extend(
        [
            "",
            "https://localhost:8484",
            "http://localhost",
            "http://localhost:",
            "http://localhost:0",
            "http://localhost:+80",
            "http://localhost:65536",
            "http://localhost:8484/callback",
            "http://localhost:8484//",
            "http://localhost:8484?x=y",
            "http://localhost:8484#x",
            "http://localhost:8484@example.com",
            "http://localhost.example.com:8484",
            "http://127.0.0.2:8484",
            "http://example.com:8484",
            "javascript:alert(1)",
        ]
        .map(|redirect_uri| ("redirect_uri", redirect_uri)),
    );
    for change in wrong {
        // Other parameters make no difference.
        for others in [&[][..], &[("decision", ADMIN)], &[("decision", "deny")], &[("response_type", "token")]] {
            let response = client.authorize(&[&[change], others].concat()).await;
            assert_eq!(response.status(), 400, "{change:?} {others:?}");
            assert!(!response.headers().contains_key(LOCATION), "{change:?} {others:?}");
        }
    }
    let twice = format!("{}?client_id=cli&client_id=cli", client.sandbox.authorize_url());
    assert_eq!(client.get(&twice).await.status(), 400);
    assert_eq!(client.authorize(&[("decision", "nobody@example.com")]).await.status(), 400);
}

#[tokio::test]
async fn other_errors_are_redirected_to_the_client() {
    let client = Client::new();
    let mistakes = [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "too-short"), "invalid_request"),
        (("code_challenge", "not base64url, though of 43 characters, see"), "invalid_request"),
    ];
    for (change, name) in mistakes {
        let (to, parameters) = redirected(&client.authorize(&[change, ("decision", ADMIN)]).await);
        assert_eq!((to.as_str(), parameters["error"].as_str()), (REDIRECT_URI, name), "{change:?}");
        assert_eq!(parameters["state"], "a state & more");
        assert!(parameters.contains_key("error_description") && !parameters.contains_key("code"), "{parameters:?}");
    }
}

#[tokio::test]
async fn plain_pkce_is_refused() {
    let client = Client::new();
    // Without a method, `plain` is meant (RFC 7636 section 4.3).
    for method in ["plain", "s256", ""] {
        let (_, parameters) = redirected(&client.authorize(&[("code_challenge_method", method)]).await);
        assert_eq!(parameters["error"], "invalid_request", "{method:?}");
    }
}

#[tokio::test]
async fn a_user_can_deny_the_sign_in() {
    let client = Client::new();
    let (to, parameters) = redirected(&client.authorize(&[("decision", "deny")]).await);
    assert_eq!((to.as_str(), parameters["error"].as_str()), (REDIRECT_URI, "access_denied"));
    assert_eq!(parameters["state"], "a state & more");
}

#[tokio::test]
async fn a_request_without_a_state_gets_no_state_back() {
    let client = Client::new();
    let (_, parameters) = redirected(&client.authorize(&[("state", ""), ("decision", ADMIN)]).await);
    assert_eq!(parameters.keys().collect::<Vec<_>>(), ["code"]);
}

#[tokio::test]
async fn values_on_a_page_are_escaped() {
    let client = Client::new();
    let hostile = "\"><script>alert('&amp;')</script>";
    for change in [("scope", hostile), ("state", hostile), ("client_id", hostile), ("redirect_uri", hostile)] {
        let page = client.authorize(&[change]).await.text().await.expect("a page");
        assert!(!page.contains("<script"), "{change:?}: {page}");
        assert!(!page.contains("\"\">"), "{change:?}: {page}");
    }
    let page = client.authorize(&[("scope", hostile)]).await.text().await.expect("a page");
    assert!(page.contains("&quot;&gt;&lt;script&gt;alert('&amp;amp;')&lt;/script&gt;"), "{page}");
}
