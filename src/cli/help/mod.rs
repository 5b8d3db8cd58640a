//! The command line as clap knows it: the hand-written arguments, with the document's words about the operations.

mod pager;
mod prose;
mod reference;

use clap::CommandFactory;
use clap::builder::{PossibleValue, StyledStr, Styles};

use super::Cli;
use crate::operation::{OPERATIONS, Operation};

pub(super) use pager::page;
pub use reference::{Body, Section};

/// The widest that help is.
pub(super) const MAX_WIDTH: usize = 100;

/// The command line as it is typed, without the help that few runs ask for: making that takes longer than a call.
///
/// A command that is named after an operation has an alias without the dashes.
pub(super) fn arguments() -> clap::Command {
    let command = Cli::command().max_term_width(MAX_WIDTH).styles(Styles::styled());
    OPERATIONS.iter().map(|operation| operation.rust_name.replace('_', "-")).fold(command, |command, name| {
        let alias = name.replace('-', "");
        if alias == name || command.find_subcommand(&name).is_none() {
            return command;
        }
        command.mut_subcommand(name, |command| command.visible_alias(alias))
    })
}

/// The same with the short help, which is a screen of each command.
pub(super) fn with_short_help() -> clap::Command {
    let command = each_command(arguments(), |command| {
        let name = command.get_name().to_owned();
        let operation = Operation::named(&name.replace('-', "_"));
        let command = match operation {
            Some(operation) => command.about(operation.summary),
            None => command,
        };
        command
            .mut_args(with_values_in_long_help)
            .after_help(format!("More flags, and the whole page: dci {name} --help"))
    });
    command.mut_args(with_values_in_long_help).after_help("More flags: dci --help. About one command: dci <COMMAND> -h")
}

/// The whole command line, with its help for a terminal. What is named after an operation is described by the document.
#[must_use]
pub fn command() -> clap::Command {
    let command = each_command(with_short_help(), |command| {
        let sections = terminal(&reference::sections(&command));
        let command = match Operation::named(&command.get_name().replace('-', "_")) {
            Some(operation) => {
                let description = prose::wrapped(operation.description, width());
                command.long_about(format!("{}\n\n{description}", operation.summary))
            }
            None => command,
        };
        command.after_long_help(sections)
    });
    let sections = terminal(&reference::sections(&command));
    command.after_long_help(sections)
}

/// The command line with each of its commands changed.
pub(super) fn each_command(command: clap::Command, change: impl Fn(clap::Command) -> clap::Command) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| command.mut_subcommand(name, &change))
}

/// The values that an argument can have are listed in the long help, so that the short one stays within a screen.
fn with_values_in_long_help(argument: clap::Arg) -> clap::Arg {
    let values = argument.get_possible_values();
    if values.is_empty() || !argument.get_action().takes_values() || argument.is_hide_possible_values_set() {
        return argument;
    }
    let line = |value: &PossibleValue| match value.get_help() {
        Some(help) => format!("- {}: {help}", value.get_name()),
        None => format!("- {}", value.get_name()),
    };
    let lines: Vec<String> = values.iter().map(line).collect();
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    argument.long_help(format!("{help}\n\nPossible values:\n{}", lines.join("\n"))).hide_possible_values(true)
}

/// What the help of a command says beside its arguments: examples, request, responses, exit codes and so on. None of
/// a name that is no command's.
#[must_use]
pub fn reference(name: &str) -> Vec<Section> {
    let command = Cli::command();
    let found = command.get_subcommands().find(|command| command.get_name() == name).cloned();
    found.map(|command| reference::sections(&command)).unwrap_or_default()
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
        // Inside of the style, since clap's wrapping takes what begins with one for the end of the line before it.
        let separator = if text.is_empty() { "" } else { "\n\n" };
        text.extend([&format!("{heading}{separator}{title}:{heading:#}\n"), &indented.join("\n")].map(String::as_str));
    }
    text.into()
}

/// As wide as clap's own help.
fn width() -> usize {
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let width = terminal.or_else(|| std::env::var("COLUMNS").ok()?.parse().ok());
    width.map_or(MAX_WIDTH, |width| width.clamp(20, MAX_WIDTH))
}
