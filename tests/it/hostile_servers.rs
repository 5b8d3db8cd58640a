//! Servers and proxies that violate the spec or HTTP.

use std::io::Write;
use std::net::Shutdown;

use dci::client::MAX_BODY_BYTES;

use crate::support::program::{API_KEY, Finished, assert_masked_snapshot, dci_at};
use crate::support::scripted_server::{ScriptedServer, resent, response};

/// Compares the table and the JSON output with snapshots.
fn check(name: &str, server: &ScriptedServer) {
    for format in ["table", "json"] {
        let args = ["resend-invite", "invite-1", "--output", format];
        assert_masked_snapshot!(format!("hostile_{name}_{format}"), dci_at(&server.url, &args).finish());
    }
}

fn run(server: &ScriptedServer) -> Finished {
    dci_at(&server.url, &["resend-invite", "invite-1", "--max-attempts", "1"]).finish()
}

#[test]
fn an_html_error_keeps_its_status() {
    let page = "<!DOCTYPE html><html><body><h1>Forbidden</h1></body></html>";
    check("html_403", &ScriptedServer::responding(response("403 Forbidden", "text/html", page)));
}

#[test]
fn an_html_error_keeps_an_unknown_status() {
    check("html_524", &ScriptedServer::responding(response("524 Timeout", "text/html", "<html>slow</html>")));
}

#[test]
fn an_empty_error_keeps_its_status() {
    check("empty_404", &ScriptedServer::responding(response("404 Not Found", "application/json", "")));
}

#[test]
fn an_error_of_another_shape_keeps_its_status_and_message() {
    let body = r#"{"error":{"code":7,"message":"nope"}}"#;
    check("other_json_401", &ScriptedServer::responding(response("401 Unauthorized", "application/json", body)));
}

#[test]
fn a_success_that_is_not_json_is_an_error() {
    check("html_200", &ScriptedServer::responding(response("200 OK", "text/html", "<html>log in</html>")));
}

#[test]
fn a_success_without_a_required_property_is_an_error() {
    let body = r#"{"message":"Invite resent"}"#;
    check("incomplete_200", &ScriptedServer::responding(response("200 OK", "application/json", body)));
}

#[test]
fn an_empty_success_is_an_error() {
    check("empty_200", &ScriptedServer::responding(response("200 OK", "application/json", "")));
}

#[test]
fn unknown_properties_keep_their_order() {
    let body = r#"{"zeta":[1,{"b":2,"a":12345678901234567}],"message":"Invite resent","inviteId":"x","extra":null}"#;
    check("unknown_properties", &ScriptedServer::responding(response("200 OK", "application/json", body)));
}

#[test]
fn an_error_code_is_found_in_other_places() {
    for body in [r#"{"code":"tenant_id_required","message":"no"}"#, r#"{"error":{"code":"tenant_id_required"}}"#] {
        let server = ScriptedServer::responding(response("400 Bad Request", "application/json", body));
        assert!(run(&server).error()["hint"].to_string().contains("--tenant"), "{body}");
    }
}

#[test]
fn a_truncated_error_keeps_its_status() {
    let server = ScriptedServer::responding("HTTP/1.1 403 Forbidden\r\ncontent-length: 100\r\n\r\n{\"error\":");
    let finished = run(&server);
    assert_eq!((finished.code, &finished.error()["http_status"]), (11, &403.into()));
}

#[test]
fn an_https_proxy_does_not_see_the_credential() {
    let proxy = ScriptedServer::responding("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    let args = ["resend-invite", "invite-1", "--max-attempts", "1"];
    let finished = dci_at("https://api.example.invalid", &args).env("HTTPS_PROXY", &proxy.url).finish();
    assert_eq!(finished.code, 41, "{finished}");
    let requests = proxy.requests();
    assert!(requests[0].starts_with("CONNECT api.example.invalid:443 HTTP/1.1\n"), "{}", requests[0]);
    assert!(!requests[0].contains(API_KEY));
}

#[test]
fn escape_sequences_in_a_message_are_escaped() {
    let body = "{\"error\":\"\\u001b]0;owned\\u0007\\u009b31m\u{9b}red\\nline\u{202e}\"}";
    let server = ScriptedServer::responding(response("400 Bad Request", "application/json", body));
    check("escapes_400", &server);
    let output = run(&server).stderr;
    assert!(!output.contains(|char: char| char.is_control() && char != '\n'), "{output:?}");
}

#[test]
fn an_endless_success_is_cut_off() {
    let server = ScriptedServer::start(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
        while stream.write_all(&vec![b' '; 0x10000]).is_ok() {}
    });
    let finished = run(&server);
    assert_eq!(finished.code, 1, "{finished}");
    assert!(finished.error()["message"].to_string().contains(&format!("{} MiB", MAX_BODY_BYTES >> 20)), "{finished}");
}

