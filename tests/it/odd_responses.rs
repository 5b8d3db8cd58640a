//! Responses that differ from the spec, or that are encoded in unusual ways.

use serde_json::{Value, json};

use crate::support::program::{API_KEY, FORMATS, Finished, dci_at};
use crate::support::scripted_server::{ScriptedServer, response};
use crate::support::spec::commands;

const LIST_USERS: &[&str] = &["list-users"];
const LIST_ROLES: &[&str] = &["list-roles"];
const LIST_ORGANIZATIONS: &[&str] = &["list-organizations"];
const VALIDATE: &[&str] = &["validate"];
const RESEND_INVITE: &[&str] = &["resend-invite", "x"];
const INVITE_USER: &[&str] = &["invite-user", "a@example.com"];

/// A command for each operation, and one that looks up an address.
const COMMANDS: [&[&str]; 10] = [
    LIST_USERS,
    LIST_ROLES,
    LIST_ORGANIZATIONS,
    VALIDATE,
    RESEND_INVITE,
    INVITE_USER,
    &["list-users", "--email", "a@example.com"],
    &["cancel-invite", "x", "--yes"],
    &["update-user", "x", "--first-name", "Ada"],
    &["delete-user", "x", "--yes"],
];

fn success(body: impl AsRef<[u8]>) -> ScriptedServer {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    ScriptedServer::responding([head.as_bytes(), body].concat())
}

fn created(body: &str) -> ScriptedServer {
    ScriptedServer::responding(response("201 Created", "application/json", body))
}

fn run(server: &ScriptedServer, args: &[&str]) -> Finished {
    dci_at(&server.url, &[args, &["--max-attempts", "1", "-o", "json"]].concat()).finish()
}

