//! The command line as clap knows it: the program, its global flags, and the commands.
//!
//! To describe all commands, or any of their help, takes longer than a call. So the arguments are parsed with the
//! commands that they name alone; the rest is made when it turns out to be needed.

use std::ffi::OsString;

use clap::builder::Styles;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use super::commands::{Command, DEFINITIONS, Definition};
use super::error::CliError;
use super::global::GlobalArgs;
use super::help;
use super::output::Output;
use crate::operation::Operation;

/// Manage the users and invites of a DoiT customer
///
/// dci prints results to stdout and everything else to stderr. The default output format is a table at a terminal, and
/// JSON otherwise; `--output` overrides it.
#[derive(Debug, Parser)]
#[command(name = "dci", version, arg_required_else_help = true, subcommand_required = true)]
#[command(override_usage = "dci [OPTIONS] <COMMAND>")]
struct Program {
    #[command(flatten)]
    global: GlobalArgs,
}

/// What was typed.
#[derive(Debug)]
pub(super) struct CommandLine {
    pub global: GlobalArgs,
    pub command: Command,
}

impl CommandLine {
    /// How to show what comes of it.
    pub fn output(&self) -> Result<Output, CliError> {
        if self.command.has_format() { self.global.output() } else { self.global.output_without_format() }
    }

    /// Reads the arguments, the first of which is the name of the program. Help and the version are errors to clap.
    pub fn parse(args: &[OsString], color: clap::ColorChoice, help_styles: Styles) -> Result<Self, clap::Error> {
        let named: Vec<&Definition> = DEFINITIONS.iter().filter(|definition| is_named(definition, args)).collect();
        let parse = |program: clap::Command| program.color(color).try_get_matches_from(args);
        let asked = help_asked_for(args);
        let light = match asked {
            None => Some(program().subcommands(named.iter().copied().map(typed))),
            Some(Help::Short) if is_of_program(args) => Some(help::overview(program().styles(help_styles))),
            Some(_) => None,
        };
        let is_said = |error: &clap::Error| match error.kind() {
            ErrorKind::DisplayVersion => true,
            ErrorKind::DisplayHelp => asked.is_some(),
            _ => false,
        };
        let matches = match light.map(parse) {
            Some(Ok(matches)) if matches.subcommand().is_some() => matches,
            Some(Err(error)) if is_said(&error) => return Err(error),
            // What is said may need more than is described so far.
            _ => parse(described(asked))?,
        };
        let refuse = |(kind, text): (ErrorKind, String)| program().error(kind, text);
        let command = Command::from_matches(&matches)?;
        let command =
            command.ok_or_else(|| refuse((ErrorKind::MissingSubcommand, "a command is required".to_owned())))?;
        let global = Program::from_arg_matches(&matches)?.global;
        global.check().map_err(refuse)?;
        Ok(Self { global, command })
    }
}

/// The program without its commands.
fn program() -> clap::Command {
    Program::command().max_term_width(help::MAX_WIDTH).styles(Styles::styled())
}

/// The whole command line, with its help for a terminal.
#[must_use]
pub fn command() -> clap::Command {
    help::long(program().subcommands(DEFINITIONS.iter().map(|definition| help::long(typed(definition)))))
}

/// The same with its short help.
pub(super) fn summarized() -> clap::Command {
    help::short(program()).subcommands(DEFINITIONS.iter().map(|definition| help::short(typed(definition))))
}

/// The same with as much of its help as is asked for.
fn described(asked: Option<Help>) -> clap::Command {
    match asked {
        Some(Help::Short) => summarized(),
        Some(Help::Long) | None => command(),
    }
}

#[derive(Clone, Copy)]
enum Help {
    Short,
    Long,
}

fn help_asked_for(args: &[OsString]) -> Option<Help> {
    let asks_with = |flag: &str| args.iter().any(|arg| arg == flag);
    match (asks_with("--help"), asks_with("-h")) {
        (true, _) => Some(Help::Long),
        (false, true) => Some(Help::Short),
        (false, false) => None,
    }
}

/// A command as it is typed; one that is named after an operation has an alias without the dashes.
fn typed(definition: &Definition) -> clap::Command {
    match alias(definition.name) {
        Some(alias) => definition.command().visible_alias(alias),
        None => definition.command(),
    }
}

fn alias(name: &str) -> Option<String> {
    let has_one = name.contains('-') && Operation::of_command(name).is_some();
    has_one.then(|| name.replace('-', ""))
}

/// Whether `-h` stands before any command.
fn is_of_program(args: &[OsString]) -> bool {
    let before: Vec<OsString> = args.iter().take_while(|arg| *arg != "-h").cloned().collect();
    !DEFINITIONS.iter().any(|definition| is_named(definition, &before))
}

/// Whether the arguments may be meant for the command.
fn is_named(definition: &Definition, args: &[OsString]) -> bool {
    args.iter().skip(1).any(|arg| arg == definition.name || alias(definition.name).is_some_and(|alias| *arg == *alias))
}
