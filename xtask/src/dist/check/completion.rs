//! Types into bash at a terminal, with the completion key.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::place::Place;

/// Checks that bash completes `dci res`. `bash` is the command that starts bash, and each line of `setup` is typed before.
pub fn check(bash: &str, setup: &[String]) -> anyhow::Result<&'static str> {
    let setup = setup.join("\n");
    // Ctrl-A and Ctrl-E go to the start and the end of the line, so that bash prints it instead of running it.
    let typed = format!("{setup}\ndci res\t\u{1}echo \"<\u{5}>\"\nexit\n");
    let screen = at_terminal(bash, &typed)?;
    ensure!(screen.contains("<dci resend-invite"), "bash does not complete `dci res`: {screen}");
    Ok("bash completes `dci res<TAB>`")
}

/// Checks it with this machine's bash and a script that calls the program in its root.
pub fn check_outside(place: &Place, script: &Path) -> anyhow::Result<&'static str> {
    let function = format!("dci() {{ chroot '{}' {} \"$@\"; }}", place.root.display(), place.inside());
    check("bash --norc --noprofile -i", &[function, format!("source '{}'", script.display())])
}

/// Runs a command at a terminal of its own, by util-linux's `script`, and returns what is on the screen.
fn at_terminal(command: &str, typed: &str) -> anyhow::Result<String> {
    let mut script = Command::new("timeout");
    script.args(["120", "script", "--quiet", "--command", command, "/dev/null"]);
    script.env("TERM", "dumb").env("HISTFILE", "/dev/null").env("LC_ALL", "C");
    let mut process = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run script")?;
    process.stdin.take().context("no stdin")?.write_all(typed.as_bytes())?;
    let output = process.wait_with_output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
