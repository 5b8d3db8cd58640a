use clap::ValueHint;
use clap_complete::{Shell, generate};

use super::command_line;

/// What makes a shell complete the command line.
pub(super) fn script(shell: Shell) -> String {
    let mut command = each_command(without_files(command_line::command()), without_files);
    let mut script = Vec::new();
    generate(shell, &mut command, "dci", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => {
            // Where nothing is completed, files are not either.
            let script = script.replace(" -o bashdefault -o default", "");
            values_with_spaces(&command).fold(script, |script, values| whole_in_bash(&script, &values))
        }
        Shell::Fish => {
            values_with_spaces(&command).flatten().fold(script, |script, value| whole_in_fish(&script, &value))
        }
        _ => script,
    }
}

/// The command line with each of its commands changed.
fn each_command(command: clap::Command, change: impl Fn(clap::Command) -> clap::Command) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| command.mut_subcommand(name, &change))
}

/// No argument is the name of a file.
fn without_files(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let takes_values = argument.get_action().takes_values() && argument.get_possible_values().is_empty();
        if takes_values { argument.value_hint(ValueHint::Other) } else { argument }
    })
}

/// The values of each argument that has one with a space, which clap's scripts for some shells take for several.
fn values_with_spaces(command: &clap::Command) -> impl Iterator<Item = Vec<String>> {
    let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let values = arguments.map(|argument| {
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect::<Vec<_>>()
    });
    let has_space = |values: &Vec<String>| values.iter().any(|value| value.contains(' '));
    values.filter(has_space).collect::<std::collections::BTreeSet<_>>().into_iter()
}

/// `compgen` and what it answers are split at line ends alone, and what is put on the command line has its spaces
/// escaped.
fn whole_in_bash(script: &str, values: &[String]) -> String {
    let split = format!("COMPREPLY=($(compgen -W \"{}\" -- \"${{cur}}\"))", values.join(" "));
    let lines = values.join("\\n").replace(' ', r"\\ ");
    let whole = format!(
        r#"local IFS=$'\n'; COMPREPLY=($(compgen -W $'{lines}' -- "${{cur}}")); [[ ${{cur}} == [\"\']* ]] || COMPREPLY=("${{COMPREPLY[@]// /\\ }}")"#
    );
    script.replace(&split, &whole)
}

/// A line of the list of values is one word.
fn whole_in_fish(script: &str, value: &str) -> String {
    script.replace(&format!(r"{value}\t"), &format!(r"{}\t", value.replace(' ', r"\ ")))
}
