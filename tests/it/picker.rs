//! A command without a target lets the user choose from a list, at a terminal only.
#![cfg(unix)]

use std::time::Duration;

use dci::sandbox::{Fault, Sandbox};

use crate::support::program::{END_SIGNALS, FORMATS, Run, assert_masked_snapshot, dci_at, dci_on, user};
use crate::support::sandbox::{emails, sandbox, sandbox_with};
use crate::support::scripted_server::{ScriptedServer, response};
use crate::support::terminal::Terminal;

const DOWN: &str = "\u{1b}[B";
const ESC: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

/// The commands that take a target, with what else they require.
const COMMANDS: [&[&str]; 4] =
    [&["resend-invite"], &["cancel-invite"], &["delete-user"], &["update-user", "--language", "ja"]];

/// Runs it at a terminal until the list is drawn.
fn listed(run: Run) -> Terminal {
    let mut terminal = run.env("TERM", "xterm").env("NO_COLOR", "1").at_terminal();
    terminal.wait_for("Esc cancels]");
    terminal
}

fn ids_with_email(sandbox: &Sandbox) -> Vec<String> {
    let mut ids: Vec<String> = emails(sandbox).into_keys().collect();
    ids.sort();
    ids
}

#[test]
fn several_are_marked_with_space() {
    let sandbox = sandbox();
    let mut terminal = listed(dci_on(&sandbox, &["resend-invite"]));
    terminal.type_text(" ");
    terminal.type_text(DOWN);
    terminal.type_text(DOWN);
    terminal.type_text(" \r");
    let ended = terminal.end();
    assert_eq!((ended.code, ended.is_restored), (0, true), "{}", ended.screen);
    assert_eq!(ids_with_email(&sandbox), ["invite-cancelled", "invite-pending"]);
    assert_masked_snapshot!("picker_resent", ended.screen);
}

#[test]
fn typing_filters_by_each_value() {
    for (typed, id) in [("EXPIRED@", "invite-expired"), ("invite-p", "invite-pending"), ("7@", "invite-7")] {
        let sandbox = sandbox_with(8);
        let mut terminal = listed(dci_on(&sandbox, &["resend-invite"]));
        terminal.type_text(typed);
        terminal.type_text(" \r");
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.screen);
        assert_eq!(ids_with_email(&sandbox), [id], "{typed}");
    }
}

#[test]
fn a_list_has_only_those_that_the_command_can_act_on() {
    for command in COMMANDS {
        let sandbox = sandbox();
        let mut terminal = listed(dci_on(&sandbox, command));
        assert_masked_snapshot!(format!("picker_{}", command[0]), terminal.screen());
        terminal.type_text(ESC);
        assert_eq!(terminal.end().code, 130);
    }
}

#[test]
fn a_list_that_would_be_empty_is_an_error() {
    let server = ScriptedServer::responding(response(
        "200 OK",
        "application/json",
        r#"{"users":[{"id":"a","email":"a@example.com","status":"active"},{"email":"b@example.com","status":"invited"}]}"#,
    ));
    let ended = dci_at(&server.url, &["resend-invite"]).at_terminal().end();
    assert_eq!(ended.code, 20, "{}", ended.screen);
    assert!(ended.screen.contains("error: there are no invites to resend"), "{}", ended.screen);
}

#[test]
fn leaving_the_list_sends_nothing_and_restores_the_terminal() {
    for command in COMMANDS {
        for key in [ESC, CTRL_C] {
            let sandbox = sandbox();
            let mut terminal = listed(dci_on(&sandbox, command));
            terminal.type_text(" ");
            terminal.type_text(key);
            let ended = terminal.end();
            assert_eq!((ended.code, ended.is_restored), (130, true), "{command:?} {key:?}: {}", ended.screen);
            assert!(ended.screen.ends_with("error: interrupted; nothing was changed"), "{}", ended.screen);
            assert_eq!(sandbox.requests(), 2, "only the users and the roles were listed");
        }
    }
}

#[test]
fn a_signal_restores_the_terminal() {
    for signal in END_SIGNALS {
        for command in [COMMANDS[0], COMMANDS[3]] {
            let sandbox = sandbox();
            let terminal = listed(dci_on(&sandbox, command));
            terminal.signal(signal);
            let ended = terminal.end();
            assert_eq!((ended.code, ended.is_restored), (130, true), "{signal:?} {command:?}: {}", ended.screen);
            assert_eq!(sandbox.requests(), 2);
        }
    }
}

#[test]
fn a_closed_window_ends_the_list() {
    let sandbox = sandbox();
    assert_eq!(listed(dci_on(&sandbox, &["resend-invite"])).hang_up(), 130);
    assert_eq!(sandbox.requests(), 2);
}

#[test]
fn enter_requires_a_mark() {
    let sandbox = sandbox();
    let mut terminal = listed(dci_on(&sandbox, &["resend-invite"]));
    terminal.type_text("\r");
    terminal.wait_for("Mark at least one with space.");
    terminal.type_text(" \r");
    assert_eq!(terminal.end().code, 0);
    assert_eq!(ids_with_email(&sandbox), ["invite-cancelled"]);
}

#[test]
fn keys_before_the_list_choose_nothing() {
    let sandbox = sandbox();
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(2));
    let run = dci_on(&sandbox, &["update-user", "--language", "ja"]).env("TERM", "xterm").env("NO_COLOR", "1");
    let mut terminal = run.at_terminal();
    terminal.wait_for("waiting for the API");
    terminal.type_text("\n\r");
    terminal.wait_for("\r\n\r\n");
    sandbox.advance(Duration::from_secs(3600));
    terminal.wait_for("Esc cancels]");
    terminal.type_text(ESC);
    assert_eq!((terminal.end().code, sandbox.requests()), (130, 2));
}

