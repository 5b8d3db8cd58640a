//! Shell completion with clap's engine. The shell runs the program with the variable `COMPLETE` and the words so far.

mod bash;
mod targets;

use std::ffi::OsString;
use std::io;

use clap::ValueEnum;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::command_line;

/// The variable with the name of the shell.
const VARIABLE: &str = "COMPLETE";

const PROGRAM: &str = "dci";

/// The script that registers the program with a shell.
pub(super) fn registration(shell: Shell) -> io::Result<String> {
    if shell == Shell::Bash {
        return Ok(bash::registration());
    }
    let mut script = Vec::new();
    if let Some(adapter) = Shells::builtins().completer(&shell.to_string()) {
        adapter.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    }
    let mut script = String::from_utf8_lossy(&script).trim().to_owned();
    if shell == Shell::Zsh {
        // zsh runs a file in $fpath at the first completion only, so the file has to complete too.
        script.push_str("\nif [[ $funcstack[1] == _dci ]]; then _clap_dynamic_completer_dci \"$@\"; fi");
    }
    Ok(script)
}

/// The candidates; `None` if the program was not run by a shell for completion.
pub(super) fn requested(args: &[OsString]) -> Option<io::Result<String>> {
    // Another program may use the variable for something else.
    let shell = Shell::from_str(std::env::var_os(VARIABLE)?.to_str()?, false).ok()?;
    let start = args.iter().position(|word| word == "--")? + 1;
    let typed: Vec<String> = args[start..].iter().map(|word| word.to_string_lossy().into_owned()).collect();
    Some(candidates(shell, &typed))
}

fn candidates(shell: Shell, typed: &[String]) -> io::Result<String> {
    let mut command = command_line::with_short_help();
    if shell == Shell::Bash {
        return bash::candidates(&mut command, typed);
    }
    let words: Vec<String> = typed.iter().map(|word| unquoted(word)).collect();
    targets::complete_in(&mut command, &words);
    let words = understood(&command, words);
    let mut candidates = Vec::new();
    if let Some(adapter) = Shells::builtins().completer(&shell.to_string()) {
        adapter.write_complete(&mut command, words, None, &mut candidates)?;
    }
    let candidates = String::from_utf8_lossy(&candidates).into_owned();
    Ok(if shell == Shell::PowerShell { quoted_for_powershell(&candidates) } else { candidates })
}

/// Adds `=` to flags that require it: clap's engine would take the next word for their value.
fn understood(command: &clap::Command, mut words: Vec<String>) -> Vec<OsString> {
    let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let flags: Vec<String> = arguments
        .filter(|argument| argument.is_require_equals_set())
        .filter_map(|argument| argument.get_long().map(|name| format!("--{name}")))
        .collect();
    if let Some((_, before)) = words.split_last_mut() {
        before.iter_mut().filter(|word| flags.contains(word)).for_each(|flag| flag.push('='));
    }
    words.into_iter().map(OsString::from).collect()
}

/// A word without its quotes, the last of which may still be open. Some shells pass them.
fn unquoted(word: &str) -> String {
    let closed = ["", "'", "\""].iter().find_map(|quote| shlex::split(&format!("{word}{quote}")));
    match closed.as_deref() {
        Some([unquoted]) => unquoted.clone(),
        _ => word.to_owned(),
    }
}

/// Quotes the candidates, a line each with its help. PowerShell inserts them unchanged.
fn quoted_for_powershell(candidates: &str) -> String {
    let quoted = |line: &str| {
        let (value, help) = line.split_once('\t').unwrap_or((line, ""));
        let value = if value.contains(' ') { format!("'{}'", value.replace('\'', "''")) } else { value.to_owned() };
        if help.is_empty() { format!("{value}\n") } else { format!("{value}\t{help}\n") }
    };
    candidates.lines().map(quoted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(shell: Shell, typed: &[&str]) -> Vec<String> {
        let typed: Vec<String> = typed.iter().map(|&word| word.to_owned()).collect();
        let text = candidates(shell, &typed).expect("candidates");
        text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn quoted_values_are_completed() {
        for typed in ["Fin", "'Fin", "\"Fin", "'Finance /", "Finance\\ /"] {
            for shell in [Shell::Fish, Shell::PowerShell] {
                let found = values(shell, &["dci", "invite-user", "--job-title", typed]);
                assert_eq!(found.len(), 1, "{typed}: {found:?}");
                assert_eq!(found[0].trim_matches('\''), "Finance / Accounting", "{typed}");
            }
        }
    }

    #[test]
    fn powershell_gets_quoted_values() {
        assert_eq!(values(Shell::PowerShell, &["dci", "-o", "to"]), ["toon"]);
        let found = values(Shell::PowerShell, &["dci", "update-user", "x", "--job-title=Fin"]);
        assert_eq!(found, ["'--job-title=Finance / Accounting'"]);
    }

    #[test]
    fn a_flag_that_requires_an_equals_sign_takes_no_next_word() {
        let found = values(Shell::Fish, &["dci", "resend-invite", "--dry-run", ""]);
        assert!(!found.is_empty() && found.iter().all(|found| found.starts_with('-')), "{found:?}");
        let found = values(Shell::Fish, &["dci", "resend-invite", "--dry-run="]);
        assert_eq!(found, ["--dry-run=true", "--dry-run=false"]);
        assert_eq!(values(Shell::Fish, &["dci", "resend-invite", "--dry-run"]), ["--dry-run"]);
    }
}
