//! The catalogue of commands for scripts and agents, made from clap, the spec and the exit codes.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};
use serde_json::{Value, json};

use super::command_line::without_help;
use super::commands::DEFINITIONS;
use super::exit_code::ExitCode;
use super::help::{self, Body};
use crate::operation::Operation;

/// All commands, in the order of the help.
pub(super) fn catalogue() -> Value {
    let mut program = without_help();
    program.build();
    let commands: Vec<Value> = DEFINITIONS
        .iter()
        .filter_map(|definition| {
            let command = program.find_subcommand(definition.name)?;
            Some(entry(command, definition.changes_something(), definition.asks()))
        })
        .collect();
    json!({
        "name": program.get_name(),
        "version": program.get_version(),
        "summary": text(program.get_about()),
        "flags": flags(&program, |_| true),
        "commands": commands,
    })
}

fn entry(command: &Command, changes: bool, asks: Option<&str>) -> Value {
    let name = command.get_name();
    let operation = Operation::of_command(name);
    let (summary, details) = match operation {
        Some(operation) => (Some(operation.summary.to_owned()), Some(operation.description.to_owned())),
        None => (text(command.get_about()), text(command.get_long_about())),
    };
    let usage = command.clone().render_usage().to_string();
    let usage: Vec<&str> = usage.trim_start_matches("Usage:").lines().map(str::trim).collect();
    let arguments = command.get_positionals().filter(|arg| !arg.is_hide_set());
    json!({
        "name": name,
        "aliases": command.get_all_aliases().collect::<Vec<_>>(),
        "summary": summary,
        "details": details,
        "usage": usage,
        "operation": operation.map(|operation| json!({
            "id": operation.id,
            "method": operation.method,
            "path": operation.path,
            "permission": operation.permission(),
        })),
        "changes": changes,
        "asks": asks,
        "arguments": arguments.map(argument).collect::<Vec<_>>(),
        "flags": flags(command, |arg| !arg.is_global_set() && arg.get_id() != "help"),
        "exitCodes": help::exit_codes(name).into_iter().map(exit_code).collect::<Vec<_>>(),
        "examples": examples(command),
    })
}

fn argument(arg: &Arg) -> Value {
    json!({
        "name": value_name(arg),
        "values": values(arg),
        "required": arg.is_required_set(),
        "repeats": matches!(arg.get_action(), ArgAction::Append),
        "help": text(arg.get_help()),
        "details": text(arg.get_long_help()),
    })
}

fn flags(command: &Command, is_wanted: impl Fn(&Arg) -> bool) -> Vec<Value> {
    let shown = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    shown.filter(|arg| is_wanted(arg)).map(flag).collect()
}

fn flag(arg: &Arg) -> Value {
    let takes_value = arg.get_action().takes_values();
    let defaults = arg.get_default_values().iter().filter(|_| takes_value);
    json!({
        "name": arg.get_long().map(|long| format!("--{long}")),
        "short": arg.get_short().map(|short| format!("-{short}")),
        "value": takes_value.then(|| value_name(arg)),
        "valueIsOptional": takes_value && arg.get_num_args().is_some_and(|range| range.min_values() == 0),
        "values": values(arg),
        "default": defaults.map(|value| value.to_string_lossy().into_owned()).next(),
        "required": arg.is_required_set(),
        "repeats": matches!(arg.get_action(), ArgAction::Append),
        "help": text(arg.get_help()),
        "details": text(arg.get_long_help()),
    })
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string)
}

/// The allowed values; null if others are allowed too.
fn values(arg: &Arg) -> Option<Vec<String>> {
    let values = if arg.get_action().takes_values() { arg.get_possible_values() } else { Vec::new() };
    let names = values.iter().filter(|value| !value.is_hide_set()).map(PossibleValue::get_name);
    (!values.is_empty()).then(|| names.map(str::to_owned).collect())
}

fn exit_code(code: ExitCode) -> Value {
    json!({ "number": code.number(), "name": code.name(), "meaning": code.meaning() })
}

/// The examples of the help. Two spaces separate a command line and its description, which a line that begins with a
/// space continues.
fn examples(command: &Command) -> Vec<Value> {
    let mut examples: Vec<(String, String)> = Vec::new();
    for section in help::own_sections(command).iter().filter(|section| section.title == "Examples") {
        let Body::Text(text) = &section.body else { continue };
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some((_, description)) = examples.last_mut().filter(|_| line.starts_with(' ')) {
                description.push(' ');
                description.push_str(line.trim());
            } else {
                let (command_line, description) = line.split_once("  ").unwrap_or((line, ""));
                examples.push((command_line.to_owned(), description.to_owned()));
            }
        }
    }
    let description = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let example = |(command, text)| json!({ "command": command, "description": description(text) });
    examples.into_iter().map(example).collect()
}

fn text(text: Option<&clap::builder::StyledStr>) -> Option<String> {
    text.map(ToString::to_string)
}
