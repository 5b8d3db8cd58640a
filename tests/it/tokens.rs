//! The sandbox's codes, access tokens and refresh tokens: use, expiry and revocation.

use std::time::Duration;

use dci::sandbox::Fault;
use reqwest::header::CONTENT_TYPE;

use crate::support::oauth_client::{ADMIN, CODE_CHALLENGE, Client, Tokens, error};

#[tokio::test]
async fn a_code_works_once() {
    let client = Client::new();
    let code = client.code(ADMIN).await;
    let tokens = Tokens::of(client.exchange(&code, &[]).await);
    assert!(client.accepts(&tokens.access).await);
    let others = client.sign_in(ADMIN).await;

    assert_eq!(error(client.exchange(&code, &[]).await), "invalid_grant");
    assert!(!client.accepts(&tokens.access).await, "tokens of the reused code are revoked");
    assert_eq!(error(client.renew(&tokens.refresh).await), "invalid_grant");
    assert!(client.accepts(&others.access).await, "other tokens are not revoked");
}

#[tokio::test]
async fn reuse_of_a_code_revokes_its_tokens_at_any_time() {
    let client = Client::new();
    let code = client.code(ADMIN).await;
    let tokens = Tokens::of(client.exchange(&code, &[]).await);
    let renewed = Tokens::of(client.renew(&tokens.refresh).await);
    client.sandbox.advance(Duration::from_secs(61));
    assert_eq!(error(client.exchange(&code, &[]).await), "invalid_grant");
    assert!(!client.accepts(&renewed.access).await);
}

