//! The words of the help: the document's about the operations, and beside the arguments what they do not say.

mod pager;
mod prose;
mod reference;

use std::borrow::Cow;

use clap::builder::{PossibleValue, StyledStr, Styles};

use super::commands::{DEFINITIONS, Definition};
use crate::operation::Operation;

pub(super) use pager::page;
pub use reference::{Body, Section};

/// The widest that help is.
pub(super) const MAX_WIDTH: usize = 100;

/// The command, which may be the program itself, with the short help: a screen of it.
pub(super) fn short(command: clap::Command) -> clap::Command {
    let more = match command.get_name() {
        "dci" => "More flags: dci --help. About one command: dci <COMMAND> -h".to_owned(),
        name => format!("More flags, and the whole page: dci {name} --help"),
    };
    let command = match Operation::of_command(command.get_name()) {
        Some(operation) => command.about(operation.summary),
        None => command,
    };
    command.mut_args(with_values_in_long_help).after_help(more)
}

/// The program with its short help, which lists all commands. clap, which lists those that it knows, would take half as
/// long again.
pub(super) fn overview(program: clap::Command) -> clap::Command {
    let styles = program.get_styles();
    let (header, literal) = (*styles.get_header(), *styles.get_literal());
    let longest = DEFINITIONS.iter().map(|definition| definition.name.len()).max().unwrap_or_default();
    let mut template = format!("{{about}}\n\n{{usage-heading}} {{usage}}\n\n{header}Commands:{header:#}\n");
    for definition in DEFINITIONS {
        let (name, about) = (definition.name, about(definition));
        let space = " ".repeat(longest - name.len());
        template.extend([&format!("  {literal}{name}{literal:#}{space}  "), &*about, "\n"]);
    }
    short(program)
        .mut_args(|argument| argument.global(false).help_heading(None))
        .help_template(template + "\n{all-args}{after-help}")
}

/// What a command does, in a few words.
fn about(definition: &Definition) -> Cow<'static, str> {
    match Operation::of_command(definition.name) {
        Some(operation) => operation.summary.into(),
        None => definition.command().get_about().map(ToString::to_string).unwrap_or_default().into(),
    }
}

/// The same with the whole page too. What is named after an operation is described by the document.
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
