//! Panics of the program itself. `RUST_MIN_STACK` with an impossible size makes one when a thread starts.
#![cfg(target_os = "linux")]

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::program::API_KEY;
use crate::support::scripted_server::{ScriptedServer, response};

/// A thread resolves the host name.
const LOCALHOST: &str = "http://localhost:1";

fn without_threads(base_url: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dci"));
    command.args(args).args(["--api-base-url", base_url]).env_clear().env("DCI_API_KEY", API_KEY);
    command.env("RUST_MIN_STACK", "1000000000000000").env("RUST_BACKTRACE", "full").stdin(Stdio::null());
    command.output().expect("it starts")
}

fn stderr(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert!(!text.contains(API_KEY) && !text.contains("panicked") && !text.contains("backtrace"), "{text}");
    text
}

#[test]
fn a_panic_is_one_error_and_exit_code_1() {
    let output = without_threads(LOCALHOST, &["validate", "-o", "table"]);
    let text = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{text}");
    assert!(text.starts_with("error: internal error in dci: ") && text.contains("hint:  This is a bug"), "{text}");
    assert_eq!(text.matches("error:").count(), 1, "{text}");

    for format in ["json", "yaml", "csv"] {
        let output = without_threads(LOCALHOST, &["validate", "-o", format]);
        let text = stderr(&output);
        let object: Value = serde_json::from_str(&text).expect("one JSON object");
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert_eq!(object["error"]["code"], "CLI_ERROR");
        assert!(object["error"]["message"].to_string().contains("internal error in dci: "), "{text}");
    }
}

#[test]
fn a_panic_during_a_run_names_the_run() {
    let users = r#"{"rowCount":1,"users":[{"id":"a","email":"a@example.com","status":"invited"}]}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", users));
    // A thread writes the rows.
    let output = without_threads(&server.url, &["resend-invite", "--all-invited", "--yes", "-o", "json"]);
    let text = stderr(&output);
    let object: Value = serde_json::from_str(&text).expect("one JSON object");
    let hint = object["error"]["hint"].as_str().expect("a hint");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (_, id) = hint.split_once("The run ").expect("the run");
    let id = id.split(' ').next().expect("an id");
    assert!(hint.contains(&format!("--resume {id}")), "{hint}");
    assert_eq!(server.requests().len(), 1, "only the list was read");
}

#[test]
fn a_panic_in_a_reader_thread_is_not_an_interruption() {
    let output = without_threads(LOCALHOST, &["delete-user", "-", "--yes", "-o", "json"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.matches("\"error\"").count(), 1, "{text}");
}
