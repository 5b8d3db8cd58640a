//! The customer that `dci login --tenant` keeps with the sign-in.
#![cfg(unix)]

use serde_json::Value;

use crate::support::person::{Person, decided, visit};
use crate::support::program::{Finished, dci_on};

const PARTNER: &str = "partner@example.net";
const LOGIN: [&str; 4] = ["login", "--no-browser", "--port", "0"];

/// Signs in at the browser.
fn login(person: &Person, account: &str, args: &[&str]) -> Finished {
    let mut login = person.dci(&[&LOGIN[..], args].concat()).start();
    visit(&decided(&Person::address(&mut login), account));
    login.finish()
}

fn partner(test: &str, args: &[&str]) -> Person {
    let person = Person::new(test);
    let finished = login(&person, PARTNER, args);
    assert_eq!(finished.code, 0, "{finished}");
    person
}

/// The customer, where it comes from, and the domain that the API reports.
fn customer(person: &Person, args: &[&str]) -> [Value; 3] {
    let status = person.dci(&[&["status", "--check", "-o", "json"], args].concat()).finish().json();
    [status["tenant"].clone(), status["tenantSource"].clone(), status["check"]["domain"].clone()]
}

const FLAG: &str = "dci login --tenant";

#[test]
fn commands_use_the_customer_kept_at_login() {
    let person = partner("kept", &["--tenant", "customer-other"]);
    assert_eq!(customer(&person, &[]), ["customer-other", FLAG, "example.org"]);
    assert_eq!(person.dci(&["list-users"]).finish().code, 0);
    let table = person.dci(&["status", "-o", "table"]).finish();
    assert!(table.stdout.contains("customer    customer-other, from dci login --tenant\n"), "{table}");
    assert_eq!(person.entry()["tenant"], "customer-other");
}

#[test]
fn flag_and_variable_take_precedence_over_the_kept_customer() {
    let person = partner("precedence", &["--tenant", "customer-other"]);
    assert_eq!(customer(&person, &["--tenant", "customer-example"]), ["customer-example", "--tenant", "example.com"]);
    let status = person.dci(&["status", "-o", "json"]).env("DCI_TENANT_ID", "customer-example").finish().json();
    assert_eq!([&status["tenant"], &status["tenantSource"]], ["customer-example", "DCI_TENANT_ID"]);
    assert_eq!(status["signIn"]["tenant"], "customer-other");
}

#[test]
fn the_kept_customer_is_not_used_with_another_credential() {
    let person = partner("other-key", &["--tenant", "customer-other"]);
    let validated = |args: &[&str]| person.dci(args).env("DCI_API_KEY", "sandbox").finish();
    assert_eq!(validated(&["validate"]).json()["domain"], "example.com");
    assert_eq!(validated(&["status"]).json()["tenant"], Value::Null);
    assert_eq!(person.dci(&["--sandbox", "status"]).finish().json()["tenant"], Value::Null);
}

#[test]
fn a_user_who_is_signed_in_keeps_another_customer_without_a_browser() {
    let person = partner("later", &[]);
    let first = person.tokens();
    let kept = person.dci(&["login", "--tenant", "customer-example", "-o", "table"]).finish();
    assert!(kept.code == 0 && kept.stdout.contains("Commands use the customer customer-example"), "{kept}");
    assert_eq!(customer(&person, &[]), ["customer-example", FLAG, "example.com"]);
    assert_eq!(person.dci(&["login", "--tenant", "customer-other"]).finish().json()["tenant"], "customer-other");
    assert_eq!(person.dci(&["login"]).finish().json()["tenant"], "customer-other", "login alone changes nothing");
    assert_eq!((person.tokens(), &person.entry()["email"]), (first, &PARTNER.into()));
}

