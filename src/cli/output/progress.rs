//! How far a run has come, or that something is waited for. At a terminal it is the last line of stderr; elsewhere
//! there is nothing.

use std::convert::Infallible;
use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// The line that is shown now, so that other lines go above it.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// What takes less time is not waited for.
const PATIENCE: Duration = Duration::from_millis(500);

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
        Self::show(bar)
    }

    /// That something is waited for, unless more is shown already.
    fn waiting() -> Self {
        if is_shown() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{spinner} waiting for the API").expect("the template is right");
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        spinner.enable_steady_tick(Duration::from_millis(100));
        Self::show(spinner)
    }

    fn show(bar: ProgressBar) -> Self {
        bar.tick();
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
            // In this order, or what another thread writes in between would be cleared with it.
            bar.finish_and_clear();
            *shown() = None;
        }
    }
}

fn shown() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_shown() -> bool {
    shown().is_some()
}

/// Whether it is shown how far a run has come.
pub(in crate::cli) fn is_run_shown() -> bool {
    shown().as_ref().is_some_and(|bar| bar.length().is_some())
}

/// Shows that something is waited for which takes its time; dropping this ends it.
pub(super) async fn wait(is_quiet: bool) -> Infallible {
    if !is_quiet && stderr().is_terminal() {
        tokio::time::sleep(PATIENCE).await;
        let _shown = Progress::waiting();
        return std::future::pending().await;
    }
    std::future::pending().await
}

/// Writes lines to stderr above the progress, where there is one.
pub(super) fn above<T>(write: impl FnOnce() -> T) -> T {
    let bar = shown().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
