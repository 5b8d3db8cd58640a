//! Log lines on stderr: waits at a terminal, each attempt with `-v`, and more with `DCI_LOG`.
//!
//! The client emits the events; this module selects and formats them.

use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets, dynamic_filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::error::CliError;
use super::global::GlobalArgs;
use super::output::{PlainStderr, is_run_shown};
use super::setting::Setting;

/// The environment variable with a filter.
const FILTER: &str = "DCI_LOG";

/// Starts the log. Flags take precedence over the variable.
pub(super) fn start(global: &GlobalArgs) -> Result<(), CliError> {
    let lines = fmt::layer().with_writer(|| PlainStderr).without_time().with_ansi(false);
    let variable = if global.verbose || global.quiet { None } else { Setting::from_env(FILTER) };
    let started = match (variable, level(global)) {
        (Some(variable), _) => {
            // Crate and level names are lower case.
            let filter: Targets = variable.text()?.to_lowercase().parse().map_err(|error| {
                CliError::usage(format!("{FILTER}: invalid filter {:?}: {error}", variable.shown()))
                    .hint("Use a filter such as dci=debug or trace.")
            })?;
            tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()
        }
        (None, LevelFilter::OFF) => return Ok(()),
        (None, level) => {
            // At the same levels, the HTTP libraries log too much.
            let ours = Targets::new().with_target("dci", level);
            // During a run over many targets the progress bar replaces the waits of single calls.
            let ours = ours.and(dynamic_filter_fn(|event, _| *event.level() != Level::INFO || !is_run_shown()));
            let lines = lines.with_level(false).with_target(false).with_filter(ours);
            tracing_subscriber::registry().with(lines).try_init()
        }
    };
    started.map_err(|error| CliError::other(error.to_string()))
}

fn level(global: &GlobalArgs) -> LevelFilter {
    if global.verbose {
        LevelFilter::DEBUG
    } else if stderr().is_terminal() && !global.quiet {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    }
}
