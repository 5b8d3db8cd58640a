//! Shell completion, in real shells: bash, and zsh and fish if they are installed.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use dci::types::{InviteUserRequestJobTitle, UserListItemStatus};

use crate::support::program::{FORMATS, dci};
use crate::support::terminal::Terminal;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

fn script(shell: &str) -> String {
    let finished = dci(&["completion", shell]).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    finished.stdout
}

/// `PATH` with the folder of the built `dci` first.
fn path() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_dci")).parent().expect("a folder");
    format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"))
}

/// Runs a script in a shell and returns its output; `None`, with a note, if the shell is not installed.
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn run(shell: &str, program: &str) -> Option<String> {
    // Completion works with an invalid environment, because it makes no call.
    let mut command = Command::new(shell);
    command.args(["-c", program]).env("PATH", path()).env("DCI_API_BASE_URL", "not a URL").env("DCI_OUTPUT", "bogus");
    let Ok(output) = command.output() else {
        eprintln!("{shell} is not installed: its completion is not tested");
        return None;
    };
    assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

/// The completions of a line in bash. They replace its end, from the last space, `=` or quote.
fn bash(line: &str) -> Vec<String> {
    let replaced = line.rsplit([' ', '=', '\'', '"']).next().unwrap_or_default();
    let program = format!(
        "source <(dci completion bash); read -r COMP_LINE <<'END'\n{line}.\nEND\n\
         COMP_LINE=${{COMP_LINE%.}}; COMP_POINT=${{#COMP_LINE}}; _dci dci '{replaced}'\n\
         (( ${{#COMPREPLY[@]}} )) && printf '%s\\n' \"${{COMPREPLY[@]}}\" || true"
    );
    run("bash", &program).expect("bash is needed").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    assert_eq!(bash("dci resend"), ["resend-invite"]);
    assert_eq!(bash("dci resend-invite --conc"), ["--concurrency"]);
    for line in ["dci list-users -o t", "dci list-users --output=t", "dci --output t", "dci -o 't", "dci -o=t"] {
        assert_eq!(bash(line), ["table", "toon"], "{line}");
    }
    let of_users = UserListItemStatus::ALL.iter().map(UserListItemStatus::as_str);
    let statuses: Vec<&str> = of_users.chain(["pending", "expired", "cancelled"]).collect();
    assert_eq!(bash("dci list-users --status "), statuses);
    assert_eq!(bash("dci list-users --status=active,ex"), ["active,expired"]);
    for command in ["resend-invite", "cancel-invite"] {
        assert_eq!(bash(&format!("dci {command} --all-invited --status ")), ["pending", "expired", "cancelled"]);
        assert_eq!(bash(&format!("dci {command} --all-invited --status expired,p")), ["expired,pending"]);
    }
    assert_eq!(bash("dci list-users --color "), ["auto", "always", "never"]);
    assert_eq!(bash("dci -o "), [&["auto"], &FORMATS[..]].concat());
    assert!(bash("dci completion ").starts_with(&SHELLS.map(str::to_owned)));
    assert_eq!(bash("dci schema Org"), ["Organization"]);
    assert_eq!(bash("dci resend-invite --dry-run="), ["true", "false"]);
}

#[test]
fn bash_completes_values_with_spaces_in_any_quotes() {
    let plain = r"Finance\ /\ Accounting";
    for (typed, completed) in
        [("Fin", plain), ("'Fin", "Finance / Accounting"), ("\"Fin", "Finance / Accounting"), ("=Fin", plain)]
    {
        let space = if typed.starts_with('=') { "" } else { " " };
        assert_eq!(bash(&format!("dci invite-user --job-title{space}{typed}")), [completed], "{typed}");
    }
    assert_eq!(bash("dci invite-user --job-title ").len(), InviteUserRequestJobTitle::ALL.len());
}

#[test]
fn bash_completes_neither_targets_nor_files() {
    let found = bash("dci resend-invite ");
    assert!(!found.is_empty() && found.iter().all(|word| word.starts_with('-')), "{found:?}");
    for line in ["dci resend-invite Car", "dci invite-user --role Car", "dci resend-invite ada@exam", "dci -- "] {
        let found = bash(line);
        assert!(found.iter().all(|word| !word.contains("Cargo")), "{line}: {found:?}");
    }
    assert_eq!(bash("dci resend-invite Car"), [""; 0]);
}

/// Presses Tab and then Enter in an interactive bash.
#[test]
fn what_bash_completes_is_accepted() {
    for typed in ["'Fin", "\"Fin", "Fin", "--job-title=Fin", "--job-title='Fin", r"Finance\ /\ A"] {
        let flag = if typed.starts_with("--") { "" } else { "--job-title " };
        let mut command = Command::new("bash");
        command.args(["--norc", "--noprofile"]).env("PATH", path()).env("PS1", "ready> ").env("TERM", "dumb");
        command.env("INPUTRC", "/dev/null").env_remove("PROMPT_COMMAND");
        let mut bash = Terminal::start(command, 200);
        bash.wait_for("ready> ");
        bash.type_text("source <(dci completion bash) && echo load''ed\n");
        bash.wait_for("loaded");
        bash.type_text(&format!("dci --sandbox update-user user-active {flag}{typed}\t"));
        bash.wait_for("Accounting");
        bash.type_text("\necho code: $?; exit 0\n");
        let ended = bash.end();
        assert!(ended.written.contains("code: 0"), "{typed}: {}", ended.written);
    }
}

fn fish(line: &str) -> Option<Vec<String>> {
    let program = format!("dci completion fish | source; complete -C \"{}\"", line.replace('"', "\\\""));
    let found = run("fish", &program)?;
    Some(found.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect())
}

#[test]
fn fish_completes_commands_and_values() {
    let Some(commands) = fish("dci resend") else { return };
    assert_eq!(commands, ["resend-invite"]);
    for (line, values) in [
        ("dci list-users --output t", &["table", "toon"][..]),
        ("dci completion p", &["powershell"]),
        ("dci invite-user --job-title Data", &["Data Engineer / Data Analysts"]),
        ("dci invite-user --job-title 'Fin", &["Finance / Accounting"]),
        ("dci invite-user --job-title \"Fin", &["Finance / Accounting"]),
        ("dci invite-user --job-title=Fin", &["--job-title=Finance / Accounting"]),
        ("dci resend-invite Car", &[]),
        ("dci invite-user --role ", &[]),
    ] {
        assert_eq!(fish(line).expect("it is installed"), values, "{line}");
    }
}

#[test]
fn zsh_completes_commands_and_values() {
    let folder = std::env::temp_dir().join(format!("dci-completion-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("_dci"), script("zsh")).expect("a file");
    // This zsh types into another one in a pseudo-terminal, and waits at most 30 s for its completions.
    let program = format!(
        "zmodload zsh/zpty; (sleep 30; kill $$) >/dev/null 2>&1 & zpty z zsh -f -i\n\
         zpty -w z 'PS1=; fpath=({} $fpath); autoload -U compinit; compinit -u -D; print com''plete'\n\
         zpty -r z seen '*complete*'\n\
         zpty -n -w z $'dci update-u\\t'; zpty -r z seen '*update-user*'\n\
         zpty -n -w z $'--output too\\t'; zpty -r z seen '*toon*'\n\
         zpty -n -w z $'--job-title \\'Fin\\t'; zpty -r z seen '*Finance / Acc*'\n\
         zpty -n -w z $'--language=j\\t'; zpty -r z seen '*ja*'\n\
         zpty -n -w z $'--phone-e\\t'; zpty -r z seen '*phone-extension*'\n\
         zpty -d z; kill %1; print completed",
        folder.display()
    );
    let printed = run("zsh", &program);
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert!(printed.is_none_or(|printed| printed.contains("completed")));
}

#[test]
fn powershell_and_elvish_get_a_script_too() {
    assert!(script("powershell").contains("Register-ArgumentCompleter -Native -CommandName dci"));
    assert!(script("elvish").contains("edit:completion:arg-completer[dci]"));
}

/// Calls the program like the completion scripts.
#[test]
fn every_shell_gets_candidates() {
    for shell in SHELLS {
        let run = match shell {
            "bash" => dci(&["--", "dci resend-in", "resend-in"]),
            _ => dci(&["--", "dci", "resend-in"]),
        };
        let finished = run.env("COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", "1").finish();
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{shell}");
        assert!(finished.stdout.starts_with("resend-invite"), "{shell}: {}", finished.stdout);
    }
}

/// Another program may use the variable.
#[test]
fn the_completion_variable_does_not_affect_a_call() {
    for value in ["", "0", "1", "true", "bash", "fish"] {
        let finished = dci(&["--version"]).env("COMPLETE", value).finish();
        assert_eq!(finished.stdout, format!("dci {}\n", env!("CARGO_PKG_VERSION")), "{value}");
    }
}
