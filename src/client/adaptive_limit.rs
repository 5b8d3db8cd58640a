use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// How many attempts are under way at once when a run begins. Each response adds one, up to the concurrency.
const FIRST_SLOTS: usize = 10;

/// A rate stays this much below what the service accepts.
const HEADROOM: f64 = 0.8;

/// The lowest rate, in attempts a second.
const LOWEST_RATE: f64 = 2.0;

/// The first growth of a rate; each one that follows is twice as large, up to all of the rate.
const FIRST_GROWTH: f64 = 0.02;

/// How long the attempts are watched, at least, before a rate grows.
const GROWS_AFTER: Duration = Duration::from_secs(1);

/// Shares of 429s that differ by less are the same where a large sample shows it.
const SAME_SHARE: f64 = 0.15;

/// Shares of 429s that differ by more are different, whatever the sample.
const OTHER_SHARE: f64 = 0.3;

/// A larger share of 429s is never the usual one.
const LARGEST_USUAL_SHARE: f64 = 0.75;

/// A permit that comes later than its moment is made up for within this time.
const CATCH_UP: Duration = Duration::from_millis(2);

tokio::task_local! {
    /// That of a call of a run, while its future runs.
    static PERMIT: RefCell<Option<Permit>>;
}

/// How fast the calls of a run are made: as many at once as the client's concurrency, and at a rate that is learnt
/// from the 429s.
///
/// Where a sample of the attempts has more 429s than usual, the rate falls below the one that the service accepted.
/// Without them it grows, faster and faster. 429s that stay as frequent when the rate falls do not come from it:
/// their share is the usual one from then on.
#[derive(Debug)]
pub(super) struct AdaptiveLimit {
    concurrency: NonZeroUsize,
    slots: Arc<Semaphore>,
    /// Whoever has a slot waits here for the moment to begin, in order.
    next: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// What lets a call of a run make its attempts, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _slot: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct State {
    /// How many attempts may be under way at once.
    slots: usize,
    /// Attempts a second; `None` while no limit is known.
    rate: Option<f64>,
    /// When the next permit may be given at this rate.
    next_at: Instant,
    /// No permit is given before: what `Retry-After` asked for.
    paused_until: Instant,
    accepted: Recent,
    sample: Sample,
    /// The share of 429s that slowing down does not change.
    usual_share: f64,
    /// What was before the rate fell, until it is known what came of it.
    before_fall: Option<BeforeFall>,
    /// How many samples in a row had no more 429s than usual.
    calm: i32,
}

#[derive(Clone, Copy, Debug)]
struct BeforeFall {
    rate: Option<f64>,
    /// The same in attempts a second.
    sent: f64,
    sample: Sample,
}

/// What came of the attempts that were sent after a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    begun: Instant,
    first: Option<Instant>,
    last: Instant,
    attempts: f64,
    refused: f64,
}

impl AdaptiveLimit {
    pub fn new(concurrency: NonZeroUsize) -> Self {
        let now = Instant::now();
        let slots = FIRST_SLOTS.min(concurrency.get());
        let state = State {
            slots,
            rate: None,
            next_at: now,
            paused_until: now,
            accepted: Recent::begin(now),
            sample: Sample::begin(now),
            usual_share: 0.0,
            before_fall: None,
            calm: 0,
        };
        Self {
            concurrency,
            slots: Arc::new(Semaphore::new(slots)),
            next: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
        }
    }

    pub fn concurrency(&self) -> NonZeroUsize {
        self.concurrency
    }

    /// Waits until a call may begin.
    pub async fn permit(&self) -> Permit {
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("it is never closed");
        let _next = self.next.lock().await;
        loop {
            let may_begin = self.state().begin(Instant::now());
            match may_begin {
                Ok(()) => return Permit { _slot: slot },
                Err(later) => sleep_until(later).await,
            }
        }
    }

    /// Whether the call under way has a permit, as in a run.
    pub fn is_held() -> bool {
        PERMIT.try_with(|permit| permit.borrow().is_some()).unwrap_or(false)
    }

    /// Gives the permit of the call under way back. Outside of a run there is none.
    pub fn give_back() {
        let _ = PERMIT.try_with(RefCell::take);
    }

    /// Whether the service is known to limit the rate.
    pub fn is_limiting(&self) -> bool {
        self.state().rate.is_some()
    }

    /// Waits for a new permit for the call under way, where it has given one back.
    pub async fn regain(&self) {
        let has_given_back = PERMIT.try_with(|permit| permit.borrow().is_none()).unwrap_or(false);
        if has_given_back {
            let permit = self.permit().await;
            let _ = PERMIT.try_with(|held| held.replace(Some(permit)));
        }
    }

