//! The requests and the output of each command. `resend-invite` has its own tests.

use std::net::TcpListener;

use dci::sandbox::{Fault, Sandbox};
use serde_json::Value;

use crate::support::program::{Finished, assert_masked_snapshot, dci, dci_at, dci_on};
use crate::support::sandbox::sandbox;
use crate::support::scripted_server::{ScriptedServer, response};
use crate::support::spec::commands;

/// Runs a command on a new sandbox, once with a table and once with JSON, and compares it with snapshots.
fn check_on(name: &str, args: &[&str], prepare: impl Fn(&Sandbox)) {
    for format in ["table", "json"] {
        let sandbox = sandbox();
        prepare(&sandbox);
        let finished = dci_on(&sandbox, &[args, &["--output", format]].concat()).finish();
        assert_masked_snapshot!(format!("command_{name}_{format}"), finished);
    }
}

fn check(name: &str, args: &[&str]) {
    check_on(name, args, |_| {});
}

#[test]
fn users_are_listed() {
    check("list_users", &["list-users"]);
    check("list_users_status", &["list-users", "--status", "active"]);
    check("list_users_email", &["list-users", "--email", "EXPIRED@example.com"]);
    check("list_users_none", &["list-users", "--email", "nobody@example.com"]);
}

#[test]
fn users_are_listed_with_role_ids_if_roles_fail() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(403).on("listRoles"));
    let finished = dci_on(&sandbox, &["list-users", "-o", "table"]).finish();
    assert!(finished.code == 0 && finished.stdout.contains("role-standard"), "{finished}");
}

#[test]
fn a_list_keeps_unknown_properties() {
    let body = r#"{"users":[{"id":"a","status":"invited","shoeSize":44}],"rowCount":1,"next":null}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", body));
    let all = dci_at(&server.url, &["list-users"]).finish().json();
    assert_eq!(all, serde_json::from_str::<serde_json::Value>(body).expect("JSON"));
    let some = dci_at(&server.url, &["list-users", "--status", "active"]).finish().json();
    assert_eq!(some, serde_json::json!({ "users": [], "rowCount": 0, "next": null }));
}

#[test]
fn roles_organizations_and_the_credential_are_shown() {
    check("list_roles", &["list-roles"]);
    check("list_organizations", &["list-organizations"]);
    check("validate", &["validate"]);
}

#[test]
fn a_user_is_invited() {
    check("invite_user", &["invite-user", "new@example.com"]);
    check("invite_user_known", &["invite-user", "pending@example.com"]);
}

#[test]
fn an_invited_user_has_the_given_properties() {
    let sandbox = sandbox();
    let args = ["--first-name", "Ada", "--last-name", "Lovelace", "--job-title", "Founder", "--role", "INVITE desk"];
    let args = [&["invite-user", "ada@example.com", "--organization", "org-emea"], &args[..]].concat();
    let user = dci_on(&sandbox, &args).finish().json()["user"].take();
    for (property, value) in [
        ("displayName", "Ada Lovelace"),
        ("jobTitle", "Founder"),
        ("roleId", "role-invites"),
        ("organizationId", "org-emea"),
        ("status", "invited"),
    ] {
        assert_eq!(user[property], value, "{user}");
    }
    assert_eq!(sandbox.outbox().len(), 1);
}

#[test]
fn invalid_values_are_refused_before_a_request() {
    check("bad_email", &["invite-user", "nonsense"]);
    check("bad_job_title", &["invite-user", "a@example.com", "--job-title", "Wizard"]);
    check("bad_role", &["invite-user", "a@example.com", "--role", "Boss"]);
    check("bad_organization", &["update-user", "user-active", "--role", "Boss"]);
    check("bad_phone", &["update-user", "user-active", "--phone", "12"]);
    check("bad_phone_extension", &["update-user", "user-active", "--phone-extension", "123"]);
    check("bad_language", &["update-user", "user-active", "--language", "tlh"]);
    check("no_change", &["update-user", "user-active"]);
    check("bad_status", &["list-users", "--status", "gone"]);
    check("bad_concurrency", &["delete-user", "a", "b", "--yes", "--concurrency", "65"]);
}

#[test]
fn a_change_whose_response_was_lost_ends_as_a_success() {
    for (name, operation, args) in [
        ("invite_user_in_doubt", "inviteUser", &["invite-user", "new@example.com"][..]),
        ("update_user_in_doubt", "updateUser", &["update-user", "user-active", "--first-name", "Ada"]),
    ] {
        check_on(name, args, |sandbox| sandbox.inject(Fault::drop_after().on(operation)));
    }
}

