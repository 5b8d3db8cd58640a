//! The help pages. Texts about operations come from the spec, all others from the commands.

mod prose;
mod reference;

use clap::builder::{PossibleValue, StyledStr, Styles};

use super::commands::DEFINITIONS;
use crate::operation::Operation;

pub use reference::{Body, Section};
pub(super) use reference::{exit_codes, own_sections};

/// The greatest width of help.
pub(super) const MAX_WIDTH: usize = 100;

/// Adds the short help, at most a screen, to a command or to the program itself.
pub(super) fn short(command: clap::Command) -> clap::Command {
    let more = match command.get_name() {
        "dci" => "All flags: dci --help. Help for a command: dci <COMMAND> -h".to_owned(),
        name => format!("All flags and details: dci {name} --help"),
    };
    let command = match Operation::of_command(command.get_name()) {
        Some(operation) => command.about(operation.summary),
        None => command,
    };
    command.mut_args(with_values).after_help(more)
}

/// Adds the short help and the whole page. The spec describes the commands that are named after an operation.
pub(super) fn long(command: clap::Command) -> clap::Command {
    let command = short(command);
    let sections = terminal(&reference::sections(&command));
    let command = match Operation::of_command(command.get_name()) {
        Some(operation) => {
            let description = prose::wrapped(operation.description, width());
            command.long_about(format!("{}\n\n{description}", operation.summary))
        }
        None => command,
    };
    command.after_long_help(sections)
}

/// The longest list of values in the short help, in characters.
const MAX_VALUES: usize = 50;

/// Lists the values of an argument: one per line in the long help, and behind the text in the short help if they fit.
fn with_values(argument: clap::Arg) -> clap::Arg {
    let values = argument.get_possible_values();
    if values.is_empty() || !argument.get_action().takes_values() || argument.is_hide_possible_values_set() {
        return argument;
    }
    let line = |value: &PossibleValue| match value.get_help() {
        Some(help) => format!("- {}: {help}", value.get_name()),
        None => format!("- {}", value.get_name()),
    };
    let lines: Vec<String> = values.iter().map(line).collect();
    let names = values.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join(", ");
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let long_help = argument.get_long_help().map_or_else(|| help.clone(), ToString::to_string);
    let help = if names.len() <= MAX_VALUES {
        // Notes such as the default stay last.
        let (text, notes) = help.split_at(help.find(" [").unwrap_or(help.len()));
        format!("{text}: {names}{notes}")
    } else {
        help
    };
    let long_help = format!("{long_help}\n\nPossible values:\n{}", lines.join("\n"));
    argument.help(help).long_help(long_help).hide_possible_values(true)
}

/// The sections of a command's help after its arguments: examples, request, responses, exit codes and so on. Empty if
/// the command is unknown.
pub fn reference(name: &str) -> Vec<Section> {
    let definition = DEFINITIONS.iter().find(|definition| definition.name == name);
    definition.map(|definition| reference::sections(&definition.command())).unwrap_or_default()
}

fn terminal(sections: &[Section]) -> StyledStr {
    let styles = Styles::styled();
    let heading = styles.get_header();
    let mut text = String::new();
    for Section { title, body } in sections {
        let lines = match body {
            Body::Text(lines) => lines.clone(),
            Body::Prose(markdown) => prose::wrapped(markdown, width() - 2),
            Body::Json(json) => json.clone(),
        };
        let indented: Vec<String> = lines.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect();
        // The separator is inside the style, because clap joins a line that begins with a style to the line before.
        let separator = if text.is_empty() { "" } else { "\n\n" };
        text.extend([&format!("{heading}{separator}{title}:{heading:#}\n"), &indented.join("\n")].map(String::as_str));
    }
    text.into()
}

/// The width of clap's own help.
fn width() -> usize {
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let width = terminal.or_else(|| std::env::var("COLUMNS").ok()?.parse().ok());
    width.map_or(MAX_WIDTH, |width| width.clamp(20, MAX_WIDTH))
}