#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let client = Client::new();
    let (in_time, late) = (client.code(ADMIN).await, client.code(ADMIN).await);
    client.sandbox.advance(Duration::from_secs(50));
    Tokens::of(client.exchange(&in_time, &[]).await);
    client.sandbox.advance(Duration::from_secs(11));
    assert_eq!(error(client.exchange(&late, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_bound_to_its_request() {
    let client = Client::new();
    let code = client.code(ADMIN).await;
    let other_verifier = "a".repeat(43);
    let (short, long, reserved) = ("a".repeat(42), "a".repeat(129), "+".repeat(43));
    let mistakes = [
        (("code_verifier", other_verifier.as_str()), "invalid_grant"),
        // The challenge as verifier would be `plain`.
        (("code_verifier", CODE_CHALLENGE), "invalid_grant"),
        (("code_verifier", &short), "invalid_request"),
        (("code_verifier", &long), "invalid_request"),
        (("code_verifier", &reserved), "invalid_request"),
        (("code_verifier", ""), "invalid_request"),
        // An equivalent URI with a different text (RFC 9700 section 2.1).
        (("redirect_uri", "http://127.0.0.1:8484/"), "invalid_grant"),
        (("redirect_uri", "http://localhost:8484"), "invalid_grant"),
        (("redirect_uri", ""), "invalid_request"),
        (("client_id", "someone-else"), "invalid_client"),
        (("client_id", ""), "invalid_request"),
        (("code", "unknown"), "invalid_grant"),
        (("code", ""), "invalid_request"),
        (("grant_type", "password"), "unsupported_grant_type"),
        (("grant_type", ""), "invalid_request"),
    ];
    for (change, name) in mistakes {
        assert_eq!(error(client.exchange(&code, &[change]).await), name, "{change:?}");
    }
    // These requests did not use up the code.
    Tokens::of(client.exchange(&code, &[]).await);
}

#[tokio::test]
async fn a_token_request_must_be_a_form() {
    let client = Client::new();
    let code = client.code(ADMIN).await;
    for media_type in ["application/json", "text/plain"] {
        let request = client.http.post(client.sandbox.token_url()).header(CONTENT_TYPE, media_type);
        let body = format!("grant_type=authorization_code&client_id=cli&code={code}");
        let response = request.body(body).send().await.expect("a response");
        let response = (response.status().as_u16(), response.json().await.expect("JSON"));
        assert_eq!(error(response), "invalid_request", "{media_type}");
    }
    let twice = "grant_type=refresh_token&client_id=cli&refresh_token=a&refresh_token=b".to_owned();
    assert_eq!(error(client.post_form(twice).await), "invalid_request");
}

#[tokio::test]
async fn an_access_token_expires_and_the_refresh_token_does_not() {
    let client = Client::new();
    let tokens = client.sign_in(ADMIN).await;
    client.sandbox.advance(Duration::from_secs(290));
    assert!(client.accepts(&tokens.access).await);
    client.sandbox.advance(Duration::from_secs(11));
    assert!(!client.accepts(&tokens.access).await);
    client.sandbox.advance(Duration::from_secs(30 * 24 * 3600));
    let renewed = Tokens::of(client.renew(&tokens.refresh).await);
    assert!(client.accepts(&renewed.access).await);
    assert!(!client.accepts(&renewed.refresh).await, "a refresh token is not an access token");
    assert!(!client.accepts(&tokens.access).await, "a renewal does not revive access tokens");
}

#[tokio::test]
async fn reuse_of_a_refresh_token_revokes_its_family() {
    let client = Client::new();
    let first = client.sign_in(ADMIN).await;
    let second = Tokens::of(client.renew(&first.refresh).await);
    let third = Tokens::of(client.renew(&second.refresh).await);
    let others = client.sign_in(ADMIN).await;
    assert!(client.accepts(&third.access).await);

    assert_eq!(error(client.renew(&first.refresh).await), "invalid_grant");
    for tokens in [&first, &second, &third] {
        assert!(!client.accepts(&tokens.access).await);
        assert_eq!(error(client.renew(&tokens.refresh).await), "invalid_grant");
    }
    assert!(client.accepts(&others.access).await, "another sign-in keeps its tokens");
    Tokens::of(client.renew(&others.refresh).await);
    assert_eq!(client.sandbox.renewals(), 3, "only successful renewals count");
}

#[tokio::test]
async fn an_unknown_token_is_refused() {
    let client = Client::new();
    assert!(!client.accepts("sandbox-access-0123456789abcdef0123456789abcdef").await);
    assert_eq!(error(client.renew("sandbox-refresh-0123456789abcdef0123456789abcdef").await), "invalid_grant");
    assert!(!client.accepts(&client.code(ADMIN).await).await, "a code is not an access token");
}

#[tokio::test]
async fn a_signed_in_account_has_the_permissions_of_its_key() {
    let client = Client::new();
    let admin = client.sign_in(ADMIN).await.access;
    assert_eq!(client.resend(&admin, "a", None).await, 200);

    let viewer = client.sign_in("viewer@example.com").await.access;
    assert_eq!(client.validate(&viewer).await.1["email"], "viewer@example.com");
    assert_eq!(client.resend(&viewer, "b", None).await, 403);

    let partner = client.sign_in("partner@example.net").await.access;
    assert_eq!(client.resend(&partner, "c", None).await, 400, "it must choose a customer");
    assert_eq!(client.resend(&partner, "c", Some("customer-other")).await, 404);
    assert_eq!(client.resend(&partner, "c", Some("customer-example")).await, 200);
}

#[tokio::test]
async fn an_idempotency_key_outlives_the_access_token() {
    let client = Client::new();
    let first = client.sign_in(ADMIN).await;
    assert_eq!(client.resend(&first.access, "k", None).await, 200);
    client.sandbox.advance(Duration::from_secs(301));
    assert_eq!(client.resend(&first.access, "k", None).await, 401);
    let renewed = Tokens::of(client.renew(&first.refresh).await);
    assert_eq!(client.resend(&renewed.access, "k", None).await, 200);
    assert_eq!(client.sandbox.outbox().len(), 1, "the work was done once");
}

#[tokio::test]
async fn faults_do_not_affect_sign_in() {
    let client = Client::new();
    client.sandbox.inject(Fault::status(500));
    let tokens = client.sign_in(ADMIN).await;
    assert_eq!(client.sandbox.requests(), 0);
    assert_eq!(client.validate(&tokens.access).await.0, 500);
}