#[test]
fn delete_and_cancel_still_ask_about_the_chosen() {
    for command in ["cancel-invite", "delete-user"] {
        let sandbox = sandbox();
        let mut terminal = listed(dci_on(&sandbox, &[command]));
        terminal.type_text("expired@ \r");
        terminal.wait_for("[y/N] ");
        terminal.type_text("n\n");
        let ended = terminal.end();
        assert_eq!(ended.code, 1);
        assert_masked_snapshot!(format!("picker_{command}_asks"), ended.screen);
        assert_eq!(user(&sandbox, "expired@example.com")["inviteStatus"], "Expired");
    }
}

#[test]
fn update_user_chooses_one() {
    let sandbox = sandbox();
    let mut terminal = listed(dci_on(&sandbox, &["update-user", "--language", "ja"]));
    terminal.type_text("active@\r");
    let ended = terminal.end();
    assert_eq!((ended.code, ended.is_restored), (0, true), "{}", ended.screen);
    assert!(ended.screen.ends_with("The user active@example.com was updated."), "{}", ended.screen);
    assert_eq!(user(&sandbox, "active@example.com")["language"], "ja");
}

#[test]
fn the_chosen_user_is_the_one_acted_on() {
    let body =
        r#"{"users":[{"id":"a","email":"twin@example.com"},{"id":"b","email":"Twin@example.com"},{"id":"--yes"}]}"#;
    for (typed, id) in [("b\u{7f}", "a"), ("tw", "a"), (DOWN, "b"), ("--", "--yes")] {
        let server = ScriptedServer::responding(response("200 OK", "application/json", body));
        let mut terminal = listed(dci_at(&server.url, &["delete-user", "--yes"]));
        terminal.type_text(typed);
        terminal.type_text(" \r");
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.screen);
        let deletes: Vec<String> =
            server.requests().into_iter().filter(|request| request.starts_with("DELETE ")).collect();
        assert_eq!(deletes.len(), 1);
        assert!(deletes[0].starts_with(&format!("DELETE /iam/v1/users/{id} ")), "{deletes:?}");
    }
}

#[test]
fn a_hint_repeats_the_chosen_targets() {
    let sandbox = sandbox();
    sandbox.add_invited("--yes", "-rf@example.com");
    for (typed, words) in [("pending@ ", "pending@example.com --idempotency-key"), ("-rf ", "--idempotency-key")] {
        let mut terminal = listed(dci_on(&sandbox, &["resend-invite", "--max-attempts", "1"]));
        sandbox.inject(Fault::status(503));
        terminal.type_text(typed);
        terminal.type_text("\r");
        let ended = terminal.end();
        assert_eq!(ended.code, 40);
        let screen = ended.screen.replace('\n', "");
        assert!(screen.contains(&format!("resend-invite --max-attempts 1 {words}")), "{screen}");
        assert_eq!(screen.ends_with(" -- -rf@example.com"), typed == "-rf ", "{screen}");
    }
}

#[test]
fn server_text_in_the_list_is_escaped() {
    let body = r#"{"users":[{"id":"x","email":"\u001b]0;x\u0007","displayName":"\u001b[2J\nB\u202e","status":"invited"}],
        "roles":[{"id":"","name":"\u009b31m"}]}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", body));
    let mut terminal = listed(dci_at(&server.url, &["resend-invite"]));
    let screen = terminal.screen();
    assert!(screen.contains(r"\u{1b}]0;x\u{7}  \u{1b}[2J B\u{202e}  \u{9b}31m  invited  x"), "{screen}");
    terminal.type_text(ESC);
    let ended = terminal.end();
    assert!(!ended.written.contains(['\u{7}', '\u{9b}', '\u{202e}']) && !ended.written.contains("[2J\n"));
}

#[test]
fn a_narrow_terminal_shows_one_line_for_each_user() {
    let sandbox = sandbox();
    let mut terminal = dci_on(&sandbox, &["resend-invite"]).env("NO_COLOR", "1").at_terminal_of(50);
    terminal.wait_for("cancels]");
    assert_masked_snapshot!("picker_narrow", terminal.screen());
    terminal.type_text(ESC);
    assert_eq!(terminal.end().code, 130);
}

#[test]
fn elsewhere_the_usage_error_stays() {
    let sandbox = sandbox();
    for command in COMMANDS {
        for format in FORMATS {
            let args = [command, &["-o", format]].concat();
            let piped = dci_on(&sandbox, &args).env("TERM", "xterm").finish();
            assert_eq!(piped.code, 2, "{piped}");
            let dumb = dci_on(&sandbox, &args).env("TERM", "dumb").at_terminal().end();
            assert_eq!((dumb.code, dumb.written), (2, piped.stderr.clone()));
            if ["table", "json"].contains(&format) {
                assert_masked_snapshot!(format!("picker_{}_elsewhere_{format}", command[0]), piped);
            }
        }
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn other_usage_errors_come_before_the_list() {
    let sandbox = sandbox();
    for args in [
        &["update-user"][..],
        &["resend-invite", "--status", "expired"],
        &["resend-invite", "--resume", "0199f3c2-8d5b-7c3e-9a41-5d0c6a2b7e10"],
        &["cancel-invite", "--tenant", ""],
        &["delete-user", "--nope"],
    ] {
        let ended = dci_on(&sandbox, args).env("TERM", "xterm").at_terminal().end();
        assert_eq!(ended.code, 2, "{}", ended.screen);
    }
    assert_eq!(sandbox.requests(), 0);
}
