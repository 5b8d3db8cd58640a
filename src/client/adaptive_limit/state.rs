//! Choosing the rate of a run from its 429s.

use std::time::Duration;

use tokio::time::Instant;

use super::sample::{Recent, Sample};

/// The share of the accepted rate that is used after a cut.
const HEADROOM: f64 = 0.75;

/// The lowest rate, in attempts per second.
const MIN_RATE: f64 = 2.0;

/// The first increase of a rate after a cut, as a share of it. It doubles up to [`FAST_INCREASE`], then grows slowly.
const FIRST_INCREASE: f64 = 0.02;

/// An increase that a service with a bucket of tokens absorbs.
const FAST_INCREASE: f64 = 0.08;

/// At a lower rate a sample takes long, so that it ends early if there are too many 429s.
const LOW_RATE: f64 = 60.0;

/// If this many cuts in a row do not reduce the share of 429s, they are not caused by the rate.
const VAIN_CUTS: u32 = 3;

/// A start that is late by less does not delay the starts after it.
const CATCH_UP: Duration = Duration::from_millis(2);

/// What is known of the rate limit of the service.
#[derive(Debug)]
pub(super) struct State {
    /// How many attempts may be in flight.
    pub slots: usize,
    /// In attempts per second; `None` while no limit is known.
    pub rate: Option<f64>,
    /// When the rate allows the next start.
    next_at: Instant,
    /// No call starts earlier, as `Retry-After` requested.
    pub paused_until: Instant,
    accepted: Recent,
    sample: Sample,
    /// The share of 429s that a lower rate does not change.
    usual_share: f64,
    /// How many samples in a row had more 429s than usual.
    pub cuts: u32,
    /// The rate before those cuts.
    before_cuts: Option<f64>,
    /// How much the rate grows after the next sample, as a share of it.
    increase: f64,
}

impl State {
    pub fn new(slots: usize, now: Instant) -> Self {
        Self {
            slots,
            rate: None,
            next_at: now,
            paused_until: now,
            accepted: Recent::default(),
            sample: Sample::new(now),
            usual_share: 0.0,
            cuts: 0,
            before_cuts: None,
            increase: FIRST_INCREASE,
        }
    }

    /// Starts a call now, or returns when to ask again.
    pub fn start(&mut self, now: Instant) -> Result<(), Instant> {
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

    /// Records an attempt, and changes the rate at the end of a sample.
    pub fn record(&mut self, sent_at: Instant, is_rate_limited: bool, now: Instant) {
        self.accepted.add(is_rate_limited, now);
        // An earlier attempt was sent at another rate.
        if sent_at < self.sample.begun {
            return;
        }
        self.sample.add(is_rate_limited, now);
        // The first cut is not waited for if every attempt is in vain.
        let is_over = self.sample.is_complete()
            || (self.cuts == 0 && self.sample.ends_with_429s())
            || (self.increase >= 1.0 && self.sample.ends_search_step())
            || (self.rate.is_some_and(|rate| rate < LOW_RATE) && self.sample.has_too_many_429s());
        if !is_over {
            return;
        }
        if !self.sample.has_more_429s_than(self.usual_share) && !self.sample.ends_with_429s() {
            self.speed_up();
        } else if self.cuts < VAIN_CUTS || self.sample.is_nearly_all_429s() {
            self.cut();
        } else {
            self.usual_share = self.sample.share();
            self.rate = self.before_cuts;
            self.cuts = 0;
        }
        self.sample = Sample::new(now);
    }

    /// Cuts the rate to a little below what the service accepted.
    fn cut(&mut self) {
        if self.cuts == 0 {
            self.before_cuts = self.rate;
        }
        self.cuts += 1;
        // What was accepted before a first cut says little, so the rate is searched for from below.
        self.increase = if self.rate.is_none() { 1.0 } else { FIRST_INCREASE };
        let accepted = self.accepted.rate() / (1.0 - self.usual_share);
        self.rate = Some((accepted * HEADROOM).max(MIN_RATE));
    }

    /// Raises the rate after a sample with no more 429s than usual.
    fn speed_up(&mut self) {
        self.cuts = 0;
        self.usual_share = 0.9 * self.usual_share + 0.1 * self.sample.share().min(self.usual_share * 1.5);
        // A rate that is at most half used limits nothing.
        self.rate = self.rate.filter(|rate| self.sample.rate() > rate / 2.0).map(|rate| rate * (1.0 + self.increase));
        let growth = if self.increase < FAST_INCREASE { 2.0 } else { 1.4 };
        self.increase = (self.increase * growth).min(1.0);
    }
}
