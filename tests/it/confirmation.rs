//! Commands that cannot be undone ask at a terminal, and require `--yes` elsewhere.

#[cfg(unix)]
use dci::sandbox::{Fault, Sandbox};

use crate::support::program::dci_on;
#[cfg(unix)]
use crate::support::program::{assert_masked_snapshot, dci_at, user};
use crate::support::sandbox::sandbox;
#[cfg(unix)]
use crate::support::sandbox::{list_of, sandbox_with};
#[cfg(unix)]
use crate::support::scripted_server::{ScriptedServer, response};

#[cfg(unix)]
fn ask(name: &str, args: &[&str], typed: &str) -> (Sandbox, i32) {
    let sandbox = sandbox();
    let mut terminal = dci_on(&sandbox, args).at_terminal();
    terminal.wait_for("[y/N] ");
    terminal.type_text(typed);
    let ended = terminal.end();
    assert_masked_snapshot!(format!("confirmation_{name}"), format!("exit code: {}\n{}", ended.code, ended.screen));
    (sandbox, ended.code)
}

#[cfg(unix)]
#[test]
fn yes_confirms() {
    let (sandbox, code) = ask("yes", &["cancel-invite", "pending@example.com"], "Yes\n");
    assert_eq!(code, 0);
    assert_eq!(dci_on(&sandbox, &["cancel-invite", "invite-pending", "--yes"]).finish().code, 21);
}

#[cfg(unix)]
#[test]
fn any_other_reply_cancels() {
    for (name, typed) in [("no", "n\n"), ("enter", "\n"), ("end", "\u{4}")] {
        let (sandbox, code) = ask(name, &["delete-user", "user-active"], typed);
        assert_eq!(code, 1);
        assert_eq!(user(&sandbox, "active@example.com")["id"], "user-active", "nothing was deleted");
    }
}

#[cfg(unix)]
#[test]
fn a_question_shows_who_has_an_id() {
    let (_, code) = ask("of_id", &["cancel-invite", "invite-expired"], "n\n");
    assert_eq!(code, 1);
    let (_, code) = ask("of_unknown_id", &["delete-user", "nobody", "user-active"], "n\n");
    assert_eq!(code, 1);
}

#[cfg(unix)]
#[test]
fn a_question_without_the_list_shows_the_id() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(403).times(2));
    let mut terminal = dci_on(&sandbox, &["delete-user", "user-active"]).at_terminal();
    terminal.wait_for("[y/N] ");
    terminal.type_text("y\n");
    let ended = terminal.end();
    assert_masked_snapshot!("confirmation_without_list", format!("exit code: {}\n{}", ended.code, ended.screen));
}

#[cfg(unix)]
#[test]
fn a_question_about_many_shows_the_first_20() {
    let sandbox = sandbox_with(23);
    let ids = list_of(23);
    let args: Vec<&str> = ["cancel-invite"].into_iter().chain(ids.lines()).collect();
    let mut terminal = dci_on(&sandbox, &args).at_terminal();
    terminal.wait_for("Cancel 23 invites? [y/N] ");
    let screen = terminal.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines.len(), 22, "{screen}");
    assert!(lines[19].starts_with("  user-20@example.com  user-20  Standard User  Pending  invite-20"), "{screen}");
    assert_eq!(lines[20], "  … and 3 more");
    terminal.type_text("n\n");
    assert_eq!(terminal.end().code, 1);
}

#[cfg(unix)]
#[test]
fn a_question_escapes_what_the_server_sent() {
    let body = r#"{"users":[{"id":"x","email":"x@example.com","displayName":"\u001b[2J\nQuestion? y","roleId":"\u009b1m",
        "status":"invited","inviteStatus":"\u202eyes"}],"roles":[]}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", body));
    for target in ["x", "x@example.com"] {
        let mut terminal = dci_at(&server.url, &["delete-user", target]).at_terminal();
        terminal.wait_for("[y/N] ");
        terminal.type_text("n\n");
        let ended = terminal.end();
        let line = r"  x@example.com  \u{1b}[2J Question? y  \u{9b}1m  \u{202e}yes  x";
        assert_eq!(ended.screen.lines().next(), Some(line), "{}", ended.screen);
    }
}

