//! The program `dci`: a small clap layer over the [client](crate::client).
//!
//! A command knows neither HTTP nor the terminal: it calls the client and returns a `Report` or a `CliError`, which
//! `output` prints.

// Doc comments are help texts, and a terminal does not render Markdown.
#![allow(clippy::doc_markdown)]

mod browser;
mod bulk;
mod call;
mod catalogue;
mod command_line;
mod commands;
mod completion;
mod confirmation;
mod context;
mod credential;
mod error;
mod escape;
mod exit_code;
mod formula;
mod found;
mod global;
mod help;
mod interrupts;
mod known_users;
mod lines;
mod listed_user;
mod log;
mod lookup;
mod named;
mod output;
mod pages;
mod panics;
mod people;
mod picker;
mod scope;
mod setting;
mod shell;
mod sign_ins;
mod spec_enum;
mod stop_reason;
mod suggestion;
mod target;
mod user_status;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use command_line::CommandLine;
pub use command_line::command;
use context::Context;
use error::CliError;
pub use help::{Body, Section, reference};
use output::{Output, Report};

/// Runs the program with these arguments, the first of which is its name. Sets the panic hook of the process.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().map(without_carriage_return).collect();
    let output = Output::before_parsing(&args);
    panics::end_with_error(output.clone());
    match completion::requested(&args) {
        Some(candidates) => complete(candidates),
        None => execute(&args, output),
    }
}

/// Removes the rest of a Windows line end, which shells and `xargs` leave at the end of an argument.
fn without_carriage_return(argument: OsString) -> OsString {
    match argument.to_str() {
        Some(text) if text.ends_with('\r') => text.trim_end_matches('\r').into(),
        _ => argument,
    }
}

/// Prints the candidates for a shell.
fn complete(candidates: io::Result<String>) -> ExitCode {
    let printed = candidates.map_err(CliError::io).and_then(|candidates| output::text(&candidates));
    // On failure the shell leaves the line unchanged.
    printed.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn execute(args: &[OsString], mut output: Output) -> ExitCode {
    let outcome = parse(args, &output).and_then(|command_line| {
        let Some(command_line) = command_line else { return Ok(()) };
        output = command_line.output()?;
        run(command_line, args, &output)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code().number())
        }
    }
}

/// Parses the arguments. Returns `None` after printing help or the version.
fn parse(args: &[OsString], output: &Output) -> Result<Option<CommandLine>, CliError> {
    match CommandLine::parse(args, output.help_styles()) {
        Ok(command_line) => Ok(Some(command_line)),
        Err(error) if error.use_stderr() => Err(CliError::arguments(error)),
        Err(help) => output.help(&help).map(|()| None),
    }
}

fn run(command_line: CommandLine, args: &[OsString], output: &Output) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::io)?;
    if command_line.command.is_logged() {
        log::start(&command_line.global)?;
    }
    let context = Context::new(command_line.global, args, output)?;
    let report = runtime.block_on(command_line.command.run(&context));
    // Do not wait for a DNS lookup that hangs.
    runtime.shutdown_background();
    output.report(report?)
}
