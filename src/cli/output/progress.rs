//! The progress of a run, or a spinner for a slow call: the last line of stderr at a terminal, otherwise nothing.

use std::convert::Infallible;
use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// The bar on the screen. Other lines are printed above it.
static CURRENT: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Whether stderr is a terminal. Every call needs to know, and asking the system takes time.
static IS_AT_TERMINAL: LazyLock<bool> = LazyLock::new(|| stderr().is_terminal());

/// A call that is faster shows no spinner.
const SPINNER_DELAY: Duration = Duration::from_millis(500);

/// A bar or a spinner; dropping it clears it.
pub(in crate::cli) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn start(targets: usize, is_quiet: bool) -> Self {
        if is_quiet || !*IS_AT_TERMINAL || targets < 2 {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(Some(targets as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}{msg}, {rate}, {eta} left")
            .expect("the template is valid")
            .with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
                // Writing to a string does not fail.
                let _ = write!(text, "{:.0}/s", state.per_sec());
            });
        bar.set_style(style);
        Self::show(bar)
    }

    /// Shows a spinner, unless there is a bar already.
    fn spinner() -> Self {
        if current().is_some() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{spinner} waiting for the API").expect("the template is valid");
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        spinner.enable_steady_tick(Duration::from_millis(100));
        Self::show(spinner)
    }

    fn show(bar: ProgressBar) -> Self {
        bar.tick();
        *current() = Some(bar.clone());
        Self(Some(bar))
    }

    /// Counts one more target; `failures` is the number of failed ones so far.
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
            // In the other order, a line that another thread writes in between would be cleared too.
            bar.finish_and_clear();
            *current() = None;
        }
    }
}

fn current() -> MutexGuard<'static, Option<ProgressBar>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the progress of a run is on the screen.
pub(in crate::cli) fn is_run_shown() -> bool {
    current().as_ref().is_some_and(|bar| bar.length().is_some())
}

/// Shows a spinner after a delay, until this is dropped.
pub(super) async fn wait(is_quiet: bool) -> Infallible {
    if !is_quiet && *IS_AT_TERMINAL {
        tokio::time::sleep(SPINNER_DELAY).await;
        let _spinner = Progress::spinner();
        return std::future::pending().await;
    }
    std::future::pending().await
}

/// Writes lines to stderr, above the progress if there is one.
pub(super) fn above<T>(write: impl FnOnce() -> T) -> T {
    let bar = current().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
