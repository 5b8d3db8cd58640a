//! The pager for long help.

use std::io::{Write, stdout};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::cli::interrupts::leaving_ctrl_c_to_child;
use crate::client::env;

/// Shows a text that is longer than the terminal with the program in `PAGER`. Returns false if the text was not shown:
/// it is short, there is no pager, or the pager failed.
pub(super) fn show(text: &str) -> bool {
    let height = terminal_size::terminal_size_of(stdout()).map_or(usize::MAX, |(_, height)| height.0.into());
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let Some(pager) = pager.filter(|_| text.lines().count() >= height) else { return false };
    // POSIX defines PAGER as a shell command.
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(shell);
    command.args([flag, &pager]).stdin(Stdio::piped()).env_remove(env::API_KEY);
    if std::env::var_os("LESS").is_none() {
        // Show colours, and quit at once if the text fits on a screen.
        command.env("LESS", "FRX");
    }
    let page = || command.spawn().is_ok_and(|child| has_shown(child, text));
    leaving_ctrl_c_to_child(page).unwrap_or(false)
}

fn has_shown(mut pager: Child, text: &str) -> bool {
    if let Some(mut stdin) = pager.stdin.take() {
        // The write fails if the user quits the pager early.
        let _ = writeln!(stdin, "{text}");
    }
    pager.wait().is_ok_and(|status| status.success() || was_interrupted(status))
}

/// Whether Ctrl-C ended the pager: then the user has seen enough.
#[cfg(unix)]
fn was_interrupted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(signal_hook::consts::SIGINT)
}

#[cfg(windows)]
fn was_interrupted(_: ExitStatus) -> bool {
    false
}