#[test]
fn a_delete_whose_response_was_lost_ends_as_a_success() {
    let args = ["delete-user", "user-active", "--yes"];
    check_on("delete_user_in_doubt", &args, |sandbox| sandbox.inject(Fault::drop_after().on("deleteUser")));
}

#[test]
fn an_invite_is_cancelled() {
    check("cancel_invite", &["cancel-invite", "pending@example.com", "--yes"]);
    check("cancel_invite_dry_run", &["cancel-invite", "invite-pending", "--dry-run"]);
    check("cancel_invite_again", &["cancel-invite", "invite-cancelled", "--yes"]);
    check("cancel_invite_unknown", &["cancel-invite", "nobody", "--yes"]);
    check("cancel_invite_unasked", &["cancel-invite", "invite-pending"]);
}

#[test]
fn a_user_is_updated() {
    check("update_user", &["update-user", "active@example.com", "--first-name", "Ada", "--phone", "+4930"]);
    check("update_user_unknown", &["update-user", "nobody", "--first-name", "Ada"]);
    check("update_user_unknown_email", &["update-user", "nobody@example.com", "--first-name", "Ada"]);
}

#[test]
fn a_user_is_deleted() {
    check("delete_user", &["delete-user", "active@example.com", "--yes"]);
    check("delete_user_unasked", &["delete-user", "user-active"]);
    check("delete_users", &["delete-user", "user-active", "invite-pending", "nobody", "--yes"]);
}

/// The requests of a command to a server that always sends this response.
fn requests(body: &str, args: &[&str]) -> String {
    let server = ScriptedServer::responding(response("200 OK", "application/json", body));
    let finished: Finished = dci_at(&server.url, args).finish();
    // `invite-user` expects 201.
    assert_eq!(finished.code == 0, args[0] != "invite-user", "{finished}");
    server.requests().join("\n---\n")
}

#[test]
fn requests_contain_only_what_was_given() {
    let user = r#"{"users":[{"id":"id-1","email":"a+b@example.com","status":"invited"}],"rowCount":1}"#;
    let resent = r#"{"message":"done","inviteId":"id-1"}"#;
    for (name, body, args) in [
        ("list_users", user, &["list-users", "--email", "a+b@example.com"][..]),
        ("invite_user", "{}", &["invite-user", "a+b@example.com", "--first-name", "Ada", "--job-title", "Founder"]),
        ("update_user", "{}", &["update-user", "id 1", "--language", "ja", "--phone-extension", "12345678"]),
        ("cancel_invite", resent, &["cancel-invite", "id 1", "--yes"]),
        ("cancel_invite_dry_run", resent, &["cancel-invite", "id 1", "--dry-run"]),
        ("delete_user", "{}", &["delete-user", "id 1", "--yes"]),
        ("list_roles", "{}", &["list-roles"]),
        ("list_organizations", "{}", &["list-organizations"]),
        ("validate", "{}", &["validate"]),
    ] {
        assert_masked_snapshot!(format!("command_wire_{name}"), requests(body, args));
    }
}

#[test]
fn status_shows_problems_without_failing() {
    let sandbox = sandbox();
    // A port without a listener.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its address");
    let (here, nowhere) = (sandbox.url().to_owned(), format!("http://{closed}"));
    for (url, key, code, accepted, line) in [
        (&here, "wrong", 10, Value::from(false), "rejected"),
        (&here, "", 10, Value::Null, "failed"),
        (&here, "sandbox-partner", 30, Value::from(true), "accepted, but it has access to several customers"),
        (&nowhere, "sandbox", 41, Value::Null, "failed"),
    ] {
        let status = |args| dci_on(&sandbox, args).env("DCI_API_BASE_URL", url).env("DCI_API_KEY", key).finish();
        let finished = status(&["status", "--check", "--max-attempts", "1", "-o", "table"]);
        assert_eq!(finished.code, code, "{finished}");
        assert!(finished.stdout.starts_with("API         http://127.0.0.1:"), "{finished}");
        assert!(finished.stdout.contains(&format!("check       {line}")), "{finished}");
        let json = status(&["status", "--check", "--max-attempts", "1", "-o", "json"]);
        assert_eq!((json.code, &json.json()["check"]["accepted"]), (code, &accepted));
    }
}

#[test]
fn each_command_has_an_alias_without_dashes() {
    let help = |command: &str| dci(&[command, "-h"]).finish().stdout;
    for (operation, command) in commands() {
        assert_eq!(help(&operation.id.to_lowercase()), help(&command));
    }
}
