//! Environment variables: flags take precedence, and an invalid value matters only if it is used.

use crate::support::person::{Person, decided, visit};
use crate::support::program::{Finished, dci, dci_on};
use crate::support::sandbox::sandbox;

/// An invalid value of each variable, with the exit code of a call.
const BAD: [(&str, &str, i32); 6] = [
    ("DCI_OUTPUT", "bogus", 2),
    ("DCI_API_BASE_URL", "not a URL", 2),
    ("DCI_TENANT_ID", "a b", 2),
    ("DCI_LOG", "dci=loud", 2),
    ("DCI_API_KEY", "a b", 10),
    ("HTTPS_PROXY", "::::", 2),
];

fn with_all_bad(args: &[&str]) -> Finished {
    BAD.iter().fold(dci(args), |run, (name, value, _)| run.env(name, value)).finish()
}

#[test]
fn an_invalid_variable_is_named_if_used() {
    for (name, value, code) in BAD {
        let run = dci(&["validate"]).env("DCI_API_KEY", "key").env("DCI_API_BASE_URL", "https://127.0.0.1:1");
        let finished = run.env(name, value).finish();
        let error = finished.error();
        assert_eq!(finished.code, code, "{name}: {finished}");
        assert!(error["message"].to_string().contains(name) || error["hint"].to_string().contains(name), "{error}");
        assert!(!finished.stderr.contains("--"), "the message names a flag: {error}");
    }
}

#[test]
fn an_invalid_variable_is_ignored_if_unused() {
    for args in [
        &["--version"][..],
        &["-h"],
        &["--help"],
        &["list-users", "-h"],
        &["help", "validate"],
        &["completion", "bash"],
        &["schema", "Role", "-o", "json"],
        &["schema", "-o", "csv", "-q"],
    ] {
        let finished = with_all_bad(args);
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn a_flag_takes_precedence_over_a_variable() {
    let sandbox = sandbox();
    let cases: [(&str, &str, &[&str]); 9] = [
        ("DCI_OUTPUT", "JSON!", &["validate", "-o", "csv"]),
        ("DCI_OUTPUT", "yaml", &["validate", "--output=csv"]),
        ("DCI_API_BASE_URL", "ftp://x", &["validate", "-o", "csv", "--api-base-url", sandbox.url()]),
        ("DCI_API_BASE_URL", "ftp://x", &["validate", "-o", "csv", "--sandbox"]),
        ("DCI_TENANT_ID", "a b", &["validate", "-o", "csv", "--tenant", "customer-example"]),
        ("DCI_TENANT_ID", "a b", &["validate", "-o", "csv", "--sandbox"]),
        ("DCI_CUSTOMER_CONTEXT", "nobody", &["validate", "-o", "csv", "-D", "customer-example"]),
        ("DCI_LOG", "dci=loud", &["validate", "-o", "csv", "-q"]),
        ("DCI_API_KEY", "a b", &["validate", "-o", "csv", "--sandbox"]),
    ];
    for (name, value, args) in cases {
        let finished = dci_on(&sandbox, args).env(name, value).finish();
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{name}: {finished}");
        assert!(finished.stdout.starts_with("domain,email"), "{finished}");
    }
    let quiet = dci_on(&sandbox, &["validate", "-q"]).env("DCI_LOG", "trace").finish();
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    let verbose = dci_on(&sandbox, &["validate", "-v"]).env("DCI_LOG", "dci=loud").finish();
    assert!(verbose.code == 0 && verbose.stderr.contains("GET /auth/v1/validate"), "{verbose}");
}

#[test]
fn variables_ignore_case_and_surrounding_spaces() {
    let sandbox = sandbox();
    for value in ["JSON", " json ", "Json\n", "\tjSoN"] {
        let finished = dci_on(&sandbox, &["validate"]).env("DCI_OUTPUT", value).finish();
        assert_eq!(finished.json()["email"], "admin@example.com", "{value:?}");
        let error = dci(&["resnd-invite"]).env("DCI_OUTPUT", value).finish();
        assert_eq!(error.error()["code"], "USAGE_ERROR", "{value:?}");
    }
    let csv = dci_on(&sandbox, &["validate"]).env("DCI_OUTPUT", "CSV").finish();
    assert!(csv.stdout.starts_with("domain,email"), "{csv}");
    let table = dci(&["resnd-invite"]).env("DCI_OUTPUT", "Table ").finish();
    assert!(table.code == 2 && table.stderr.starts_with("error:"), "{table}");

    let url = format!(" {}\n", sandbox.url());
    let spaced = [
        ("DCI_API_BASE_URL", url.as_str()),
        ("DCI_API_KEY", " sandbox\n"),
        ("DCI_TENANT_ID", " customer-example "),
        ("DCI_CUSTOMER_CONTEXT", "\tcustomer-example"),
    ];
    let run = spaced.iter().fold(dci(&["validate"]), |run, (name, value)| run.env(name, value));
    let finished = run.finish();
    assert_eq!(finished.code, 0, "{finished}");
    let logged = dci_on(&sandbox, &["validate"]).env("DCI_LOG", " dci=DEBUG\n").finish();
    assert!(logged.stderr.contains("GET"), "{logged}");
}

#[test]
fn a_blank_variable_counts_as_not_set() {
    let sandbox = sandbox();
    for name in ["DCI_OUTPUT", "DCI_TENANT_ID", "DCI_CUSTOMER_CONTEXT", "DCI_LOG"] {
        for value in ["", " ", "\n"] {
            let finished = dci_on(&sandbox, &["validate"]).env(name, value).finish();
            assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{name}={value:?}");
        }
    }
    let status = dci(&["status"]).env("DCI_API_BASE_URL", " ").finish();
    assert_eq!(status.json()["apiBaseUrl"], "https://api.doit.com");
}

/// The message names the variable, not the flag of the same setting.
#[test]
#[cfg(unix)]
fn a_variable_that_is_not_unicode_is_named_if_used() {
    let sandbox = sandbox();
    let bad = b"\xff\xfe";
    for name in ["DCI_OUTPUT", "DCI_API_BASE_URL", "DCI_TENANT_ID", "DCI_CUSTOMER_CONTEXT", "DCI_LOG", "DCI_API_KEY"] {
        let finished = dci_on(&sandbox, &["validate"]).env_of_bytes(name, bad).finish();
        assert_eq!(finished.code, if name == "DCI_API_KEY" { 10 } else { 2 }, "{name}: {finished}");
        assert!(finished.error()["message"].to_string().contains(name), "{finished}");
        let unused = dci(&["completion", "zsh"]).env_of_bytes(name, bad).finish();
        assert_eq!((unused.code, unused.stderr.as_str()), (0, ""), "{name}");
    }
}

#[test]
fn login_ignores_an_invalid_api_key() {
    let person = Person::new("bad-key");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_API_KEY", "a b").start();
    visit(&decided(&Person::address(&mut login), "admin@example.com"));
    assert_eq!(login.finish().code, 0);
    let again = person.dci(&["login"]).env("DCI_API_KEY", "a b").finish();
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(again.json()["email"], "admin@example.com");
    assert_eq!(person.dci(&["logout"]).env("DCI_API_KEY", "a b").env("DCI_TENANT_ID", "a b").finish().code, 0);
}
