//! Responses of token endpoints to `dci login`.

use crate::support::person::{Person, decided, visit};
use crate::support::scripted_server::{ScriptedServer, response};

#[test]
fn a_token_response_without_a_token_is_refused() {
    let json = |body| response("200 OK", "application/json", body);
    let error = |status, body| response(status, "application/json", body);
    let page = |status| response(status, "text/html", "<html>");
    for (name, response, code, problem) in [
        ("html", response("200 OK", "text/html", "<html>s3cret"), 1, "is not JSON"),
        ("broken", json("{\"access_token\": \"s3cret"), 1, "is not JSON"),
        ("none", json(r#"{"token_type": "Bearer"}"#), 1, "has no valid access token"),
        ("odd", json(r#"{"access_token": 7, "token_type": "Bearer", "x": "s3cret"}"#), 1, "has no valid access token"),
        ("empty", json(r#"{"access_token": "", "token_type": "Bearer"}"#), 1, "has no valid access token"),
        ("mac", json(r#"{"access_token": "s3cret", "token_type": "mac"}"#), 1, "of an unknown type"),
        (
            "refused",
            error("400 Bad Request", r#"{"error": "invalid_grant"}"#),
            10,
            "the authorization code was rejected",
        ),
        (
            "client",
            error("401 Unauthorized", r#"{"error": "invalid_client"}"#),
            10,
            "returned no token (invalid_client)",
        ),
        (
            "busy",
            error("400 Bad Request", r#"{"error": "temporarily_unavailable"}"#),
            40,
            "returned no token (temporarily_unavailable)",
        ),
        ("failed", error("503 Service Unavailable", r#"{"error": "Unavailable"}"#), 40, "returned 503"),
        ("limited", error("429 Too Many Requests", r#"{"error": "slow_down"}"#), 50, "returned 429"),
        ("edge", page("403 Forbidden"), 1, "returned 403"),
        ("moved", page("302 Found"), 1, "returned 302"),
        ("down", page("503 Service Unavailable"), 40, "returned 503"),
    ] {
        let person = Person::new(&format!("token-{name}"));
        let server = ScriptedServer::responding(response);
        let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_TOKEN_URL", &server.url).start();
        visit(&decided(&Person::address(&mut login), "admin@example.com"));
        let finished = login.finish();
        assert!(finished.code == code && finished.stderr.contains(problem), "{name}: {finished}");
        finished.assert_without("s3cret");
        assert!(!person.file().exists(), "{name}");
        let request = server.requests().concat();
        assert!(request.contains("code_verifier=") && !request.to_lowercase().contains("authorization:"), "{request}");
    }
}

#[test]
fn token_responses_of_various_servers_are_read() {
    // This API accepts any token.
    let api = ScriptedServer::responding(response("200 OK", "application/json", r#"{"email":"a@example.com"}"#));
    for (name, media_type, rest, is_known) in [
        ("text", "application/json", r#""token_type":"Bearer","expires_in":"3600""#, true),
        ("fraction", "application/json", r#""token_type":"Bearer","expires_in":3600.0"#, true),
        ("text-fraction", "application/json", r#""token_type":"Bearer","expires_in":"3599.5""#, true),
        ("null", "application/json", r#""token_type":"Bearer","expires_in":null,"refresh_token":null"#, false),
        ("absent", "application/json", r#""token_type":"bearer""#, false),
        ("negative", "application/json", r#""token_type":"Bearer","expires_in":-1"#, false),
        ("huge", "application/json", r#""token_type":"Bearer","expires_in":99999999999999999999999"#, false),
        ("no-number", "application/json", r#""token_type":"Bearer","expires_in":"soon""#, false),
        ("no-type", "application/json", r#""expires_in":3600"#, true),
        ("scopes", "application/json", r#""token_type":"BEARER","scope":["a","b"],"expires_in":3600"#, true),
        ("refresh", "application/json", r#""token_type":"Bearer","refresh_token":false,"expires_in":3600"#, true),
        ("plain", "text/plain", r#""token_type":"Bearer","expires_in":3600"#, true),
    ] {
        let person = Person::new(&format!("response-{name}"));
        let body = format!(r#"{{"access_token":"made-up-token",{rest}}}"#);
        let server = ScriptedServer::responding(response("200 OK", media_type, &body));
        let login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_TOKEN_URL", &server.url);
        let mut login = login.env("DCI_API_BASE_URL", &api.url).start();
        visit(&decided(&Person::address(&mut login), "admin@example.com"));
        let finished = login.finish();
        assert_eq!(finished.code, 0, "{name}: {finished}");
        assert_eq!(finished.json()["expiresAt"].is_string(), is_known, "{name}: {finished}");
    }
}

#[test]
fn a_rejected_token_is_not_stored() {
    let person = Person::new("rejected-token");
    let tokens = r#"{"access_token": "made-up-token", "token_type": "bearer"}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", tokens));
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_TOKEN_URL", &server.url).start();
    visit(&decided(&Person::address(&mut login), "admin@example.com"));
    let finished = login.finish();
    assert_eq!(finished.code, 10, "{finished}");
    assert!(!person.file().exists());
}
