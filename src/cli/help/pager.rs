use std::io::Write;
use std::process::{Command, Stdio};

use crate::client::env;

/// Shows a text that is longer than the terminal in the program that `PAGER` names. Says no when there is none, or
/// when it fails: then the text is to be shown as it is.
pub(in crate::cli) fn page(text: &str) -> bool {
    let height = terminal_size::terminal_size_of(std::io::stdout()).map_or(usize::MAX, |(_, height)| height.0.into());
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let Some(pager) = pager.filter(|_| text.lines().count() >= height) else { return false };
    // As POSIX has it, it is a command line of the shell.
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(shell);
    command.args([flag, &pager]).stdin(Stdio::piped()).env_remove(env::API_KEY);
    if std::env::var_os("LESS").is_none() {
        // Colours are shown, and a short text ends at once.
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever leaves the pager has read enough.
        let _ = writeln!(stdin, "{text}");
    }
    child.wait().is_ok_and(|status| status.success())
}
