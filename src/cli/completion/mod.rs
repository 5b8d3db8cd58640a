//! Completion by clap's own engine: a shell calls the program with the variable `COMPLETE` and what is typed so far.

mod bash;

use std::ffi::OsString;
use std::io;

use clap::ValueEnum;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::command_line;

/// The variable with the name of the shell that asks.
const VARIABLE: &str = "COMPLETE";

const PROGRAM: &str = "dci";

/// The script that makes a shell ask this program.
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
        // zsh runs a file of a folder in $fpath when it completes for the first time.
        script.push_str("\nif [[ $funcstack[1] == _dci ]]; then _clap_dynamic_completer_dci \"$@\"; fi");
    }
    Ok(script)
}

/// The candidates, if a shell asks for them.
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
    let words = understood(&command, typed.iter().map(|word| unquoted(word)).collect());
    let mut candidates = Vec::new();
    if let Some(adapter) = Shells::builtins().completer(&shell.to_string()) {
        adapter.write_complete(&mut command, words, None, &mut candidates)?;
    }
    let candidates = String::from_utf8_lossy(&candidates).into_owned();
    Ok(if shell == Shell::PowerShell { quoted_for_powershell(&candidates) } else { candidates })
}

/// The words as clap's engine has to get them. It takes the word after a flag for its value even where the value has to
/// follow `=`.
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

/// A word as the program would get it: some shells pass it with its quotes, of which the last may still be open.
fn unquoted(word: &str) -> String {
    let closed = ["", "'", "\""].iter().find_map(|quote| shlex::split(&format!("{word}{quote}")));
    match closed.as_deref() {
        Some([unquoted]) => unquoted.clone(),
        _ => word.to_owned(),
    }
}

/// Candidates with their help, a line each. PowerShell puts them on the command line as they are.
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
    fn values_are_found_in_any_quotes() {
        for typed in ["Fin", "'Fin", "\"Fin", "'Finance /", "Finance\\ /"] {
            for shell in [Shell::Fish, Shell::PowerShell] {
                let found = values(shell, &["dci", "invite-user", "--job-title", typed]);
                assert_eq!(found.len(), 1, "{typed}: {found:?}");
                assert_eq!(found[0].trim_matches('\''), "Finance / Accounting", "{typed}");
            }
        }
    }

    #[test]
    fn powershell_gets_values_with_spaces_in_quotes() {
        assert_eq!(values(Shell::PowerShell, &["dci", "-o", "to"]), ["toon"]);
        let found = values(Shell::PowerShell, &["dci", "update-user", "x", "--job-title=Fin"]);
        assert_eq!(found, ["'--job-title=Finance / Accounting'"]);
    }

    #[test]
    fn a_flag_that_takes_its_value_after_an_equals_sign_takes_no_next_word() {
        let found = values(Shell::Fish, &["dci", "resend-invite", "--dry-run", ""]);
        assert!(!found.is_empty() && found.iter().all(|found| found.starts_with('-')), "{found:?}");
        let found = values(Shell::Fish, &["dci", "resend-invite", "--dry-run="]);
        assert_eq!(found, ["--dry-run=true", "--dry-run=false"]);
        assert_eq!(values(Shell::Fish, &["dci", "resend-invite", "--dry-run"]), ["--dry-run"]);
    }
}
