//! Ids that try to reach another path or to control a terminal.

use dci::client::{ErrorKind, IdempotencyKey, call};

use crate::support::program::dci_at;
use crate::support::sandbox::client_at;
use crate::support::scripted_server::{ScriptedServer, resent};

const REFUSED: &[&str] = &["", " ", "\t\n", ".", "..", " x", "x\n", "\u{1b}[31m", "a\u{7f}", "a\u{9b}b"];

/// Ids and the path segments that encode them.
const ENCODED: &[(&str, &str)] = &[
    ("a/b", "a%2Fb"),
    ("../x", "..%2Fx"),
    ("/", "%2F"),
    ("a?b", "a%3Fb"),
    ("a#b", "a%23b"),
    ("%2e%2e", "%252e%252e"),
    ("a b", "a%20b"),
    ("ключ", "%D0%BA%D0%BB%D1%8E%D1%87"),
    ("...", "..."),
    ("a;b=c&d", "a%3Bb%3Dc%26d"),
    ("a\\b", "a%5Cb"),
    ("..\\users\\victim", "..%5Cusers%5Cvictim"),
    ("x\\iam\\v1\\users\\victim", "x%5Ciam%5Cv1%5Cusers%5Cvictim"),
    ("--", "--"),
];

#[test]
fn an_invalid_id_is_refused_before_a_request() {
    let server = ScriptedServer::responding(resent());
    let long = "x".repeat(10_000);
    for id in REFUSED.iter().copied().chain([long.as_str()]) {
        for format in ["table", "json"] {
            let finished = dci_at(&server.url, &["resend-invite", "-o", format, "--", id]).finish();
            assert_eq!(finished.code, 2, "{id:?}: {finished}");
            let shows_control =
                finished.stderr.contains(|char: char| char.is_control() && !['\n', '\t'].contains(&char));
            assert!(!shows_control, "{id:?} reaches the terminal: {:?}", finished.stderr);
        }
    }
    assert!(server.requests().is_empty());
}

#[test]
fn an_id_becomes_one_path_segment() {
    for (id, segment) in ENCODED {
        let server = ScriptedServer::responding(resent());
        let finished = dci_at(&server.url, &["resend-invite", "--", id]).finish();
        assert_eq!(finished.code, 0, "{id:?}: {finished}");
        let expected = format!("POST /iam/v1/users/{segment}/actions/resend HTTP/1.1");
        assert_eq!(server.requests()[0].lines().next(), Some(expected.as_str()));
    }
}

#[test]
#[cfg(unix)]
fn arguments_that_are_not_unicode_are_a_usage_error() {
    use std::os::unix::ffi::OsStrExt;
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dci"))
        .arg("resend-invite")
        .arg(std::ffi::OsStr::from_bytes(b"\xff\xfe"))
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
}

/// The generated builder accepts plain strings, too.
#[tokio::test]
async fn the_library_sends_no_request_to_another_path() {
    let server = ScriptedServer::responding(resent());
    let client = client_at(&server.url).build().expect("a client");
    for id in ["", ".", ".."] {
        let resend = client.resend_invite().id(id).idempotency_key(IdempotencyKey::random());
        let resend = call(resend.body(serde_json::Map::new()).send()).await.expect_err("a wrong path");
        let delete = call(client.delete_user().id(id).send()).await.expect_err("a wrong path");
        assert_eq!((resend.kind(), delete.kind()), (ErrorKind::InvalidRequest, ErrorKind::InvalidRequest), "{id:?}");
    }
    assert!(server.requests().is_empty());

    for (id, segment) in ENCODED.iter().chain(&[("\u{7}", "%07"), (" x", "%20x")]) {
        let server = ScriptedServer::responding(resent());
        for base in ["", "/doit"] {
            let client = client_at(&format!("{}{base}", server.url)).build().expect("a client");
            call(client.delete_user().id(*id).send()).await.expect("a response");
            let sent = server.requests().pop().expect("a request");
            assert!(sent.starts_with(&format!("DELETE {base}/iam/v1/users/{segment} HTTP/1.1\n")), "{id:?}: {sent}");
        }
    }
}

#[test]
#[cfg(unix)]
fn a_refused_argument_is_escaped_at_a_terminal() {
    for args in [
        &["resend-invite", "\u{1b}]0;owned\u{7}x"][..],
        &["resend-invite", "x", "--idempotency-key", "\u{1b}[2Jk"],
        &["resend-invite", "x", "--\u{1b}[2Jk"],
        &["\u{1b}[2Jresend"],
        &["list-users", "--status", "\u{9b}2J"],
    ] {
        let ended = crate::support::program::dci(args).env("TERM", "xterm").at_terminal().end();
        let (code, written) = (ended.code, ended.written);
        assert_eq!(code, 2, "{written:?}");
        let without_colours = regress::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern").replace_all(&written, "");
        let is_terminal_control = |char: char| char.is_control() && char != '\n';
        assert!(!without_colours.contains(is_terminal_control), "{args:?}: {written:?}");
        assert!(without_colours.contains("\\u{1b}") || without_colours.contains("\\u{9b}"), "{written:?}");
    }
}
