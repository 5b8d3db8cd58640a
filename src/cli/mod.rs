//! The program `dci`: a small clap layer over the [client](crate::client).
//!
//! A command knows neither HTTP nor the terminal: it calls the client and returns a `Report` or a `CliError`;
//! `output` shows either of them.

// Doc comments are help texts here, which a terminal shows as they are.
#![allow(clippy::doc_markdown)]

mod call;
mod commands;
mod completion;
mod confirmation;
mod context;
mod directory;
mod document_values;
mod error;
mod exit_code;
mod global;
mod help;
mod interrupts;
mod invites;
mod log;
mod many;
mod output;
mod target;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{FromArgMatches, Parser};

use commands::Command;
use context::Context;
use error::CliError;
use global::GlobalArgs;
pub use help::{Body, Section, command, reference};
use output::{Output, Report};

/// The invites and users of a DoiT customer, exactly once each
///
/// Results go to stdout and everything else to stderr. At a terminal they are for people, otherwise JSON;
/// `--output` says which.
#[derive(Debug, Parser)]
#[command(name = "dci", version, arg_required_else_help = true, override_usage = "dci [OPTIONS] <COMMAND>")]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,

    #[command(subcommand)]
    command: Command,
}

/// Runs the program with these arguments, the first of which is its name.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut output = Output::for_wrong_arguments(&args);
    let outcome = parse(&args, &output).and_then(|cli| {
        let Some(cli) = cli else { return Ok(()) };
        output = Output::new(&cli.global)?;
        run(cli, &args, &output)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code().number())
        }
    }
}

/// The arguments as a command; none when they ask for help or the version, which is then printed.
fn parse(args: &[OsString], output: &Output) -> Result<Option<Cli>, CliError> {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand};
    let color = output.color().into();
    let parsed = help::arguments().color(color).try_get_matches_from(args).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok(Cli { global: cli.global.settle(&matches)?, ..cli })
    });
    let error = match parsed {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => error,
    };
    // Only now the help is needed, and the same arguments ask for it again.
    let error = match error.kind() {
        DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand => {
            let is_short = args.iter().any(|arg| arg == "-h") && !args.iter().any(|arg| arg == "--help");
            let command = if is_short { help::with_short_help() } else { help::command() };
            command.color(color).try_get_matches_from(args).err().unwrap_or(error)
        }
        _ => error,
    };
    if error.use_stderr() { Err(CliError::arguments(error)) } else { output.help(&error).map(|()| None) }
}

fn run(cli: Cli, args: &[OsString], output: &Output) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::io)?;
    log::start(&cli.global)?;
    let context = Context::new(cli.global, args, output)?;
    let report = runtime.block_on(context.interrupts.heard_during(cli.command.run(&context)));
    // A look-up of a name that hangs is not waited for.
    runtime.shutdown_background();
    let report = report.map_err(CliError::io)??;
    let shown = output.report(&report);
    match (shown, report.into_ending()) {
        (Err(unwritable), Err(ending)) => {
            output.error(&unwritable);
            Err(ending)
        }
        (shown, ending) => shown.and(ending),
    }
}
