//! What the program says of itself.

use crate::program::{assert_masked_snapshot, dci};

fn help(args: &[&str]) -> String {
    let finished = dci(args).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    finished.stdout
}

#[test]
fn short_help() {
    assert_masked_snapshot!("help_short", help(&["-h"]));
    assert_masked_snapshot!("help_short_resend_invite", help(&["resend-invite", "-h"]));
    assert_masked_snapshot!("help_short_sandbox", help(&["sandbox", "-h"]));
}

#[test]
fn long_help() {
    assert_masked_snapshot!("help_long", help(&["--help"]));
    assert_masked_snapshot!("help_long_resend_invite", help(&["resend-invite", "--help"]));
    assert_masked_snapshot!("help_long_sandbox", help(&["sandbox", "--help"]));
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
    assert!(bare.code == 2 && bare.stderr.contains("Usage: dci"), "{}", bare.transcript());

    for args in [&["resend-invite"][..], &["resend-invite", "x", "--dryrun"], &["resnd-invite"]] {
        let table = dci(&[args, &["-o", "table"]].concat()).finish();
        assert_eq!(table.code, 2, "{}", table.transcript());
        assert!(table.stderr.contains("Usage: dci"), "{}", table.transcript());
        let json = dci(&[args, &["--output=json"]].concat()).finish();
        assert_eq!(json.code, 2, "{}", json.transcript());
        assert_eq!(json.error()["code"], "USAGE_ERROR");
    }
    let typo = dci(&["resnd-invite"]).env("DCI_API_BASE_URL", "http://127.0.0.1:1").finish();
    let message = typo.error()["message"].as_str().expect("a text").to_owned();
    assert!(
        message.contains("similar subcommand") && message.contains("'resend-invite'") && !message.contains('\n'),
        "{message}"
    );
    let usage = dci(&["resend-invite", "-o", "table"]).env("DCI_API_BASE_URL", "http://127.0.0.1:1").finish();
    assert!(usage.stderr.contains("Usage: dci resend-invite [OPTIONS] <TARGET>..."), "{}", usage.transcript());
    let escapes = dci(&["sandbox", "--fault", "\u{1b}[31mred", "-o", "table"]).finish();
    assert!(!escapes.stderr.contains('\u{1b}'), "{:?}", escapes.stderr);
}
