//! How far a run has come. At a terminal it is the last line of stderr; elsewhere there is nothing.

use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// The line that is shown now, so that other lines go above it.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// The progress of a run; it is gone when the run ends.
pub(in crate::cli) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn start(targets: usize, is_quiet: bool) -> Self {
        if is_quiet || !stderr().is_terminal() || targets < 2 {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(Some(targets as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}{msg}, {rate}, {eta} left")
            .expect("the template is right")
            .with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
                // Writing to a text does not fail.
                let _ = write!(text, "{:.0}/s", state.per_sec());
            });
        bar.set_style(style);
        *shown() = Some(bar.clone());
        Self(Some(bar))
    }

    /// Counts one more target, after `failures` that failed.
    pub fn advance(&self, failures: usize) {
        let Some(bar) = &self.0 else { return };
        if failures > 0 {
            bar.set_message(format!(", {failures} failed"));
        }
        bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            *shown() = None;
            bar.finish_and_clear();
        }
    }
}

fn shown() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(in crate::cli) fn is_shown() -> bool {
    shown().is_some()
}

/// Writes lines to stderr above the progress, where there is one.
pub(super) fn above<T>(write: impl FnOnce() -> T) -> T {
    let bar = shown().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
