//! How fast a run makes its calls: a limit of concurrency and a rate that adapts to 429s.
//!
//! After a second with more 429s than usual, the rate is cut to a little below what the service accepted; after every
//! other second it is raised, faster and faster. 429s that several cuts in a row do not reduce are not caused by the
//! rate: the cuts are undone, and their share is the usual one from then on.

mod sample;
mod state;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use state::State;

/// How many attempts may be in flight when a run begins. Each success adds one, up to the concurrency; each 429 removes one.
const INITIAL_SLOTS: usize = 10;

tokio::task_local! {
    /// The permit of a call that belongs to a run; unset for other calls, `None` while it is released.
    static PERMIT: RefCell<Option<Permit>>;
}

/// Limits the calls of a run. All clones of a client share it.
#[derive(Debug)]
pub(super) struct AdaptiveLimit {
    concurrency: NonZeroUsize,
    slots: Arc<Semaphore>,
    /// Calls that have a slot wait here for the rate, in order.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// Allows one call of a run to make attempts, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    slot: OwnedSemaphorePermit,
}

impl AdaptiveLimit {
    pub fn new(concurrency: NonZeroUsize) -> Self {
        let slots = INITIAL_SLOTS.min(concurrency.get());
        Self {
            concurrency,
            slots: Arc::new(Semaphore::new(slots)),
            queue: tokio::sync::Mutex::default(),
            state: Mutex::new(State::new(slots, Instant::now())),
        }
    }

    pub fn concurrency(&self) -> NonZeroUsize {
        self.concurrency
    }

    /// Waits until a call may start.
    pub async fn acquire(&self) -> Permit {
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        let _next = self.queue.lock().await;
        loop {
            let start = self.state().start(Instant::now());
            match start {
                Ok(()) => return Permit { slot },
                Err(later) => sleep_until(later).await,
            }
        }
    }

    /// Whether the current call belongs to a run, and so has permits.
    pub fn is_run() -> bool {
        PERMIT.try_with(|_| ()).is_ok()
    }

    /// Releases the permit of the current call, if it has one.
    pub fn release() {
        let _ = PERMIT.try_with(RefCell::take);
    }

    /// Whether the service is known to limit the rate: a cut has helped.
    pub fn is_limiting(&self) -> bool {
        let state = self.state();
        state.rate.is_some() && state.cuts == 0
    }

    /// Waits for a new permit if the current call released its own.
    pub async fn reacquire(&self) {
        let was_released = PERMIT.try_with(|permit| permit.borrow().is_none()).unwrap_or(false);
        if was_released {
            let permit = self.acquire().await;
            let _ = PERMIT.try_with(|held| held.replace(Some(permit)));
        }
    }

    /// Records an attempt that was sent at this moment, and whether its response was a 429.
    pub fn record(&self, sent_at: Instant, is_rate_limited: bool) {
        let mut state = self.state();
        if is_rate_limited {
            // The slot is not reused until a response is a success.
            let permit = PERMIT.try_with(RefCell::take).ok().flatten();
            if let Some(permit) = permit.filter(|_| state.slots > 1) {
                permit.slot.forget();
                state.slots -= 1;
            }
        } else if state.slots < self.concurrency.get() {
            state.slots += 1;
            self.slots.add_permits(1);
        }
        state.record(sent_at, is_rate_limited, Instant::now());
    }

    /// Issues no permits for this time, as `Retry-After` requested.
    pub fn pause(&self, duration: Duration) {
        let mut state = self.state();
        let end = Instant::now().checked_add(duration);
        // A time that the clock cannot represent is capped at a year.
        let end = end.unwrap_or_else(|| Instant::now() + Duration::from_secs(365 * 24 * 3600));
        state.paused_until = state.paused_until.max(end);
    }

    /// How long the pause still lasts; zero if there is none.
    pub fn remaining_pause(&self) -> Duration {
        self.state().paused_until.saturating_duration_since(Instant::now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Makes a call with this permit. The call releases it while it waits after a 429.
    pub async fn run<F: Future>(self, call: F) -> F::Output {
        PERMIT.scope(RefCell::new(Some(self)), call).await
    }
}
