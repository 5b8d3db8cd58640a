//! What real shells complete: bash, and zsh and fish where they are installed.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use crate::program::dci;

fn script(shell: &str) -> String {
    let finished = dci(&["completion", shell]).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    finished.stdout
}

/// What a shell says to a program of its own, with the folder of the built `dci` in its path.
fn run(shell: &str, program: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_BIN_EXE_dci")).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
    let output = Command::new(shell).args(["-c", program]).env("PATH", path).output();
    // Not installed.
    let output = output.ok()?;
    assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

fn bash(words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let program = format!(
        "source <(dci completion bash); compopt() {{ true; }}\n\
         COMP_WORDS=(dci {}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
         _dci dci \"${{COMP_WORDS[$COMP_CWORD]}}\" \"${{COMP_WORDS[$((COMP_CWORD - 1))]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" ")
    );
    run("bash", &program).expect("bash is needed").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    assert_eq!(bash(&["resend"]), ["resend-invite", "resendinvite"]);
    assert_eq!(bash(&["resend-invite", "--conc"]), ["--concurrency"]);
    assert_eq!(bash(&["list-users", "-o", "t"]), ["table", "toon"]);
    assert_eq!(bash(&["list-users", "--status", ""]), ["active", "invited"]);
    assert_eq!(bash(&["schema", "Org"]), ["Organization"]);
    assert_eq!(bash(&["completion", "p"]), ["powershell"]);
}

#[test]
fn bash_completes_values_with_spaces_as_they_are_typed() {
    for typed in ["", "Data\\ E", "Data"] {
        let found = bash(&["invite-user", "--job-title", typed]);
        assert_eq!(found[0], "Data\\ Engineer\\ /\\ Data\\ Analysts", "{typed:?}: {found:?}");
        assert_eq!(found.len(), if typed.is_empty() { 8 } else { 1 }, "{typed:?}: {found:?}");
    }
}

#[test]
fn bash_completes_no_targets_and_no_files() {
    let found = bash(&["resend-invite", ""]);
    assert!(found.iter().all(|word| word.starts_with('-')), "{found:?}");
    assert_eq!(bash(&["resend-invite", "Car"]), [""]);
    assert_eq!(bash(&["invite-user", "--role", "Car"]), ["Car"], "what is typed stays");
    assert!(!script("bash").contains("-o default"));
}

#[test]
fn bash_leaves_values_in_quotes_as_they_are() {
    let program = "source <(dci completion bash); COMP_WORDS=(dci invite-user --job-title '\"Soft'); COMP_CWORD=3; \
                   _dci dci '\"Soft' --job-title; printf '%s\\n' \"${COMPREPLY[@]}\"";
    assert_eq!(run("bash", program).expect("bash is needed").trim_end(), "Software / Ops Engineer");
}

#[test]
fn fish_completes_commands_and_values() {
    let fish = |line: &str| {
        run("fish", &format!("dci completion fish | source; complete -C '{line}'")).map(|found| {
            found.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        })
    };
    let Some(commands) = fish("dci resend") else { return };
    assert!(commands.contains(&"resend-invite".to_owned()), "{commands:?}");
    assert_eq!(fish("dci list-users --output t").expect("it is there"), ["table", "toon"]);
    let titles = fish("dci invite-user --job-title Data").expect("it is there");
    assert_eq!(titles, ["Data Engineer / Data Analysts"]);
}

#[test]
fn zsh_completes_commands_and_values() {
    let folder = std::env::temp_dir().join(format!("dci-completion-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("_dci"), script("zsh")).expect("a file");
    // Another zsh in a terminal of its own, at which this one types; what it completes is waited for, and not for ever.
    let program = format!(
        "zmodload zsh/zpty; (sleep 30; kill $$) >/dev/null 2>&1 & zpty z zsh -f -i\n\
         zpty -w z 'PS1=; fpath=({} $fpath); autoload -U compinit; compinit -u -D; print com''plete'\n\
         zpty -r z seen '*complete*'\n\
         zpty -n -w z $'dci resend-in\\t'; zpty -r z seen '*resend-invite*'\n\
         zpty -n -w z $'--output too\\t'; zpty -r z seen '*toon*'\n\
         zpty -n -w z $'--idempotency-k\\t'; zpty -r z seen '*idempotency-key*'\n\
         zpty -d z; kill %1; print completed",
        folder.display()
    );
    let said = run("zsh", &program);
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert!(said.is_none_or(|said| said.contains("completed")));
}

#[test]
fn powershell_and_elvish_get_a_script_too() {
    assert!(
        script("powershell").contains("Register-ArgumentCompleter") && script("powershell").contains("resend-invite")
    );
    assert!(
        script("elvish").contains("edit:completion:arg-completer[dci]") && script("elvish").contains("resend-invite")
    );
}
