//! Output at a terminal: colours, tables that fit, progress and the pager.
#![cfg(unix)]

use std::time::Duration;

use dci::sandbox::Fault;

use crate::support::program::{Run, assert_masked_snapshot, dci, dci_at, dci_on};
use crate::support::sandbox::{list_of, pass_time_until_sent, sandbox, sandbox_with};
use crate::support::scripted_server::{ScriptedServer, response};

fn colored(run: Run) -> Run {
    run.env("TERM", "xterm")
}

#[test]
fn the_default_is_a_coloured_table() {
    let ended = colored(dci(&["--sandbox", "resend-invite", "invite-pending"])).at_terminal().end();
    assert!(
        ended.code == 0 && ended.screen.starts_with("The invite invite-pending was sent again."),
        "{}",
        ended.screen
    );
    let error = ["--sandbox", "resend-invite", "nobody"];
    let ended = colored(dci(&error)).at_terminal().end();
    assert!(ended.code == 20 && ended.written.starts_with("\u{1b}[1m\u{1b}[31merror:"), "{:?}", ended.written);
}

#[test]
fn colour_can_be_turned_off() {
    for args in [&["--sandbox", "list-users"][..], &["--sandbox", "resend-invite", "nobody"], &["--help"]] {
        let with = |run: Run| colored(run).at_terminal().end().written;
        assert!(with(dci(args)).contains("\u{1b}["), "{args:?}");
        assert!(!with(dci(args).env("NO_COLOR", "1")).contains("\u{1b}["), "{args:?}");
        assert!(!with(dci(&[args, &["--color", "never"]].concat())).contains("\u{1b}["), "{args:?}");
        let always = || dci(&[args, &["--color", "always"]].concat());
        assert_eq!(with(always().env("NO_COLOR", "1")), with(always()), "--color overrides NO_COLOR");
    }
}

#[test]
fn statuses_are_coloured_by_meaning() {
    let ended = colored(dci(&["--sandbox", "list-users"])).at_terminal().end();
    let colour_of = |word: &str| {
        let (before, _) = ended.written.split_once(&format!("m{word}")).expect("the word has a colour");
        before.rsplit('\u{1b}').next().expect("a sequence").to_owned()
    };
    assert_eq!([colour_of("active"), colour_of("Pending"), colour_of("Expired")], ["[38;5;10", "[38;5;11", "[38;5;9"]);
}

#[test]
fn a_table_fits_the_terminal_and_cuts_long_cells() {
    let wide = "日本語の名前がとても長い人".repeat(4);
    let body = format!(
        r#"{{"users":[{{"id":"id-1","email":"somebody.with.a.long.address@subdomain.example.com","displayName":"{wide}","status":"active","roleId":"r"}}]}}"#
    );
    for columns in [40, 60, 100] {
        let server = ScriptedServer::responding(response("200 OK", "application/json", &body));
        let ended = dci_at(&server.url, &["list-users"]).at_terminal_of(columns).end();
        assert_masked_snapshot!(format!("terminal_table_{columns}"), &ended.screen);
        assert_eq!(ended.screen.trim_end().lines().count(), 2, "each row takes one line");
    }
}

#[test]
fn an_empty_list_is_a_sentence() {
    let ended = dci(&["--sandbox", "list-users", "--email", "nobody@example.com"]).at_terminal().end();
    assert_eq!((ended.code, ended.screen.trim_end()), (0, "No users."));
}

#[test]
fn a_slow_call_shows_a_spinner_that_disappears() {
    let sandbox = sandbox();
    sandbox.inject(Fault::latency(Duration::from_secs(3600)));
    let mut terminal = colored(dci_on(&sandbox, &["resend-invite", "invite-pending"])).at_terminal();
    terminal.wait_for("waiting for the API");
    sandbox.advance(Duration::from_secs(3600));
    let ended = terminal.end();
    assert!(ended.screen.starts_with("The invite invite-pending was sent again."), "{}", ended.screen);
    assert_eq!(ended.screen.trim_end().lines().count(), 1, "{}", ended.screen);
}