#[cfg(unix)]
#[test]
fn several_targets_are_listed_with_their_ids() {
    let (sandbox, code) =
        ask("several", &["delete-user", "active@example.com", "nobody@example.com", "invite-pending"], "y\n");
    assert_eq!(code, 20);
    let left = dci_on(&sandbox, &["list-users"]).finish().json()["rowCount"].clone();
    assert_eq!(left, 2);
}

#[cfg(unix)]
#[test]
fn all_invited_lists_open_invites_and_no_cancelled_ones() {
    let (sandbox, code) = ask("all_invited", &["resend-invite", "--all-invited"], "y\n");
    assert_eq!((code, sandbox.outbox().len()), (0, 2));
}

#[cfg(unix)]
#[test]
fn a_question_says_how_many_cancelled_invites_it_reactivates() {
    let (sandbox, code) =
        ask("reactivates", &["resend-invite", "--all-invited", "--status", "cancelled,expired"], "y\n");
    assert_eq!((code, sandbox.outbox().len()), (0, 2));
    let (sandbox, code) = ask("cancels_expired", &["cancel-invite", "--all-invited", "--status", "expired"], "n\n");
    assert_eq!(code, 1);
    let rows = dci_on(&sandbox, &["list-users", "--status", "cancelled"]).finish().json()["rowCount"].clone();
    assert_eq!(rows, 1);
}

#[test]
fn without_a_terminal_yes_is_required() {
    let sandbox = sandbox();
    for args in [
        &["resend-invite", "--all-invited"][..],
        &["resend-invite", "--all-invited", "--status", "cancelled"],
        &["cancel-invite", "--all-invited"],
        &["cancel-invite", "invite-pending"],
        &["delete-user", "a"],
    ] {
        let finished = dci_on(&sandbox, args).stdin("y\n").finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert!(finished.error()["hint"].to_string().contains("--yes"));
    }
    assert!(sandbox.outbox().is_empty());
    let all = dci_on(&sandbox, &["resend-invite", "--all-invited", "--yes"]).finish();
    assert_eq!((all.code, sandbox.outbox().len()), (0, 2), "{all}");
}

#[test]
fn a_dry_run_needs_no_confirmation() {
    let sandbox = sandbox();
    for args in
        [&["resend-invite", "--all-invited", "--dry-run"][..], &["cancel-invite", "invite-pending", "--dry-run"]]
    {
        let finished = dci_on(&sandbox, args).finish();
        assert_eq!(finished.code, 0, "{finished}");
    }
    assert!(sandbox.outbox().is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupt_at_the_question_exits_with_130() {
    let sandbox = sandbox();
    let mut terminal = dci_on(&sandbox, &["delete-user", "user-active"]).at_terminal();
    terminal.wait_for("[y/N] ");
    terminal.interrupt();
    let ended = terminal.end();
    assert_eq!(ended.code, 130, "{}", ended.screen);
    assert_eq!(user(&sandbox, "active@example.com")["id"], "user-active");
}

#[cfg(unix)]
#[test]
fn an_interrupt_while_reading_the_list_sends_nothing() {
    let sandbox = sandbox();
    for args in [&["resend-invite", "-"][..], &["delete-user", "-", "--yes"]] {
        let mut terminal = dci_on(&sandbox, args).at_terminal();
        terminal.wait_for("Ctrl-D ends the list.");
        terminal.type_text("invite-pending\ninvite-expired\n");
        terminal.wait_for("invite-expired");
        terminal.interrupt();
        let ended = terminal.end();
        assert_eq!(ended.code, 130, "{}", ended.screen);
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn cancelled_invites_are_counted_in_correct_grammar() {
    let sandbox = sandbox();
    let resend = || dci_on(&sandbox, &["resend-invite", "--all-invited", "--yes", "-o", "table"]).finish().stderr;
    assert!(resend().contains("Skipped 1 cancelled invite. To select it, use --status.\n"), "{}", resend());
    let cancel = dci_on(&sandbox, &["cancel-invite", "invite-pending", "invite-expired", "--yes"]).finish();
    assert_eq!(cancel.code, 0, "{cancel}");
    assert!(resend().contains("Skipped 3 cancelled invites. To select them, use --status.\n"), "{}", resend());
}
