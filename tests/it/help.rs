//! Help, version and usage errors.

use dci::operation::Operation;

use crate::support::program::{assert_masked_snapshot, dci};
use crate::support::spec;

fn help(args: &[&str]) -> String {
    let finished = dci(args).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    finished.stdout
}

fn help_of(command: &str, flag: &str) -> String {
    help(&command.split_terminator(' ').chain([flag]).collect::<Vec<_>>())
}

/// The commands that a page of the program's help lists.
fn commands(page: &str) -> Vec<&str> {
    let list = page.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = list.map_while(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| *name != "help").collect()
}

/// Splits a page into its global options and the rest.
fn without_global_options(page: &str) -> (String, &str) {
    let start = page.find("Global options:\n").expect("global options");
    let mut paragraphs = page[start..].match_indices("\n\n").map(|(end, _)| start + end + 2);
    let end = paragraphs.find(|next| !page[*next..].starts_with(' ')).expect("a section after them");
    (page[..start].to_owned() + &page[end..], &page[start..end])
}

/// The options of a section, each with its text.
fn options(section: &str) -> Vec<String> {
    let mut options: Vec<String> = Vec::new();
    for line in section.lines().skip(1) {
        match options.last_mut() {
            Some(option) if !line.starts_with("  -") && !line.starts_with("      --") => option.extend(["\n", line]),
            _ => options.push(line.to_owned()),
        }
    }
    options
}

/// The whole help, so that reviews show each change. The global options are shown once.
#[test]
fn the_help_of_every_command() {
    let program = help_of("", "--help");
    let (page, global_options) = without_global_options(&program);
    let mut pages = vec![format!("$ dci -h\n{}\n$ dci --help\n{page}\n{global_options}", help_of("", "-h"))];
    for command in commands(&program) {
        let (short, long) = (help_of(command, "-h"), help_of(command, "--help"));
        let (page, own_global_options) = without_global_options(&long);
        // A command may have its own option of the same name.
        let is_own = |option: &String| option.lines().next().is_some_and(|flag| page.contains(flag));
        let expected: Vec<String> = options(global_options).into_iter().filter(|option| !is_own(option)).collect();
        assert_eq!(options(own_global_options), expected, "dci {command} --help has other global options");
        pages.push(format!("$ dci {command} -h\n{short}\n$ dci {command} --help\n{page}\n"));
    }
    assert_masked_snapshot!("help", pages.concat());
}

#[test]
fn help_is_the_same_for_flag_and_subcommand() {
    for command in commands(&help_of("", "--help")) {
        assert_eq!(help(&["help", command]), help_of(command, "--help"));
        assert_eq!(help(&[command, "-qh"]), help_of(command, "-h"));
        assert_eq!(help(&["-h", command]), help_of("", "-h"));
    }
    assert!(help(&["-qh"]).contains("resend-invite"));
    assert_eq!(dci(&["resend", "-h"]).finish().code, 2, "not a command");
}

#[test]
fn the_short_help_lists_every_command() {
    assert_eq!(commands(&help_of("", "-h")), commands(&help_of("", "--help")));
}

#[test]
fn the_short_help_fits_on_a_screen() {
    let program = help_of("", "-h");
    for command in commands(&program) {
        let lines = dci(&[command, "-h"]).env("COLUMNS", "80").finish().stdout.lines().count();
        assert!(lines <= 24, "dci {command} -h has {lines} lines");
    }
    // The list of commands is long.
    assert!(program.lines().count() <= 30, "{program}");
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

/// The facts that the reference page of the API states.
#[test]
fn resend_invite_help_states_the_facts_of_the_reference() {
    let page = help_of("resend-invite", "--help");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for statement in [
        "a new link, which expires in 48 hours. The links in all earlier emails stop working.",
        "Works on an invite in any state. A cancelled invite becomes `Pending` again.",
        "404 if the invite was never created, or was accepted and therefore removed",
        "Requires the `usersManager` permission",
        "Request (application/json): { \"type\": \"object\" }",
        "--dry-run",
        "The default is false",
        "Response 200 (application/json): The invite was resent and its expiry was reset.",
        "\"required\": [ \"message\", \"inviteId\" ]",
        "Aliases: resend-invite, resendinvite",
    ] {
        assert!(words.contains(statement), "{statement:?} is not in\n{page}");
    }
    let errors = Operation::RESEND_INVITE.responses.iter().filter(|response| !response.status.starts_with('2'));
    let statuses: Vec<&str> = errors.map(|response| response.status).collect();
    assert!(statuses.len() >= 5, "{statuses:?}");
    let statement = format!("Responses {} (application/json):", statuses.join(", "));
    assert!(words.contains(&statement), "{statement:?} is not in\n{page}");
    assert!(words.contains("\"error\": { \"type\": \"string\","), "{page}");
}

#[test]
fn the_version_is_the_package_version() {
    assert_eq!(help(&["--version"]), format!("dci {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_usage_error_has_the_requested_format() {
    let bare = dci(&[]).finish();
    assert_eq!((bare.code, &bare.error()["message"]), (2, &"a command is required".into()));
    let bare = dci(&[]).env("DCI_OUTPUT", "table").finish();
    assert!(bare.code == 2 && bare.stderr.contains("Usage: dci"), "{bare}");

    for args in [&["resend-invite"][..], &["resend-invite", "x", "--dryrun"], &["resnd-invite"]] {
        let table = dci(&[args, &["-o", "table"]].concat()).finish();
        assert_eq!(table.code, 2, "{table}");
        assert!(table.stderr.contains("Usage: dci"), "{table}");
        let json = dci(&[args, &["--output=json"]].concat()).finish();
        assert_eq!(json.code, 2, "{json}");
        assert_eq!(json.error()["code"], "USAGE_ERROR");
    }
    let typo = dci(&["resnd-invite"]).env("DCI_API_BASE_URL", "http://127.0.0.1:1").finish();
    let message = typo.error()["message"].as_str().expect("a text").to_owned();
    assert!(
        message.contains("similar subcommand") && message.contains("'resend-invite'") && !message.contains('\n'),
        "{message}"
    );
    let usage = dci(&["resend-invite", "-o", "table"]).env("DCI_API_BASE_URL", "http://127.0.0.1:1").finish();
    assert!(usage.stderr.contains("Usage: dci resend-invite [OPTIONS] <TARGET>..."), "{usage}");
    let escapes = dci(&["sandbox", "--fault", "\u{1b}[31mred", "-o", "table"]).finish();
    assert!(!escapes.stderr.contains('\u{1b}'), "{:?}", escapes.stderr);
}

#[test]
fn suggestions_are_names_of_commands_not_aliases() {
    for (_, name) in spec::commands() {
        let alias = name.replace('-', "");
        for typo in [&alias[..alias.len() - 1], &name[..name.len() - 1]] {
            let message = dci(&[typo]).finish().error()["message"].as_str().expect("a text").to_owned();
            assert_eq!(message.matches(&format!("'{name}'")).count(), 1, "{typo}: {message}");
            assert!(alias == name || !message.contains(&alias), "{typo}: {message}");
        }
    }
}
