//! The program `dci`: a small clap layer over the [client](crate::client).
//!
//! A command knows neither HTTP nor the terminal: it calls the client and returns a `Report` or a `CliError`;
//! `output` shows either of them.

// Doc comments are help texts here, which a terminal shows as they are.
#![allow(clippy::doc_markdown)]

mod browser;
mod call;
mod command_line;
mod commands;
mod completion;
mod confirmation;
mod context;
mod credential;
mod error;
mod escape;
mod exit_code;
mod global;
mod help;
mod interrupts;
mod invites;
mod log;
mod lookup;
mod many;
mod output;
mod panics;
mod setting;
mod spec_enum;
mod target;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use command_line::CommandLine;
pub use command_line::command;
use context::Context;
use error::CliError;
pub use help::{Body, Section, reference};
use output::{Output, Report};

/// Runs the program with these arguments, the first of which is its name. It sets the panic hook of the process.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let output = Output::before_parsing(&args);
    panics::show_in(output.clone());
    panics::caught(|| match completion::requested(&args) {
        Some(candidates) => complete(candidates),
        None => execute(&args, output),
    })
}

/// Shows a shell what completes its line.
fn complete(candidates: io::Result<String>) -> ExitCode {
    let shown = candidates.map_err(CliError::io).and_then(|candidates| output::text(&candidates));
    // The shell keeps the line as it is.
    shown.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn execute(args: &[OsString], mut output: Output) -> ExitCode {
    let outcome = parse(args, &output).and_then(|typed| {
        let Some(typed) = typed else { return Ok(()) };
        output = typed.output()?;
        run(typed, args, &output)
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
fn parse(args: &[OsString], output: &Output) -> Result<Option<CommandLine>, CliError> {
    match CommandLine::parse(args, output.color().into(), output.help_styles()) {
        Ok(typed) => Ok(Some(typed)),
        Err(error) if error.use_stderr() => Err(CliError::arguments(error)),
        Err(help) => output.help(&help).map(|()| None),
    }
}

fn run(typed: CommandLine, args: &[OsString], output: &Output) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::io)?;
    if typed.command.is_logged() {
        log::start(&typed.global)?;
    }
    let context = Context::new(typed.global, args, output)?;
    let report = runtime.block_on(typed.command.run(&context));
    // A look-up of a name that hangs is not waited for.
    runtime.shutdown_background();
    output.report(report?)
}