#[test]
fn an_endless_error_keeps_its_status() {
    let server = ScriptedServer::start(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\n\r\n<html>");
        while stream.write_all(&[b'x'; 0x2000]).is_ok() {}
    });
    assert_eq!(run(&server).code, 20);
}

#[test]
fn many_and_long_headers_are_read() {
    let many = |count: u32| {
        let headers: Vec<String> = (0..count).map(|number| format!("x-header-{number}: {number}\r\n")).collect();
        headers.concat()
    };
    for headers in [
        many(150),
        many(1990),
        "set-cookie: a=b\r\n".repeat(1000),
        format!("x-long: {}\r\n", "x".repeat(290_000)),
        format!("x-header: {}\r\n", "x".repeat(2900)).repeat(100),
    ] {
        let body = r#"{"message":"Invite resent","inviteId":"x"}"#;
        let head = format!("HTTP/1.1 200 OK\r\n{headers}content-type: application/json\r\n");
        let server = ScriptedServer::responding(format!("{head}content-length: {}\r\n\r\n{body}", body.len()));
        assert_eq!(run(&server).code, 0, "{} bytes of headers", headers.len());
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = ScriptedServer::responding(resent());
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let head = format!("HTTP/1.1 {status}\r\nlocation: {}/x\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
        let server = ScriptedServer::responding(head);
        let finished = run(&server);
        assert_eq!(finished.code, 1, "{finished}");
        let message = finished.error()["message"].to_string();
        assert!(message.contains("not followed"), "{message}");
        assert!(server.requests()[0].contains(API_KEY));
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_closed_connection_is_a_network_error() {
    let server = ScriptedServer::start(|stream| drop(stream.shutdown(Shutdown::Both)));
    let finished = run(&server);
    assert_eq!(finished.code, 41, "{finished}");
    assert_eq!(finished.error()["retryable"], true);
}

#[test]
fn a_truncated_body_is_a_network_error() {
    let server = ScriptedServer::responding("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"message\":");
    let finished = run(&server);
    assert_eq!(finished.code, 41, "{finished}");
}

#[test]
fn a_refused_connection_is_a_network_error() {
    // A port without a listener.
    let address = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}", address.expect("a free port"));
    let finished = dci_at(&url, &["resend-invite", "x", "--max-attempts", "1"]).finish();
    assert_eq!(finished.code, 41, "{finished}");
    assert!(finished.error()["message"].to_string().contains("Connection refused"));
}

#[test]
fn a_response_that_is_not_http_is_a_network_error() {
    let server = ScriptedServer::responding("SSH-2.0-OpenSSH_9.6\r\n");
    assert_eq!(run(&server).code, 41);
}

#[test]
fn a_credential_in_an_error_is_redacted() {
    let body = format!(r#"{{"error":"the key {API_KEY} is bad"}}"#);
    let server = ScriptedServer::responding(response("400 Bad Request", "application/json", &body));
    // `finish` checks that the key is not printed.
    let finished = dci_at(&server.url, &["resend-invite", "x", "-o", "table"]).finish();
    assert!(finished.stderr.contains("the key [credential] is bad"), "{finished}");
}

#[test]
fn a_credential_in_a_request_id_or_success_is_redacted() {
    let body = format!(r#"{{"email":"{API_KEY}"}}"#);
    let head = format!("HTTP/1.1 200 OK\r\nx-request-id: {API_KEY}\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = ScriptedServer::responding(head + &body);
    // `finish` checks that the key is not printed.
    let finished = dci_at(&server.url, &["validate", "-v", "-o", "json"]).finish();
    assert!(finished.code == 0 && finished.stdout.contains("[credential]"), "{finished}");
}
