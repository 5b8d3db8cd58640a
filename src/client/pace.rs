use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How many calls of a run are under way at once: as many as the client's concurrency, and fewer after a 429.
///
/// Additive increase, multiplicative decrease: a 429 halves the number, and as many answers that are none raise it
/// by one. A call has its turn until it is answered for good, waits between its attempts
/// included, so that a service that limits rates meets fewer and fewer requests until it is content.
#[derive(Debug)]
pub(super) struct Pace {
    concurrency: NonZeroUsize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// How many turns there are, at least 1.
    turns: usize,
    taken: usize,
    /// Attempts that were not rate limited since the number of turns last changed.
    unlimited: usize,
    slowed_at: Option<Instant>,
    /// No turn begins before: what `Retry-After` asked for.
    paused_until: Option<Instant>,
}

/// A call's turn, until it is dropped.
pub(super) struct Turn<'a>(&'a Pace);

impl Pace {
    pub fn new(concurrency: NonZeroUsize) -> Self {
        let turns = concurrency.get();
        let state = State { turns, taken: 0, unlimited: 0, slowed_at: None, paused_until: None };
        Self { concurrency, state: Mutex::new(state), changed: Notify::new() }
    }

    pub fn concurrency(&self) -> NonZeroUsize {
        self.concurrency
    }

    /// Waits for a turn.
    pub async fn turn(&self) -> Turn<'_> {
        loop {
            let changed = self.changed.notified();
            match self.take() {
                Ok(turn) => return turn,
                Err(Some(paused_until)) => tokio::select! {
                    () = sleep_until(paused_until) => {}
                    () = changed => {}
                },
                Err(None) => changed.await,
            }
        }
    }

    /// A turn; otherwise the end of the pause, or none where the end of another turn is to be waited for.
    fn take(&self) -> Result<Turn<'_>, Option<Instant>> {
        let mut state = self.state();
        if let Some(end) = state.paused_until.filter(|end| *end > Instant::now()) {
            return Err(Some(end));
        }
        if !state.has_room() {
            return Err(None);
        }
        state.taken += 1;
        if state.has_room() {
            self.changed.notify_one();
        }
        Ok(Turn(self))
    }

    /// After a 429 to a request that was sent at this moment. Requests that were under way together are answered
    /// so together, and slow down once.
    pub fn slow_down(&self, sent_at: Instant, pause: Option<Duration>) {
        let mut state = self.state();
        let now = Instant::now();
        if state.slowed_at.is_none_or(|slowed_at| sent_at >= slowed_at) {
            state.turns = (state.turns / 2).max(1);
            state.unlimited = 0;
            state.slowed_at = Some(now);
        }
        if let Some(pause) = pause {
            state.paused_until = state.paused_until.max(Some(now + pause));
        }
    }

    /// After an attempt that was not rate limited, however else it ended.
    pub fn speed_up(&self) {
        let mut state = self.state();
        state.unlimited += 1;
        if state.unlimited >= state.turns && state.turns < self.concurrency.get() {
            state.turns += 1;
            state.unlimited = 0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self) -> bool {
        self.taken < self.turns
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().taken -= 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;

    fn pace(concurrency: usize) -> Pace {
        Pace::new(NonZeroUsize::new(concurrency).expect("at least 1"))
    }

    fn turns(pace: &Pace) -> usize {
        pace.state().turns
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_were_under_way_together_slow_down_once() {
        let pace = pace(64);
        let sent_at = Instant::now();
        tokio::time::advance(Duration::from_millis(20)).await;
        for _ in 0..64 {
            pace.slow_down(sent_at, None);
        }
        assert_eq!(turns(&pace), 32);
        tokio::time::advance(Duration::from_millis(20)).await;
        pace.slow_down(Instant::now(), None);
        assert_eq!(turns(&pace), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn it_falls_to_one_turn_and_recovers_to_the_concurrency_by_one_a_round() {
        let pace = pace(8);
        for _ in 0..9 {
            pace.slow_down(Instant::now(), None);
        }
        assert_eq!(turns(&pace), 1);
        let after_answers = |count| {
            (0..count).for_each(|_| pace.speed_up());
            turns(&pace)
        };
        assert_eq!([1, 1, 1, 3, 4].map(after_answers), [2, 2, 3, 4, 5]);
        (0..100).for_each(|_| pace.speed_up());
        assert_eq!(turns(&pace), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn no_turn_begins_in_a_pause() {
        let pace = pace(8);
        let started = Instant::now();
        pace.slow_down(started, Some(Duration::from_secs(5)));
        pace.slow_down(started, Some(Duration::from_secs(3)));
        let all = stream::iter(0..20).map(|_| async { drop(pace.turn().await) }).buffer_unordered(20);
        all.collect::<Vec<()>>().await;
        assert_eq!(started.elapsed().as_secs(), 5);
    }

    /// A service that takes 10 requests a second and 5 at once, as many do.
    #[tokio::test(start_paused = true)]
    async fn a_run_finds_the_rate_that_the_service_allows() {
        let pace = pace(64);
        let tokens = Mutex::new((5.0_f64, Instant::now()));
        let allowed = || {
            let (left, filled_at) = &mut *tokens.lock().expect("no panic");
            *left = (*left + filled_at.elapsed().as_secs_f64() * 10.0).min(5.0);
            *filled_at = Instant::now();
            let allowed = *left >= 1.0;
            *left -= f64::from(u8::from(allowed));
            allowed
        };
        let (refused, most_attempts) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let call = |_| async {
            let _turn = pace.turn().await;
            for attempt in 1.. {
                let sent_at = Instant::now();
                tokio::time::sleep(Duration::from_millis(20)).await;
                if allowed() {
                    pace.speed_up();
                    return most_attempts.fetch_max(attempt, Ordering::Relaxed);
                }
                refused.fetch_add(1, Ordering::Relaxed);
                pace.slow_down(sent_at, None);
                let bound = 2.0 * f64::from(1_u32 << (attempt - 1).min(4));
                tokio::time::sleep(Duration::from_secs_f64(bound * fastrand::f64())).await;
            }
            unreachable!("a call is tried again until it is allowed")
        };
        let started = Instant::now();
        stream::iter(0..1000).map(call).buffer_unordered(64).collect::<Vec<_>>().await;
        let (seconds, refused) = (started.elapsed().as_secs_f64(), refused.into_inner());
        assert!((100.0..400.0).contains(&seconds), "1,000 calls at 10 a second took {seconds} s");
        assert!(refused < 600, "{refused} of 1,000 calls met a 429");
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_is_given_up_while_it_is_waited_for_goes_to_the_next() {
        let pace = pace(1);
        let held = pace.turn().await;
        {
            let mut given_up = std::pin::pin!(pace.turn());
            let mut next = std::pin::pin!(pace.turn());
            assert!(given_up.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
            drop(held);
        }
        drop(pace.turn().await);
    }
}