#[test]
fn a_run_shows_a_progress_bar_that_disappears() {
    let sandbox = sandbox_with(3);
    sandbox.inject(Fault::status(410));
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(2));
    let args = ["resend-invite", "invite-1", "invite-2", "invite-3", "--concurrency", "1"];
    let mut terminal = colored(dci_on(&sandbox, &args)).at_terminal();
    terminal.wait_for("1/3, 1 failed");
    pass_time_until_sent(&sandbox, 2);
    let ended = terminal.end();
    assert_masked_snapshot!("terminal_run", &ended.screen);
}

#[test]
fn results_appear_intact_above_the_progress_bar() {
    let sandbox = sandbox_with(3);
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(3));
    let args = ["resend-invite", "invite-1", "invite-2", "invite-3", "--concurrency", "1", "-o", "json"];
    let mut terminal = colored(dci_on(&sandbox, &args)).at_terminal();
    terminal.wait_for("0/3");
    pass_time_until_sent(&sandbox, 3);
    let ended = terminal.end();
    // The line that names the run comes first.
    let rows_text =
        ended.screen.split_once("[\n").map(|(_, rows)| format!("[\n{}", rows.trim_end())).expect("an array");
    let rows: serde_json::Value =
        serde_json::from_str(&rows_text).unwrap_or_else(|error| panic!("{error}: {}", ended.screen));
    assert_eq!(rows.as_array().map(Vec::len), Some(3), "{}", ended.screen);
    assert!(rows_text.lines().all(|line| line == line.trim_end()), "{}", ended.screen);
}

#[test]
fn a_pipe_gets_no_progress_bar_and_no_colour() {
    let sandbox = sandbox_with(20);
    sandbox.inject(Fault::status(429).retry_after("0").times(3));
    let finished =
        dci_on(&sandbox, &["resend-invite", "-", "-o", "table"]).env("TERM", "xterm").stdin(list_of(20)).finish();
    assert!(finished.stdout.starts_with("20 resent in "), "{finished}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
    assert!(!finished.to_string().contains(['\u{1b}', '█']));
    let wide = dci(&["--sandbox", "list-users", "-o", "table", "--columns", "email,id,roleId,organizationId,language"]);
    assert!(!wide.env("COLUMNS", "20").finish().stdout.contains('…'), "a table in a pipe is not cut");
}

#[test]
fn long_help_uses_the_pager() {
    let page = |pager: &str| colored(dci(&["resend-invite", "--help"])).env("PAGER", pager).at_terminal().end();
    let path = std::env::var("PATH").expect("a path");
    let run = colored(dci(&["resend-invite", "--help"])).env("PAGER", "sed 's/^/> /'").env("PATH", &path);
    let paged = run.at_terminal().end();
    assert!(paged.code == 0 && paged.written.starts_with("> Resend an invite\n> "), "{}", paged.written);
    for none in ["", " ", "no-such-program --flag", "false"] {
        let ended = page(none);
        assert!(ended.code == 0 && ended.written.contains("Resend an invite\n\nSends the"), "{}", ended.written);
    }
    let run = colored(dci(&["resend-invite", "--help"])).env("PAGER", "cat | head -n 1").env("PATH", &path);
    assert_eq!(run.at_terminal().end().screen, "Resend an invite", "PAGER is a shell command");
    let run = dci(&["list-roles", "-h"]).env("PAGER", "sed 's/^/> /'").env("PATH", &path);
    assert!(run.at_terminal().end().written.starts_with("List roles\n"), "short help is not paged");
    let piped = dci(&["resend-invite", "--help"]).env("PAGER", "false").env("PATH", &path).finish();
    assert!(piped.stdout.starts_with("Resend an invite\n"), "help in a pipe is not paged");
}

#[test]
fn the_pager_does_not_get_the_api_key() {
    let path = std::env::var("PATH").expect("a path");
    let run = dci(&["resend-invite", "--help"]).env("DCI_API_KEY", "s3cret-api-key").env("PATH", &path);
    let ended = run.env("PAGER", "echo \"key: <$DCI_API_KEY>\"; cat > /dev/null").at_terminal().end();
    assert!(ended.written.contains("key: <>"), "{}", ended.written);
}
