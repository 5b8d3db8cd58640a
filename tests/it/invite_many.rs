//! Inviting several people at once: who is there already is skipped, so the same command resumes a run.

use dci::sandbox::Fault;
use serde_json::Value;

use crate::support::program::{Finished, assert_masked_snapshot, dci, dci_at, dci_on, user};
use crate::support::sandbox::{emails, sandbox};
use crate::support::scripted_server::{ScriptedServer, response};

/// The target and the outcome of each row.
fn outcomes(finished: &Finished) -> Vec<(String, String)> {
    let text = |row: &Value, property: &str| row[property].as_str().expect("a text").to_owned();
    let rows = finished.json();
    let rows = rows.as_array().unwrap_or_else(|| panic!("no rows: {finished}"));
    rows.iter().map(|row| (text(row, "target"), text(row, "outcome"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(target, outcome)| ((*target).to_owned(), (*outcome).to_owned())).collect()
}

/// A list of new addresses.
fn addresses(count: usize) -> String {
    (0..count).map(|number| format!("a{number}@example.com")).collect::<Vec<_>>().join("\n")
}

const SOME_ARE_THERE: [&str; 5] =
    ["new@example.com", "Pending@example.com", "active@example.com", "cancelled@example.com", "expired@example.com"];

#[test]
fn users_who_are_there_are_skipped_with_their_status() {
    for format in ["table", "json", "csv"] {
        let sandbox = sandbox();
        let finished = dci_on(&sandbox, &[&["invite-user", "-o", format], &SOME_ARE_THERE[..]].concat()).finish();
        assert_masked_snapshot!(format!("invite_many_{format}"), finished);
        assert_eq!(sandbox.outbox().len(), 1);
    }
}

#[test]
fn resend_reaches_those_who_wait_but_not_the_cancelled() {
    let sandbox = sandbox();
    let finished = dci_on(&sandbox, &[&["invite-user", "--resend"], &SOME_ARE_THERE[..]].concat()).finish();
    let expected = ["invited", "resent", "skipped", "skipped", "resent"];
    assert_eq!(outcomes(&finished), pairs(&std::array::from_fn::<_, 5, _>(|row| (SOME_ARE_THERE[row], expected[row]))));
    let sent = sandbox.outbox();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|email| email.to == "new@example.com" || email.idempotency_key.is_some()));
}

#[test]
fn a_dry_run_shows_each_step_and_changes_nothing() {
    for (format, flags) in [("table", &["--resend"][..]), ("json", &["--resend"]), ("csv", &[])] {
        let sandbox = sandbox();
        let before = dci_on(&sandbox, &["list-users"]).finish().stdout;
        let args = [&["invite-user", "--dry-run", "-o", format], &SOME_ARE_THERE[..], flags].concat();
        let finished = dci_on(&sandbox, &args).finish();
        assert_masked_snapshot!(format!("invite_many_dry_run_{format}"), finished);
        assert!(sandbox.outbox().is_empty());
        assert_eq!(dci_on(&sandbox, &["list-users"]).finish().stdout, before);
    }
    let off = dci_on(&sandbox(), &["invite-user", "a@example.com", "--dry-run=false"]).finish();
    assert_eq!(off.json()["message"], "User invited");
}

#[test]
fn flags_hold_for_all_addresses() {
    let sandbox = sandbox();
    let args = ["invite-user", "a@example.com", "b@example.com", "--role", "INVITE desk", "--organization", "org-emea"];
    let finished = dci_on(&sandbox, &[&args[..], &["--job-title", "Founder"]].concat()).finish();
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!(sandbox.requests(), 5, "roles, organizations and users are looked up once");
    for email in ["a@example.com", "b@example.com"] {
        let user = user(&sandbox, email);
        assert_eq!(
            (&user["roleId"], &user["organizationId"], &user["jobTitle"]),
            (&"role-invites".into(), &"org-emea".into(), &"Founder".into())
        );
    }
}