#[test]
fn a_response_that_is_not_an_object_is_an_error() {
    for (_, command) in commands() {
        assert!(COMMANDS.iter().any(|args| args[0] == command), "COMMANDS lacks {command}");
    }
    for args in COMMANDS {
        for body in ["[]", "[null]", "[1, []]", r#"["m", "i"]"#, "null", "1", r#""x""#, "true"] {
            let server = if args[0] == "invite-user" { created(body) } else { success(body) };
            let finished = run(&server, args);
            assert_eq!((finished.code, &*finished.stdout), (1, ""), "{args:?} {body}: {finished}");
            assert_eq!(finished.error()["code"], "CLI_ERROR");
        }
    }
    for (args, body) in [
        (LIST_USERS, r#"{"users": [["u1", "a@example.com"]]}"#),
        (LIST_USERS, r#"{"users": [null]}"#),
        (LIST_ROLES, r#"{"roles": [[]]}"#),
        (LIST_ORGANIZATIONS, r#"{"organizations": [1]}"#),
    ] {
        let finished = run(&success(body), args);
        assert_eq!(finished.code, 1, "{body}: {finished}");
    }
    let finished = run(&created(r#"{"user": ["u1"]}"#), INVITE_USER);
    assert_eq!(finished.code, 1, "{finished}");
}

#[test]
fn a_missing_or_null_list_is_empty_and_shown_as_sent() {
    for (args, body, empty) in [
        (LIST_USERS, r#"{"users": null}"#, "No users."),
        (LIST_USERS, "{}", "No users."),
        (LIST_ROLES, r#"{"roles": null}"#, "No roles."),
        (LIST_ORGANIZATIONS, r#"{"organizations": null, "rowCount": null}"#, "No organizations."),
    ] {
        let server = success(body);
        let finished = run(&server, args);
        assert_eq!(finished.json(), serde_json::from_str::<Value>(body).expect("JSON"));
        let table = dci_at(&server.url, &[args, &["-o", "table"]].concat()).finish();
        assert_eq!((table.code, table.stdout.trim()), (0, empty), "{table}");
    }
    let body = r#"{"roles": [{"id": "r", "permissions": null}]}"#;
    assert_eq!(run(&success(body), LIST_ROLES).json(), serde_json::from_str::<Value>(body).expect("JSON"));
    // Looking up a target reads a list.
    let finished = run(&success(r#"{"users": null}"#), &["resend-invite", "a@example.com"]);
    assert_eq!(finished.code, 20, "{finished}");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    for args in [LIST_USERS, VALIDATE] {
        let finished = run(&success("\u{feff}{\"users\": [], \"email\": \"a@example.com\"}"), args);
        assert_eq!(finished.json()["email"], "a@example.com", "{finished}");
    }
    let body = "\u{feff}{\"error\": \"no\"}";
    let finished = run(&ScriptedServer::responding(response("400 Bad Request", "application/json", body)), VALIDATE);
    assert_eq!(finished.error()["message"], "no");
}

#[test]
fn an_unrequested_content_encoding_is_named() {
    for (header, body, name) in [
        ("content-encoding: gzip\r\n", &b"\x1f\x8b\x08\0\0\0\0\0"[..], "gzip"),
        ("", b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        ("Content-Encoding: br\r\n", b"\x0b\x02\x80{}\x03", "br"),
        ("content-encoding: zstd\r\n", b"\x28\xb5\x2f\xfd\x04\0", "zstd"),
        ("", b"\xff\xfe{\0}\0", "UTF-16"),
    ] {
        for status in ["200 OK", "400 Bad Request"] {
            let head = format!("HTTP/1.1 {status}\r\n{header}content-length: {}\r\n\r\n", body.len());
            let finished = run(&ScriptedServer::responding([head.as_bytes(), body].concat()), VALIDATE);
            let error = finished.error();
            assert!(error["message"].to_string().contains(name), "{error}");
            assert!(!error["hint"].to_string().contains("proxy"), "{error}");
        }
    }
}

#[test]
fn a_list_may_have_more_than_10_mib() {
    let user =
        json!({ "id": "invite-1", "email": "a@example.com", "displayName": "x".repeat(200), "status": "active" });
    let users = vec![user.to_string(); 60_000].join(",");
    let finished = run(&success(format!(r#"{{"users": [{users}], "rowCount": 60000}}"#)), LIST_USERS);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(finished.json()["users"].as_array().map(Vec::len), Some(60_000));
}

#[test]
fn every_server_text_in_an_error_is_limited() {
    let long = "x".repeat(60_000);
    for head in [
        format!("302 Found\r\nlocation: https://x.example/{long}"),
        format!("400 Bad Request\r\nx-request-id: {long}"),
        format!("400 Bad Request\r\ncf-ray: {long}"),
        "429 Too Many Requests\r\nretry-after: 99999999999999999999".to_owned(),
    ] {
        let server = ScriptedServer::responding(format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n"));
        let finished = run(&server, VALIDATE);
        assert!(finished.stderr.len() < 2000, "{}", finished.stderr.len());
        let retry_after = finished.error()["retry_after"].as_u64().unwrap_or_default();
        assert!(retry_after < 1 << 53, "{retry_after}");
    }
    for body in [
        json!({ "error": long }),
        json!({ "errors": [long, long] }),
        json!({ "code": long, "message": "no" }),
        json!({ "unknown": { "form": long } }),
    ] {
        let server = ScriptedServer::responding(response("400 Bad Request", "application/json", &body.to_string()));
        assert!(run(&server, VALIDATE).stderr.len() < 4000);
    }
    // The parser quotes a property of the wrong type.
    let finished = run(&success(json!({ "users": long }).to_string()), LIST_USERS);
    assert!(finished.code == 1 && finished.stderr.len() < 4000, "{}", finished.stderr.len());
}

#[test]
fn a_gateway_timeout_is_retryable_with_a_key() {
    let server = ScriptedServer::responding(response("524 Timeout", "text/html", "<html>slow</html>"));
    let error = run(&server, RESEND_INVITE).error();
    assert_eq!((&error["retryable"], &error["attempts"]), (&true.into(), &1.into()));
    assert!(error["hint"].to_string().contains("--idempotency-key"), "{error}");
    assert_eq!(run(&server, INVITE_USER).error()["retryable"], false, "without a key a retry may do it twice");
}

/// The encodings in which a server may send the API key.
fn echoes() -> Vec<Vec<u8>> {
    let escaped = |escape: &dyn Fn(u8) -> String| API_KEY.bytes().map(escape).collect::<String>();
    let texts = [
        API_KEY.to_owned(),
        API_KEY.to_uppercase(),
        API_KEY.replace('-', "\\u002d"),
        escaped(&|byte| format!("\\u{byte:04x}")),
        escaped(&|byte| format!("\\u{byte:04X}")),
        escaped(&|byte| format!("%{byte:02x}")),
        API_KEY.replace('-', "%2D"),
        escaped(&|byte| format!("&#{byte};")),
    ];
    let mut echoes: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    echoes.push([b"\xff", API_KEY.as_bytes(), b"\xfe"].concat());
    echoes
}

/// Fails if the output contains an encoding of the API key.
fn assert_hidden(finished: &Finished) {
    // `finish` checks for the plain key.
    for output in [&finished.stdout, &finished.stderr] {
        let lower = output.to_lowercase();
        for echo in echoes() {
            let echo = String::from_utf8_lossy(&echo).to_lowercase();
            assert!(!lower.contains(&echo), "{echo} was printed: {finished}");
        }
    }
}

#[test]
fn an_encoded_api_key_in_a_response_is_redacted() {
    for echo in echoes() {
        let errors = [&b"{\"error\": \"the key "[..], &echo, b" is bad\"}"].concat();
        let results = [&b"{\"email\": \""[..], &echo, b"\", \"more\": [\"", &echo, b"\"]}"].concat();
        for (status, body) in [("401 Unauthorized", &errors), ("500 Oops", &errors), ("200 OK", &results)] {
            let head = [
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nx-request-id: ", body.len()).as_bytes(),
                &echo,
                b"\r\n\r\n",
            ]
            .concat();
            let server = ScriptedServer::responding([&head, &body[..]].concat());
            for format in FORMATS {
                let args = ["validate", "-v", "--max-attempts", "1", "-o", format];
                assert_hidden(&dci_at(&server.url, &args).env("DCI_LOG", "trace").finish_lossy());
            }
        }
        let location =
            [b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: /?token=", &echo[..], b"\r\n\r\n"].concat();
        assert_hidden(&dci_at(&ScriptedServer::responding(location).url, &["validate"]).finish());
    }
}
