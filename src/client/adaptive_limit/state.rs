//! Choosing the rate of a run from its 429s.

use std::time::Duration;

use tokio::time::Instant;

use super::sample::{Recent, Sample};

/// The share of the accepted rate that is used.
const HEADROOM: f64 = 0.8;

/// The lowest rate, in attempts per second.
const MIN_RATE: f64 = 2.0;

/// The first increase of a rate, as a share of it. Each further increase is twice as large, up to doubling the rate.
const FIRST_INCREASE: f64 = 0.02;

/// Shares of 429s in two large samples are the same if they differ by less.
const SAME_SHARE: f64 = 0.15;

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
    /// The state before the rate was cut, until the effect of the cut is known.
    pub before_cut: Option<BeforeCut>,
    /// How many samples in a row had no more 429s than usual.
    calm: i32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BeforeCut {
    rate: Option<f64>,
    /// Attempts per second, also if there was no limit.
    sent: f64,
    sample: Sample,
}

impl State {
    pub fn new(slots: usize, now: Instant) -> Self {
        Self {
            slots,
            rate: None,
            next_at: now,
            paused_until: now,
            accepted: Recent::new(now),
            sample: Sample::new(now),
            usual_share: 0.0,
            before_cut: None,
            calm: 0,
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

    /// Records an attempt, and changes the rate if there are enough of them.
    pub fn record(&mut self, sent_at: Instant, is_rate_limited: bool, now: Instant) {
        self.accepted.add(is_rate_limited, now);
        // An earlier attempt was sent at another rate.
        if sent_at < self.sample.begun {
            return;
        }
        self.sample.add(is_rate_limited, now);
        if self.sample.has_more_429s_than(self.usual_share) {
            match self.before_cut {
                None => self.cut(),
                Some(before) if self.sample.is_large() || !self.sample.may_match(&before.sample) => {
                    self.judge_cut(before);
                }
                Some(_) => return,
            }
        } else if self.sample.shows_calm() {
            self.speed_up();
        } else {
            return;
        }
        self.sample = Sample::new(now);
    }

    /// Cuts the rate to a little below what the service accepted.
    fn cut(&mut self) {
        let sent = self.rate.unwrap_or_else(|| self.sample.rate().max(self.accepted.rate()));
        self.before_cut = Some(BeforeCut { rate: self.rate, sent, sample: self.sample });
        self.slow_down(sent / 8.0, sent * HEADROOM);
    }

    /// Cuts the rate again, or undoes the cut if the share of 429s stayed the same.
    fn judge_cut(&mut self, before: BeforeCut) {
        let rate = self.rate.unwrap_or(before.sent);
        let both_large = self.sample.is_large() && before.sample.is_large();
        let is_same = (self.sample.share() - before.sample.share()).abs() < SAME_SHARE;
        if both_large && is_same && rate <= (before.sent / 2.0).max(MIN_RATE) {
            self.usual_share = self.sample.share();
            self.rate = before.rate;
            self.before_cut = None;
            return;
        }
        if self.sample.is_mostly_429s() {
            self.before_cut = None;
        } else if !self.sample.may_match(&before.sample) {
            self.before_cut = Some(BeforeCut { rate: self.rate, sent: rate, sample: self.sample });
        } else if !before.sample.is_large() {
            self.before_cut = Some(BeforeCut { sent: rate, sample: self.sample, ..before });
        }
        self.slow_down(rate / 4.0, rate / 2.0);
    }

    /// Lowers the rate to a little below what the service accepts, within these bounds.
    fn slow_down(&mut self, min: f64, max: f64) {
        let accepted = self.accepted.rate() / (1.0 - self.usual_share);
        self.rate = Some((accepted * HEADROOM).clamp(min, max).max(MIN_RATE));
        self.calm = 0;
    }

    /// Raises the rate after a sample with no more 429s than usual.
    fn speed_up(&mut self) {
        self.before_cut = None;
        self.usual_share = self.usual_share.min(0.7 * self.usual_share + 0.3 * self.sample.share());
        let factor = 1.0 + (FIRST_INCREASE * 2_f64.powi(self.calm)).min(1.0);
        self.calm += 1;
        // A rate that is at most half used limits nothing.
        self.rate = self.rate.filter(|rate| self.sample.rate() > rate / 2.0).map(|rate| rate * factor);
    }
}