#[test]
fn a_customer_without_access_is_not_kept() {
    let person = partner("no-access", &["--tenant", "customer-other"]);
    let refused = person.dci(&["login", "--tenant", "nobody"]).finish();
    assert!(refused.code == 30 && !refused.stderr.contains("--force"), "{refused}");
    let invalid = person.dci(&["login", "--tenant", "a b"]).finish();
    assert_eq!(invalid.code, 2, "{invalid}");
    assert_eq!(customer(&person, &[])[0], "customer-other");

    let new = Person::new("no-access-new");
    let refused = login(&new, PARTNER, &["--tenant", "nobody"]);
    assert!(refused.code == 30 && !new.file().exists(), "{refused}");
}

#[test]
fn no_tenant_forgets_the_customer() {
    let person = partner("forget", &["--tenant", "customer-other"]);
    // Even one that the user has lost access to.
    person.set("tenant", "nobody");
    assert_eq!(person.dci(&["list-users"]).finish().code, 30);
    let both = person.dci(&["login", "--no-tenant", "--tenant", "x"]).finish();
    assert_eq!(both.code, 2, "{both}");
    assert_eq!(person.dci(&["login", "--no-tenant"]).finish().json()["tenant"], Value::Null);
    assert_eq!(customer(&person, &[])[..2], [Value::Null, Value::Null]);
}

#[test]
fn the_same_user_keeps_the_customer_at_the_next_sign_in() {
    let person = partner("again", &["--tenant", "customer-other"]);
    assert_eq!(login(&person, PARTNER, &["--force"]).json()["tenant"], "customer-other");
    assert_eq!(customer(&person, &[])[0], "customer-other");
    let other = login(&person, "admin@example.com", &["--force"]);
    assert_eq!(other.json()["tenant"], Value::Null, "another user starts without one: {other}");
    assert_eq!(login(&person, PARTNER, &["--force", "-o", "json"]).json()["tenant"], Value::Null);
}

#[test]
fn a_renewal_keeps_the_customer() {
    let person = partner("renewed", &["--tenant", "customer-other"]);
    let first = person.tokens();
    person.sandbox.advance(std::time::Duration::from_secs(301));
    assert_eq!(customer(&person, &[])[2], "example.org");
    assert_ne!(person.tokens(), first);
    assert_eq!(person.entry()["tenant"], "customer-other");
}

#[test]
fn a_file_of_an_earlier_version_is_read() {
    let person = Person::signed_in("old-file");
    let text = std::fs::read_to_string(person.file()).expect("a file");
    let old: Vec<&str> = text.lines().filter(|line| !line.contains("\"tenant\"")).collect();
    assert!(old.len() < text.lines().count(), "{text}");
    std::fs::write(person.file(), old.join("\n")).expect("it is ours");
    assert_eq!(person.dci(&["list-users"]).finish().code, 0);
    assert_eq!(person.dci(&["status"]).finish().json()["tenant"], Value::Null);
}

#[test]
fn a_kept_customer_that_is_not_a_header_is_refused() {
    let person = partner("not-a-header", &["--tenant", "customer-other"]);
    person.set("tenant", "a\nb");
    for args in [&["list-users"][..], &["status"]] {
        let finished = person.dci(args).finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert_eq!(finished.error()["hint"], "Fix dci login --tenant.", "{finished}");
    }
    assert_eq!(person.dci(&["login", "--no-tenant"]).finish().code, 0);
    assert_eq!(customer(&person, &[])[0], Value::Null);
}

#[test]
fn an_error_names_the_three_ways_to_choose_a_customer() {
    let person = partner("three-ways", &[]);
    let key = dci_on(&person.sandbox, &["list-users"]).env("DCI_API_KEY", "sandbox-partner").finish();
    for finished in [person.dci(&["list-users"]).finish(), key] {
        let hint = finished.error()["hint"].to_string();
        for way in ["with --tenant", "DCI_TENANT_ID", "dci login --tenant ID"] {
            assert!(finished.code == 30 && hint.contains(way), "{way}: {finished}");
        }
    }
}
