//! The state of a sandbox: its users, keys, grants and faults, and its clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::fault::Faults;
use super::grants::Grants;
use super::idempotency::IdempotencyStore;
use super::users::Users;

/// The extractor of the state.
pub(super) type App = State<Arc<AppState>>;

/// The state that all handlers share.
#[derive(Debug)]
pub(super) struct AppState {
    inner: Mutex<Inner>,
    clock_moved: Notify,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub users: Users,
    pub idempotency: IdempotencyStore,
    pub grants: Grants,
    pub faults: Faults,
    /// How far the sandbox's clock is ahead of the machine's.
    ahead: SignedDuration,
    pub requests: u64,
}

impl AppState {
    pub fn new() -> Self {
        let inner = Inner {
            users: Users::seeded(Timestamp::now()),
            idempotency: IdempotencyStore::default(),
            grants: Grants::default(),
            faults: Faults::default(),
            ahead: SignedDuration::ZERO,
            requests: 0,
        };
        Self { inner: Mutex::new(inner), clock_moved: Notify::new() }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time on the sandbox's clock.
    pub fn now(&self) -> Timestamp {
        let ahead = self.lock().ahead;
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    pub fn advance(&self, by: SignedDuration) {
        let mut inner = self.lock();
        inner.ahead = inner.ahead.saturating_add(by);
        self.clock_moved.notify_waiters();
    }

    /// Sleeps by the sandbox's clock, which may be moved meanwhile.
    pub async fn sleep(&self, duration: Duration) {
        let end = self.now().saturating_add(duration).unwrap_or(Timestamp::MAX);
        loop {
            let moved = self.clock_moved.notified();
            let Ok(remaining) = Duration::try_from(end.duration_since(self.now())) else { return };
            tokio::select! {
                () = tokio::time::sleep(remaining) => return,
                () = moved => {}
            }
        }
    }
}
