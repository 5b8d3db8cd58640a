//! Counting the attempts of a run and their 429s.

use std::time::Duration;

use tokio::time::Instant;

/// How long a sample takes, at least, before the rate is raised.
const MIN_CALM: Duration = Duration::from_secs(1);

/// Shares of 429s that differ by more are different in a sample of any size.
const DIFFERENT_SHARE: f64 = 0.3;

/// The usual share of 429s is never larger.
const MAX_USUAL_SHARE: f64 = 0.75;

/// The attempts that were sent after a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub begun: Instant,
    first: Option<Instant>,
    last: Instant,
    attempts: f64,
    rate_limited: f64,
}

impl Sample {
    pub fn new(now: Instant) -> Self {
        Self { begun: now, first: None, last: now, attempts: 0.0, rate_limited: 0.0 }
    }

    pub fn add(&mut self, is_rate_limited: bool, now: Instant) {
        self.first.get_or_insert(now);
        self.last = now;
        self.attempts += 1.0;
        self.rate_limited += f64::from(u8::from(is_rate_limited));
    }

    /// The share of 429s.
    pub fn share(&self) -> f64 {
        self.rate_limited / self.attempts
    }

    /// Attempts per second.
    pub fn rate(&self) -> f64 {
        let seconds = (self.last - self.first.unwrap_or(self.last)).as_secs_f64();
        // Attempts that were in flight together say little about the rate.
        (self.attempts - 1.0) / seconds.max(0.02)
    }

    /// Whether there are more 429s than chance explains if this share is usual.
    pub fn has_more_429s_than(&self, usual_share: f64) -> bool {
        let expected = self.attempts * usual_share;
        let deviation = (expected * (1.0 - usual_share)).sqrt();
        self.attempts >= 5.0 && self.rate_limited > 1.2 * expected + 3.0 * deviation + 1.0
    }

    pub fn is_mostly_429s(&self) -> bool {
        self.attempts >= 6.0 && self.share() > MAX_USUAL_SHARE
    }

    /// Whether the share of 429s may be the same as in an earlier sample.
    pub fn may_match(&self, earlier: &Self) -> bool {
        let is_different =
            self.attempts.min(earlier.attempts) >= 20.0 && (self.share() - earlier.share()).abs() > DIFFERENT_SHARE;
        !self.is_mostly_429s() && !is_different
    }

    /// Whether the sample is large enough to exclude chance.
    pub fn is_large(&self) -> bool {
        self.attempts >= 40.0 && self.last - self.begun >= MIN_CALM / 5
    }

    /// Whether the sample is large enough to raise the rate.
    pub fn shows_calm(&self) -> bool {
        self.attempts >= 20.0 && self.last - self.begun >= MIN_CALM
    }
}

/// About how many attempts were accepted in the last second.
///
/// A shorter time would measure bursts, which are above the rate that the service sustains.
#[derive(Debug)]
pub(super) struct Recent {
    /// When the current second began.
    begun: Instant,
    count: f64,
    /// The count of the second before it.
    previous: f64,
    last: Instant,
}

impl Recent {
    pub fn new(now: Instant) -> Self {
        Self { begun: now, count: 0.0, previous: 0.0, last: now }
    }

    pub fn add(&mut self, is_rate_limited: bool, now: Instant) {
        let seconds = (now - self.begun).as_secs_f64();
        if seconds >= 1.0 {
            self.previous = if seconds < 2.0 { self.count } else { 0.0 };
            self.count = 0.0;
            self.begun = now;
        }
        self.count += f64::from(u8::from(!is_rate_limited));
        self.last = now;
    }

    /// Attempts per second.
    pub fn rate(&self) -> f64 {
        let left = 1.0 - (self.last - self.begun).as_secs_f64().min(1.0);
        self.previous * left + self.count
    }
}
