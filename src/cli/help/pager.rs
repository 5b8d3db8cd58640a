use std::io::Write;
use std::process::{Command, Stdio};

/// Shows a text that is longer than the terminal in the program that `PAGER` names. Says no when there is none, or
/// when it does not start: then the text is to be shown as it is.
pub(in crate::cli) fn page(text: &str) -> bool {
    let height = terminal_size::terminal_size_of(std::io::stdout()).map_or(usize::MAX, |(_, height)| height.0.into());
    let pager = std::env::var("PAGER").ok().and_then(|pager| shlex::split(&pager)).unwrap_or_default();
    let Some((program, arguments)) = pager.split_first().filter(|_| text.lines().count() >= height) else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours are shown, and a short text ends at once.
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever leaves the pager has read enough.
        let _ = writeln!(stdin, "{text}");
    }
    child.wait().is_ok()
}