#[test]
fn a_list_on_stdin_is_invited_in_place() {
    let sandbox = sandbox();
    let list = "\u{feff}b@example.com\r\n\r\n \tC@example.com \r\nB@EXAMPLE.COM\r\nc@example.com";
    let finished = dci_on(&sandbox, &["invite-user", "a@example.com", "-", "d@example.com"]).stdin(list).finish();
    let invited = ["a@example.com", "b@example.com", "C@example.com", "d@example.com"];
    assert_eq!(outcomes(&finished), pairs(&invited.map(|email| (email, "invited"))), "a repeated address counts once");
    assert_eq!(sandbox.outbox().len(), 4);
    let empty = dci_on(&sandbox, &["invite-user", "-"]).stdin("\n").finish();
    assert_eq!((empty.code, empty.stdout.as_str()), (0, "[]\n"));
}

#[test]
fn all_invalid_lines_of_a_list_are_reported_together() {
    let sandbox = sandbox();
    for format in ["table", "json"] {
        let list = "a@example.com\n=1+1\n\nb@example.com\nAda <ada@example.com>\n\u{1b}[31m\n";
        let finished = dci_on(&sandbox, &["invite-user", "-", "-o", format]).stdin(list).finish();
        assert_masked_snapshot!(format!("invite_many_bad_list_{format}"), finished);
    }
    for (list, expected) in [
        (&b"a@example.com\n\xff"[..], "line 2 of stdin is not UTF-8"),
        (b"a\0@\0", "line 1 of stdin shows that this is UTF-16"),
    ] {
        let finished = dci_on(&sandbox, &["invite-user", "-"]).stdin(list).finish();
        assert!(finished.code == 2 && finished.error()["message"].to_string().contains(expected), "{finished}");
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn rows_need_several_addresses_a_list_or_a_flag() {
    let sandbox = sandbox();
    let one = dci_on(&sandbox, &["invite-user", "a@example.com"]).finish().json();
    assert_eq!((&one["message"], &one["user"]["email"]), (&"User invited".into(), &"a@example.com".into()));
    let known = dci_on(&sandbox, &["invite-user", "a@example.com"]).finish();
    assert_eq!(known.code, 30, "{known}");
    for args in [&["-"][..], &["a@example.com", "--resend"], &["a@example.com", "--dry-run"], &["--from", "-"]] {
        let stdin = if args.contains(&"--from") { "email\na@example.com\n" } else { "a@example.com\n" };
        let finished = dci_on(&sandbox, &[&["invite-user"], args].concat()).stdin(stdin).finish();
        assert!(finished.code == 0 && finished.json().as_array().is_some_and(|rows| rows.len() == 1), "{finished}");
    }
    for args in [&["invite-user"][..], &["invite-user", "a@example.com", "--from", "f"]] {
        assert_eq!(dci(args).finish().code, 2);
    }
    let columns = dci_on(&sandbox, &["invite-user", "a@x.org", "b@x.org", "-o", "csv", "--columns", "user"]).finish();
    assert!(columns.code == 2 && user(&sandbox, "a@x.org").is_null(), "{columns}");
}

#[test]
fn the_end_of_an_invite_is_shown_if_the_server_sends_it() {
    let message = |user: &str| {
        let body = format!(r#"{{"users":[{{"id":"u","email":"A@example.com",{user}}}]}}"#);
        let server = ScriptedServer::responding(response("200 OK", "application/json", &body));
        let finished = dci_at(&server.url, &["invite-user", "--dry-run", "a@example.com"]).finish();
        assert_eq!(server.requests().len(), 1);
        finished.json()[0]["message"].as_str().expect("a message").to_owned()
    };
    for (user, expected) in [
        (r#""status":"active""#, "already active"),
        (r#""status":"suspended""#, "already suspended"),
        (r#""phone":null"#, "already a user"),
        (r#""status":"invited""#, "already invited"),
        (r#""status":"invited","inviteStatus":"Delivered""#, "already invited (delivered)"),
        (
            r#""status":"invited","inviteStatus":"Pending","inviteExpiresAt":"2026-11-27T18:03:00Z""#,
            "already invited (pending, until Fri 27 Nov 2026, 18:03 UTC)",
        ),
        (r#""status":"invited","expires":"soon","expiry":null"#, "already invited"),
    ] {
        assert_eq!(message(user), expected);
    }
}

#[test]
fn a_rejected_credential_ends_the_run() {
    for (key, code) in [("wrong", 10), ("sandbox-viewer", 11)] {
        let sandbox = sandbox();
        let list = addresses(100);
        let finished = dci_on(&sandbox, &["invite-user", "-"]).env("DCI_API_KEY", key).stdin(list).finish();
        assert_eq!(finished.code, code, "{finished}");
        assert!(sandbox.requests() < 20 && sandbox.outbox().is_empty(), "{} requests", sandbox.requests());
    }
}

#[test]
fn one_rejected_invite_does_not_end_the_run() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(400).on("inviteUser"));
    let args = ["invite-user", "a@example.com", "b@example.com", "--concurrency", "1"];
    let finished = dci_on(&sandbox, &args).finish();
    assert_eq!(outcomes(&finished), pairs(&[("a@example.com", "failed"), ("b@example.com", "invited")]));
    assert_eq!(finished.code, 30);
    assert!(!finished.error()["hint"].to_string().contains("To resume"), "{finished}");
}

#[test]
fn a_row_says_that_an_invite_was_confirmed_by_looking() {
    let sandbox = sandbox();
    sandbox.inject(Fault::drop_after().on("inviteUser"));
    let rows =
        dci_on(&sandbox, &["invite-user", "a@example.com", "b@example.com", "--concurrency", "1"]).finish().json();
    assert_eq!((&rows[0]["outcome"], &rows[1]["outcome"]), (&"invited".into(), &"invited".into()));
    assert_eq!(
        rows[0]["message"],
        "User invited. The server did not confirm this, but the list of users has the invite."
    );
    assert!(rows[0]["inviteId"].is_string() && rows[1]["message"] == "User invited", "{rows}");
    assert_eq!(sandbox.outbox().len(), 2);
}

#[test]
fn a_failed_run_says_that_the_same_command_resumes_it() {
    for (args, expected) in [
        (&["a@example.com", "b@example.com"][..], "To resume, run the same command again: users who are there"),
        (&["-"], "To resume, run the same command again with the same input: users who are there"),
        (&["--from", "-"], "To resume, run the same command again with the same input: users who are there"),
        (&["-", "--resend"], "To resume, run the same command with the same input without --resend: users"),
    ] {
        let sandbox = sandbox();
        sandbox.inject(Fault::status(429).on("inviteUser"));
        let stdin = if args.contains(&"--from") {
            "email\na@example.com\nb@example.com"
        } else {
            "a@example.com\nb@example.com"
        };
        let args = [&["invite-user", "--max-attempts", "1"], args].concat();
        let failed = dci_on(&sandbox, &args).stdin(stdin).finish();
        assert_eq!((failed.code, sandbox.outbox().len()), (50, 1), "{failed}");
        let error = failed.error();
        assert!(error["hint"].to_string().contains(expected) && error["retryable"] == true, "{error}");
        assert_eq!(dci_on(&sandbox, &args).stdin(stdin).finish().code, 0);
        let sent = emails(&sandbox);
        assert!(sent.len() == 2 || args.contains(&"--resend"), "{sent:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_resumed_by_the_same_command() {
    use std::time::Duration;

    let sandbox = sandbox();
    let list = addresses(40);
    sandbox.inject(Fault::latency(Duration::ZERO).on("inviteUser").times(10));
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).on("inviteUser").times(8));
    let mut running = dci_on(&sandbox, &["invite-user", "-", "-o", "json"]).stdin(list.clone()).start();
    while sandbox.requests() < 19 {
        std::thread::yield_now();
    }
    running.interrupt_until_it_ends();
    let finished = running.finish();
    assert_eq!((finished.code, outcomes(&finished).len()), (130, 40), "{finished}");
    assert!(finished.error()["hint"].to_string().contains("run the same command again with the same input"));
    let resumed = dci_on(&sandbox, &["invite-user", "-", "-o", "json"]).stdin(list).finish();
    let skipped = outcomes(&resumed).iter().filter(|(_, outcome)| outcome == "skipped").count();
    assert!(resumed.code == 0 && skipped >= 10, "{resumed}");
    assert_eq!((sandbox.outbox().len(), emails(&sandbox).len()), (40, 40), "one email each");
}

#[test]
fn a_run_id_is_refused_with_how_to_resume() {
    for args in [&["--resume", "0199f3c2-8d5b-7c3e-9a41-5d0c6a2b7e10"][..], &["--resume"]] {
        let finished = dci(&[&["invite-user", "a@example.com"][..], args].concat()).finish();
        assert_eq!(finished.code, 2, "{finished}");
        let message = finished.error()["message"].to_string();
        assert!(message.contains("run the same command again") && !message.contains("--resend"), "{finished}");
    }
}
