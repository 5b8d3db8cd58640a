//! What the program says of itself.

use crate::program::{assert_masked_snapshot, dci};

const COMMANDS: [&str; 16] = [
    "",
    "list-users",
    "invite-user",
    "resend-invite",
    "cancel-invite",
    "update-user",
    "delete-user",
    "list-roles",
    "list-organizations",
    "validate",
    "login",
    "logout",
    "status",
    "schema",
    "completion",
    "sandbox",
];

fn help(args: &[&str]) -> String {
    let finished = dci(args).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    finished.stdout
}

fn help_of(command: &str, flag: &str) -> String {
    help(&command.split_terminator(' ').chain([flag]).collect::<Vec<_>>())
}

/// All of it, so that a change of the document or of the arguments is seen in review.
#[test]
fn the_help_of_every_command() {
    let pages = COMMANDS.map(|command| {
        let (short, long) = (help_of(command, "-h"), help_of(command, "--help"));
        format!("$ dci {command} -h\n{short}\n$ dci {command} --help\n{long}\n")
    });
    assert_masked_snapshot!("help", pages.concat());
}

#[test]
fn help_is_the_same_however_it_is_asked_for() {
    for command in &COMMANDS[1..] {
        assert_eq!(help(&["help", command]), help_of(command, "--help"));
        assert_eq!(help(&[command, "-qh"]), help_of(command, "-h"));
        assert_eq!(help(&["-h", command]), help_of("", "-h"));
    }
    assert!(help(&["-qh"]).contains("resend-invite"));
    assert_eq!(dci(&["resend", "-h"]).finish().code, 2, "it is no command");
}

#[test]
fn every_command_is_listed() {
    let listed = help_of("", "-h");
    let listed: Vec<&str> = listed
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS[1..], "a new command belongs into the list of this file");
}

#[test]
fn the_short_help_stays_within_a_screen() {
    for command in COMMANDS {
        let args: Vec<&str> = command.split_terminator(' ').chain(["-h"]).collect();
        let lines = dci(&args).env("COLUMNS", "80").finish().stdout.lines().count();
        // The list of commands is long.
        let screen = if command.is_empty() { 31 } else { 24 };
        assert!(lines <= screen, "dci {command} -h has {lines} lines");
    }
}

#[test]
fn help_is_as_wide_as_the_terminal() {
    for columns in [40, 60, 80, 100] {
        let page = dci(&["resend-invite", "--help"]).env("COLUMNS", &columns.to_string()).finish().stdout;
        let prose = page.lines().take_while(|line| !line.starts_with("Usage:"));
        let widest = prose.map(|line| line.chars().count()).max().expect("a line");
        assert!(widest <= columns && widest > columns - 15, "{widest} of {columns}");
    }
}

/// What the existing tool's page for the command says, as facts.
#[test]
fn the_page_of_resend_invite_states_what_the_reference_page_states() {
    let page = help_of("resend-invite", "--help");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for statement in [
        "a new link, which expires in 48 hours. The links in all earlier emails stop working.",
        "Works on an invite in any state. A cancelled invite becomes `Pending` again.",
        "404 if no invite has the id: it was never created, or it was accepted and therefore removed",
        "Requires the `usersManager` permission",
        "Request (application/json): { \"type\": \"object\" }",
        "--dry-run",
        "The default is false",
        "Response 200 (application/json): The invite was resent and its expiry was reset.",
        "\"required\": [ \"message\", \"inviteId\" ]",
        "Responses 400, 401, 403, 404, 500 (application/json):",
        "\"error\": { \"type\": \"string\", \"description\": \"A detailed error message.\" }",
        "Aliases: resend-invite, resendinvite",
    ] {
        assert!(words.contains(statement), "{statement:?} is not in\n{page}");
    }
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(help(&["--version"]), format!("dci {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_usage_error_has_the_form_that_is_asked_for() {
    let bare = dci(&[]).finish();
    assert_eq!((bare.code, &bare.error()["message"]), (2, &"a command is required".into()));
    let bare = dci(&[]).env("DCI_OUTPUT", "table").finish();
    assert!(bare.code == 2 && bare.stderr.contains("Usage: dci"), "{}", bare.call_record());

    for args in [&["resend-invite"][..], &["resend-invite", "x", "--dryrun"], &["resnd-invite"]] {
        let table = dci(&[args, &["-o", "table"]].concat()).finish();
        assert_eq!(table.code, 2, "{}", table.call_record());
        assert!(table.stderr.contains("Usage: dci"), "{}", table.call_record());
        let json = dci(&[args, &["--output=json"]].concat()).finish();
        assert_eq!(json.code, 2, "{}", json.call_record());
        assert_eq!(json.error()["code"], "USAGE_ERROR");
    }
    let typo = dci(&["resnd-invite"]).env("DCI_API_BASE_URL", "http://127.0.0.1:1").finish();
    let message = typo.error()["message"].as_str().expect("a text").to_owned();
    assert!(
        message.contains("similar subcommand") && message.contains("'resend-invite'") && !message.contains('\n'),
        "{message}"
    );
    let usage = dci(&["resend-invite", "-o", "table"]).env("DCI_API_BASE_URL", "http://127.0.0.1:1").finish();
    assert!(usage.stderr.contains("Usage: dci resend-invite [OPTIONS] <TARGET>..."), "{}", usage.call_record());
    let escapes = dci(&["sandbox", "--fault", "\u{1b}[31mred", "-o", "table"]).finish();
    assert!(!escapes.stderr.contains('\u{1b}'), "{:?}", escapes.stderr);
}
