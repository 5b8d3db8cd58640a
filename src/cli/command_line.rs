//! Describes the command line to clap, and parses it.
//!
//! Describing every command and its help takes longer than an API call. So the arguments are first parsed with only the
//! commands that they name, and without help. Help and errors may need the rest.

use std::ffi::OsString;

use clap::builder::Styles;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser};
use indexmap::IndexSet;

use super::commands::{Command, DEFINITIONS, Definition};
use super::error::CliError;
use super::global::GlobalArgs;
use super::help;
use super::output::Output;
use super::picker;
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

/// A parsed command line.
#[derive(Debug)]
pub(super) struct CommandLine {
    pub global: GlobalArgs,
    pub command: Command,
}

impl CommandLine {
    pub fn output(&self) -> Result<Output, CliError> {
        if self.command.has_format() { self.global.output() } else { self.global.output_without_format() }
    }

    /// Parses the arguments, the first of which is the name of the program. To clap, help and the version are errors.
    pub fn parse(args: &[OsString], help_styles: Styles) -> Result<Self, clap::Error> {
        let has_flag = |flag: &str| args.iter().any(|arg| arg == flag);
        let is_short_help = has_flag("-h") && !has_flag("--help");
        let parse = |program: clap::Command| program.try_get_matches_from(args);
        let fast = if has_flag("--help") {
            None
        } else if is_short_help {
            Some(with_short_help().styles(help_styles).disable_help_subcommand(true))
        } else {
            let named = DEFINITIONS.iter().filter(|definition| is_named(definition, args));
            Some(program().subcommands(named.map(with_alias)))
        };
        let matches = match fast.map(parse) {
            Some(Ok(matches)) if matches.subcommand().is_some() => matches,
            Some(Err(error)) if error.kind() == ErrorKind::DisplayVersion => return Err(error),
            Some(Err(error)) if error.kind() == ErrorKind::DisplayHelp && is_short_help => return Err(error),
            // An error message may need the commands that were not described.
            _ => parse(command()).or_else(|error| without_target(error, args)).map_err(suggest_names)?,
        };
        let invalid = |(kind, text): (ErrorKind, String)| program().error(kind, text);
        let command = Command::from_matches(&matches)?;
        let command =
            command.ok_or_else(|| invalid((ErrorKind::MissingSubcommand, "a command is required".to_owned())))?;
        let global = Program::from_arg_matches(&matches)?.global;
        global.check().map_err(invalid)?;
        Ok(Self { global, command })
    }
}

/// Parses a command line that lacks nothing but the target, if the user can choose one. Otherwise the error stays.
fn without_target(error: clap::Error, args: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let lacks_target = error.kind() == ErrorKind::MissingRequiredArgument
        && matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::Strings(missing))
            if matches!(&missing[..], [name] if name.starts_with("<TARGET>")));
    if !lacks_target || !picker::is_possible() {
        return Err(error);
    }
    let optional = |arg: Arg| if arg.is_positional() { Arg::new(arg.get_id().clone()) } else { arg };
    let optional = |command: clap::Command| command.mut_args(optional);
    let matches = command().mut_subcommands(optional).try_get_matches_from(args)?;
    // A run is resumed with the targets that it began with.
    let resumes = |(_, matches): (_, &ArgMatches)| matches.try_contains_id("resume").unwrap_or(false);
    if matches.subcommand().is_some_and(resumes) { Err(error) } else { Ok(matches) }
}

/// The program without its commands.
fn program() -> clap::Command {
    Program::command().max_term_width(help::MAX_WIDTH).styles(Styles::styled())
}

/// The whole command line, with the texts as the commands give them.
pub(super) fn without_help() -> clap::Command {
    program().subcommands(DEFINITIONS.iter().map(with_alias))
}

/// The whole command line, with its help for a terminal.
pub fn command() -> clap::Command {
    help::long(program().subcommands(DEFINITIONS.iter().map(|definition| help::long(with_alias(definition)))))
}

/// The whole command line, with the short help only.
pub(super) fn with_short_help() -> clap::Command {
    help::short(program()).subcommands(DEFINITIONS.iter().map(|definition| help::short(with_alias(definition))))
}

/// The command of a definition. A command named after an operation has an alias without the dashes.
fn with_alias(definition: &Definition) -> clap::Command {
    match alias(definition.name) {
        Some(alias) => definition.command().alias(alias),
        None => definition.command(),
    }
}

fn alias(name: &str) -> Option<String> {
    let has_alias = name.contains('-') && Operation::of_command(name).is_some();
    has_alias.then(|| name.replace('-', ""))
}

/// Replaces each alias that an error suggests by the name of its command: the help lists only names.
fn suggest_names(mut error: clap::Error) -> clap::Error {
    let name = |suggested: &String| {
        let definition = DEFINITIONS.iter().find(|definition| alias(definition.name).as_ref() == Some(suggested));
        definition.map_or_else(|| suggested.clone(), |definition| definition.name.to_owned())
    };
    if let Some(ContextValue::Strings(suggested)) = error.get(ContextKind::SuggestedSubcommand) {
        let names: IndexSet<String> = suggested.iter().map(name).collect();
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(names.into_iter().collect()));
    }
    error
}

/// Whether an argument is the command's name or alias.
fn is_named(definition: &Definition, args: &[OsString]) -> bool {
    args.iter().skip(1).any(|arg| arg == definition.name || alias(definition.name).is_some_and(|alias| *arg == *alias))
}
