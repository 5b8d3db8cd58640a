//! Counting the attempts of a run and their 429s.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How long a sample takes.
const DURATION: Duration = Duration::from_secs(1);

/// The fewest attempts of a sample.
const MIN_ATTEMPTS: f64 = 20.0;

/// So few attempts are enough while the rate is searched for from below.
const MIN_ATTEMPTS_OF_SEARCH: f64 = 5.0;

/// So many 429s end the search.
const MIN_429S_OF_SEARCH: f64 = 3.0;

/// So many 429s in a row are not waited out. If 30 % of attempts get one by chance, this is once in 15,000 attempts.
const STREAK: u32 = 8;

/// A share of 429s that is not worth a slower run.
const HARMLESS_SHARE: f64 = 0.05;

/// A share of 429s that always has to do with the rate.
const MAX_USUAL_SHARE: f64 = 0.75;

/// The attempts that were sent after a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub begun: Instant,
    first: Option<Instant>,
    last: Instant,
    attempts: f64,
    rate_limited: f64,
    /// How many 429s came last, in a row.
    streak: u32,
}

impl Sample {
    pub fn new(now: Instant) -> Self {
        Self { begun: now, first: None, last: now, attempts: 0.0, rate_limited: 0.0, streak: 0 }
    }

    pub fn add(&mut self, is_rate_limited: bool, now: Instant) {
        self.first.get_or_insert(now);
        self.last = now;
        self.attempts += 1.0;
        self.rate_limited += f64::from(u8::from(is_rate_limited));
        self.streak = if is_rate_limited { self.streak + 1 } else { 0 };
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

    pub fn is_complete(&self) -> bool {
        self.attempts >= MIN_ATTEMPTS && self.last - self.begun >= DURATION
    }

    /// Whether it is known if a rate that is searched for from below is too high.
    pub fn ends_search_step(&self) -> bool {
        let is_calm = self.rate_limited == 0.0 && self.attempts >= MIN_ATTEMPTS_OF_SEARCH;
        (is_calm && self.last - self.begun >= DURATION) || self.rate_limited >= MIN_429S_OF_SEARCH
    }

    /// Whether there are more 429s than chance explains if this share is usual.
    pub fn has_more_429s_than(&self, usual_share: f64) -> bool {
        let usual_share = usual_share.max(HARMLESS_SHARE);
        let deviation = (self.attempts * usual_share * (1.0 - usual_share)).sqrt();
        let chance = if usual_share > HARMLESS_SHARE { 3.0 * deviation } else { deviation };
        self.rate_limited > self.attempts * usual_share + chance + 0.5
    }

    /// Whether a sample that is not complete yet has too many 429s already.
    pub fn has_too_many_429s(&self) -> bool {
        self.rate_limited >= MIN_429S_OF_SEARCH && self.share() > 4.0 * HARMLESS_SHARE
    }

    /// Whether all recent attempts got a 429.
    pub fn ends_with_429s(&self) -> bool {
        self.streak >= STREAK
    }

    pub fn is_nearly_all_429s(&self) -> bool {
        self.share() > MAX_USUAL_SHARE
    }
}

/// When attempts were accepted in the last second.
///
/// A shorter time would measure bursts, which are above the rate that the service sustains.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Instant>);

impl Recent {
    pub fn add(&mut self, is_rate_limited: bool, now: Instant) {
        self.0.extend((!is_rate_limited).then_some(now));
        while self.0.front().is_some_and(|first| now - *first >= DURATION) {
            self.0.pop_front();
        }
    }

    /// Attempts per second.
    pub fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }
}
