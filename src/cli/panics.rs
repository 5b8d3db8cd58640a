//! Turns a panic of the program into one error like any other, with exit code 1.

use std::any::Any;
use std::panic::{self, Location};
use std::sync::{Mutex, PoisonError};

use super::error::CliError;
use super::exit_code::ExitCode;
use super::output::Output;
use crate::client::RunId;

/// How much of a panic's message is shown, in characters. It may hold what a server sent.
const MAX_SHOWN: usize = 500;

/// What to do about the run in progress.
static ADVICE: Mutex<Option<String>> = Mutex::new(None);

/// Ends the program at a later panic of any thread. The error is without the values that a backtrace or a core dump
/// would contain.
///
/// Nothing unwinds, so the release build has no code for it.
pub(super) fn end_with_error(output: Output) {
    panic::set_hook(Box::new(move |info| {
        output.error(&internal_error(info.payload(), info.location()));
        std::process::exit(ExitCode::Other.number().into());
    }));
}

/// Remembers that a run began, and how to resume it, as a sentence.
pub(super) fn run_began(id: Option<RunId>, resume: Option<&str>) {
    let run = id.map_or_else(|| "A run".to_owned(), |id| format!("The run {id}"));
    let advice = format!("{run} was in progress. {}", resume.unwrap_or_default());
    *ADVICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(advice.trim_end().to_owned());
}

fn internal_error(payload: &(dyn Any + Send), location: Option<&Location<'_>>) -> CliError {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let text: String = text.chars().take(MAX_SHOWN).collect();
    let place = location.map(|location| format!(" ({location})")).unwrap_or_default();
    let advice = ADVICE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let error = CliError::other(format!("internal error in dci: {text}{place}"));
    advice.into_iter().fold(error, CliError::hint).hint("This is a bug: report it with this message.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_short_and_says_where() {
        let long = "x".repeat(100_000);
        let error = internal_error(&long, Some(Location::caller()));
        assert!(error.message().len() < 700 && error.message().contains("panics.rs:"), "{}", error.message());
        assert!(internal_error(&"a literal", None).message().ends_with("a literal"));
        assert!(internal_error(&7, None).message().ends_with("no message"));
        assert_eq!(error.exit_code().number(), 1);
    }
}