    /// Notes what came of an attempt that was sent at this moment: a 429, or anything else.
    pub fn note(&self, sent_at: Instant, is_refused: bool) {
        let mut state = self.state();
        if !is_refused && state.before_fall.is_none() && state.slots < self.concurrency.get() {
            state.slots += 1;
            self.slots.add_permits(1);
        }
        state.note(sent_at, is_refused, Instant::now());
    }

    /// Gives no permits for this time, which the server asked for.
    pub fn pause(&self, asked: Duration) {
        let mut state = self.state();
        let end = Instant::now().checked_add(asked);
        // What is further away than a clock can tell is as good as a year.
        let end = end.unwrap_or_else(|| Instant::now() + Duration::from_secs(365 * 24 * 3600));
        state.paused_until = state.paused_until.max(end);
    }

    /// How long no attempt is to be made yet.
    pub fn pause_left(&self) -> Duration {
        self.state().paused_until.saturating_duration_since(Instant::now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Makes a call with this permit, which its attempts give back while they wait for the rate to fall.
    pub async fn hold<F: Future>(self, call: F) -> F::Output {
        PERMIT.scope(RefCell::new(Some(self)), call).await
    }
}

impl State {
    /// Begins a call now, or says when to ask again.
    fn begin(&mut self, now: Instant) -> Result<(), Instant> {
        if self.paused_until > now {
            return Err(self.paused_until);
        }
        if let Some(rate) = self.rate {
            let due = self.next_at.max(now.checked_sub(CATCH_UP).unwrap_or(now));
            if due > now {
                return Err(due);
            }
            self.next_at = due + Duration::from_secs_f64(1.0 / rate);
        }
        Ok(())
    }

    fn note(&mut self, sent_at: Instant, is_refused: bool, now: Instant) {
        self.accepted.add(is_refused, now);
        // It was sent at another rate.
        if sent_at < self.sample.begun {
            return;
        }
        self.sample.add(is_refused, now);
        if self.sample.has_more_refused_than(self.usual_share) {
            match self.before_fall {
                None => self.fall(),
                Some(before) if self.sample.is_large() || !self.sample.may_be_like(&before.sample) => {
                    self.judge_fall(before);
                }
                Some(_) => return,
            }
        } else if self.sample.shows_calm() {
            self.grow();
        } else {
            return;
        }
        self.sample = Sample::begin(now);
    }

    /// After more 429s than usual: a little less than what was accepted.
    fn fall(&mut self) {
        let sent = self.rate.unwrap_or_else(|| self.sample.rate().max(self.accepted.rate()));
        self.before_fall = Some(BeforeFall { rate: self.rate, sent, sample: self.sample });
        self.slow_down(sent / 8.0, sent * HEADROOM);
    }

    /// After more 429s than usual at a rate that fell: it falls again, unless this does not help.
    fn judge_fall(&mut self, before: BeforeFall) {
        let rate = self.rate.unwrap_or(before.sent);
        let are_large = self.sample.is_large() && before.sample.is_large();
        let is_same = (self.sample.share() - before.sample.share()).abs() < SAME_SHARE;
        if are_large && is_same && rate <= (before.sent / 2.0).max(LOWEST_RATE) {
            self.usual_share = self.sample.share();
            self.rate = before.rate;
            self.before_fall = None;
            return;
        }
        if self.sample.is_too_much() {
            self.before_fall = None;
        } else if !self.sample.may_be_like(&before.sample) {
            self.before_fall = Some(BeforeFall { rate: self.rate, sent: rate, sample: self.sample });
        } else if !before.sample.is_large() {
            self.before_fall = Some(BeforeFall { sent: rate, sample: self.sample, ..before });
        }
        self.slow_down(rate / 4.0, rate / 2.0);
    }

    /// Lowers the rate to what the service accepts, within these bounds.
    fn slow_down(&mut self, least: f64, most: f64) {
        let accepted = self.accepted.rate() / (1.0 - self.usual_share);
        self.rate = Some((accepted * HEADROOM).clamp(least, most).max(LOWEST_RATE));
        self.calm = 0;
    }

    /// After no more 429s than usual.
    fn grow(&mut self) {
        self.before_fall = None;
        self.usual_share = self.usual_share.min(0.7 * self.usual_share + 0.3 * self.sample.share());
        let growth = 1.0 + (FIRST_GROWTH * 2_f64.powi(self.calm)).min(1.0);
        self.calm += 1;
        // A rate that is not used up limits nothing.
        self.rate = self.rate.filter(|rate| self.sample.rate() > rate / 2.0).map(|rate| rate * growth);
    }
}

/// How many attempts were accepted in the last second, nearly.
///
/// What is accepted in less than a second can be more than the service accepts in the long run.
#[derive(Debug)]
struct Recent {
    /// When the second began that is counted.
    begun: Instant,
    count: f64,
    /// Of the second before it.
    earlier: f64,
    last: Instant,
}

impl Recent {
    fn begin(now: Instant) -> Self {
        Self { begun: now, count: 0.0, earlier: 0.0, last: now }
    }

    fn add(&mut self, is_refused: bool, now: Instant) {
        let seconds = (now - self.begun).as_secs_f64();
        if seconds >= 1.0 {
            self.earlier = if seconds < 2.0 { self.count } else { 0.0 };
            self.count = 0.0;
            self.begun = now;
        }
        self.count += f64::from(u8::from(!is_refused));
        self.last = now;
    }

    /// Attempts a second.
    fn rate(&self) -> f64 {
        let left = 1.0 - (self.last - self.begun).as_secs_f64().min(1.0);
        self.earlier * left + self.count
    }
}

impl Sample {
    fn begin(now: Instant) -> Self {
        Self { begun: now, first: None, last: now, attempts: 0.0, refused: 0.0 }
    }

    fn add(&mut self, is_refused: bool, now: Instant) {
        self.first.get_or_insert(now);
        self.last = now;
        self.attempts += 1.0;
        self.refused += f64::from(u8::from(is_refused));
    }

    fn share(&self) -> f64 {
        self.refused / self.attempts
    }

    /// Attempts a second.
    fn rate(&self) -> f64 {
        let seconds = (self.last - self.first.unwrap_or(self.last)).as_secs_f64();
        // Those that were under way together say little of a rate.
        (self.attempts - 1.0) / seconds.max(0.02)
    }

    /// Whether more attempts were refused than chance explains where this share is usual.
    fn has_more_refused_than(&self, usual_share: f64) -> bool {
        let expected = self.attempts * usual_share;
        let deviation = (expected * (1.0 - usual_share)).sqrt();
        self.attempts >= 5.0 && self.refused > 1.2 * expected + 3.0 * deviation + 1.0
    }

    fn is_too_much(&self) -> bool {
        self.attempts >= 6.0 && self.share() > LARGEST_USUAL_SHARE
    }

    /// Whether its share of 429s may be the same as that of an earlier sample, for all that is known yet.
    fn may_be_like(&self, earlier: &Self) -> bool {
        let is_other =
            self.attempts.min(earlier.attempts) >= 20.0 && (self.share() - earlier.share()).abs() > OTHER_SHARE;
        !self.is_too_much() && !is_other
    }

    /// Whether its share of 429s is not due to chance.
    fn is_large(&self) -> bool {
        self.attempts >= 40.0 && self.last - self.begun >= GROWS_AFTER / 5
    }

    /// Whether a rate may grow after it.
    fn shows_calm(&self) -> bool {
        self.attempts >= 20.0 && self.last - self.begun >= GROWS_AFTER
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;

    fn limit(concurrency: usize) -> AdaptiveLimit {
        AdaptiveLimit::new(NonZeroUsize::new(concurrency).expect("at least 1"))
    }

    #[derive(Debug)]
    struct Outcome {
        /// Calls a second that the service did.
        done: f64,
        /// The share of attempts that were refused.
        refused: f64,
        lost: u32,
    }

    /// A run of so many calls at a service that responds after 20 ms, as the exchange makes them.
    async fn run(concurrency: usize, calls: u32, accepts: impl Fn() -> bool) -> Outcome {
        fastrand::seed(7);
        let limit = limit(concurrency);
        let (attempts, refused, lost) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let call = async || {
            for attempt in 0..5 {
                let sent_at = Instant::now();
                tokio::time::sleep(Duration::from_millis(20)).await;
                attempts.fetch_add(1, Ordering::Relaxed);
                let is_accepted = accepts();
                limit.note(sent_at, !is_accepted);
                if is_accepted {
                    return;
                }
                refused.fetch_add(1, Ordering::Relaxed);
                AdaptiveLimit::give_back();
                let bound = if limit.is_limiting() { 2.0 } else { 0.5 } * f64::from(1 << attempt);
                tokio::time::sleep(Duration::from_secs_f64(bound * fastrand::f64())).await;
                limit.regain().await;
            }
            lost.fetch_add(1, Ordering::Relaxed);
        };
        let begun = Instant::now();
        let all = stream::iter(0..calls).then(|_| limit.permit()).map(|permit| permit.hold(call()));
        all.buffer_unordered(concurrency * 16).collect::<Vec<()>>().await;
        let (attempts, refused, lost) = (attempts.into_inner(), refused.into_inner(), lost.into_inner());
        let done = f64::from(calls - lost) / begun.elapsed().as_secs_f64();
        Outcome { done, refused: f64::from(refused) / f64::from(attempts), lost }
    }

    /// A service that accepts `rate` requests a second, and up to `burst` at once.
    fn token_bucket(rate: f64, burst: f64) -> impl Fn() -> bool {
        let bucket = Mutex::new((burst, Instant::now()));
        move || {
            let (left, filled_at) = &mut *bucket.lock().expect("no panic");
            *left = (*left + filled_at.elapsed().as_secs_f64() * rate).min(burst);
            *filled_at = Instant::now();
            let accepts = *left >= 1.0;
            *left -= f64::from(u8::from(accepts));
            accepts
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_comes_close_to_the_rate_that_the_service_allows() {
        for (rate, calls) in [(5.0, 300), (20.0, 1200), (50.0, 3000), (100.0, 3000), (200.0, 6000), (500.0, 15_000)] {
            for burst in [rate / 5.0, rate] {
                for concurrency in [8_u32, 64] {
                    let outcome = run(concurrency as usize, calls, token_bucket(rate, burst)).await;
                    let possible = rate.min(f64::from(concurrency) / 0.02);
                    let what = format!("{rate} a second, {burst} at once, concurrency {concurrency}: {outcome:?}");
                    assert!(outcome.done > possible / 2.0, "{what}");
                    assert!(outcome.refused <= 0.1, "{what}");
                    assert_eq!(outcome.lost, 0, "{what}");
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn random_429s_do_not_slow_a_run_down() {
        for (share, least) in [(0.01, 1000.0), (0.1, 700.0), (0.3, 300.0)] {
            let outcome = run(64, 10_000, || fastrand::f64() >= share).await;
            assert!(outcome.done > least, "{share}: {outcome:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_recovers_when_the_service_no_longer_limits_it() {
        let begun = Instant::now();
        let limited = token_bucket(20.0, 20.0);
        let outcome = run(64, 20_000, || begun.elapsed().as_secs() >= 60 || limited()).await;
        let seconds = begun.elapsed().as_secs_f64();
        // Without a limit the rest takes 6 s.
        assert!(seconds < 80.0, "{seconds} s: {outcome:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_calls_hold_a_permit_as_the_concurrency() {
        for concurrency in [1, 9, 64] {
            let limit = limit(concurrency);
            let (held, most) = (AtomicU32::new(0), AtomicU32::new(0));
            let calls = stream::iter(0..500).map(|_| async {
                let _permit = limit.permit().await;
                most.fetch_max(held.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                held.fetch_sub(1, Ordering::Relaxed);
                limit.note(Instant::now(), false);
            });
            calls.buffer_unordered(500).collect::<Vec<()>>().await;
            assert_eq!(most.into_inner() as usize, concurrency);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_permit_is_given_in_a_pause() {
        let limit = limit(8);
        let started = Instant::now();
        limit.pause(Duration::from_secs(5));
        limit.pause(Duration::from_secs(3));
        assert_eq!(limit.pause_left().as_secs(), 5);
        let all = stream::iter(0..20).map(|_| async { drop(limit.permit().await) }).buffer_unordered(20);
        all.collect::<Vec<()>>().await;
        assert_eq!(started.elapsed().as_secs(), 5);
        limit.pause(Duration::MAX);
        assert!(limit.pause_left() > Duration::from_secs(24 * 3600), "as long as a clock can tell");
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_that_is_given_up_while_it_is_waited_for_goes_to_the_next() {
        let limit = limit(1);
        let held = limit.permit().await;
        {
            let mut given_up = std::pin::pin!(limit.permit());
            let mut next = std::pin::pin!(limit.permit());
            assert!(given_up.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
            drop(held);
        }
        drop(limit.permit().await);
    }

    #[tokio::test]
    async fn a_call_outside_of_a_run_needs_no_permit() {
        let limit = limit(1);
        let _held = limit.permit().await;
        AdaptiveLimit::give_back();
        assert!(!AdaptiveLimit::is_held() && limit.regain().now_or_never().is_some());
    }
}
