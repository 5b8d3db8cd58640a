//! stdout has the result and nothing else, in the form that was asked for.

use std::process::{Command, Stdio};

use crate::program::{assert_masked_snapshot, dci};

fn resend(args: &[&str]) -> String {
    let finished = dci(&[&["--sandbox", "resend-invite", "invite-pending"], args].concat()).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{}", finished.transcript());
    finished.stdout
}

#[test]
fn json_is_the_default_where_stdout_is_no_terminal() {
    assert_eq!(resend(&[]), resend(&["-ojson"]));
}

#[test]
#[cfg(unix)]
fn at_a_terminal_a_table_and_colour_are_the_default() {
    let (code, shown) = dci(&["--sandbox", "resend-invite", "invite-pending"]).finish_at_terminal();
    assert!(code == 0 && shown.starts_with("The invite invite-pending was sent again."), "{shown}");
    let (code, shown) = dci(&["--sandbox", "resend-invite", "nobody"]).env("TERM", "xterm").finish_at_terminal();
    assert!(code == 20 && shown.starts_with("\u{1b}[1m\u{1b}[31merror:"), "{shown:?}");
    let run = dci(&["--sandbox", "resend-invite", "nobody"]).env("TERM", "xterm").env("NO_COLOR", "1");
    let (code, shown) = run.finish_at_terminal();
    assert!(code == 20 && shown.starts_with("error:"), "{shown:?}");
}

#[test]
fn each_format_shows_the_answer() {
    for format in ["table", "json", "yaml", "csv", "toon"] {
        assert_masked_snapshot!(format!("output_{format}"), resend(&["--output", format]));
    }
}

#[test]
fn the_format_can_come_from_the_environment() {
    let finished = dci(&["--sandbox", "resend-invite", "nobody"]).env("DCI_OUTPUT", "table").finish();
    assert!(finished.stderr.starts_with("error: "), "{}", finished.transcript());
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let args = ["--sandbox", "resend-invite", "nobody", "-o", "table"];
    assert!(!dci(&args).finish().stderr.contains('\u{1b}'));
    let always = dci(&[&args[..], &["--color", "always"]].concat()).finish();
    assert!(always.stderr.contains("\u{1b}[1m\u{1b}[31merror:"), "{:?}", always.stderr);
    let never = dci(&[&args[..], &["--color=never"]].concat()).finish();
    assert!(!never.stderr.contains('\u{1b}'));
}

#[test]
fn a_reader_that_is_gone_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dci"))
        .args(["--sandbox", "resend-invite", "invite-pending"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_that_says_that_the_call_succeeded() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = Command::new(env!("CARGO_BIN_EXE_dci"))
        .args(["--sandbox", "resend-invite", "invite-pending", "-o", "table"])
        .stdout(full)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the command succeeded, but its result cannot be written")
    );
}
