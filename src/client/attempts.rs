//! The attempts at one request: sends it until an attempt succeeds or must not be repeated.

use std::time::{Duration, SystemTime};

use reqwest::header::AUTHORIZATION;
use reqwest::{Request, Response, StatusCode};
use tokio::time::Instant;

use super::adaptive_limit::AdaptiveLimit;
use super::call::key_may_be_used;
use super::connections::Sent;
use super::duration::in_words;
use super::response::request_id;
use super::retry::{Backoff, Delay, retry_after};
use super::{Exchange, Failure, NextStep, call_record};
use crate::operation::Operation;

/// A request, and the attempts and the time that are left for it.
pub(super) struct Attempts<'a> {
    exchange: &'a Exchange,
    http: &'a reqwest::Client,
    request: Request,
    operation: &'static Operation,
    /// When the call started.
    started: Instant,
    backoff: Backoff,
    made: u32,
    may_renew: bool,
    /// An earlier request with this effect, or with this key, may have been processed.
    in_doubt: bool,
}

/// How the attempts ended.
pub(super) struct Ended {
    pub outcome: reqwest::Result<Response>,
    /// The failure, and what happens next; `None` if the outcome is a success. [`NextStep::Retry`] means that no
    /// attempts or no time is left.
    pub failed: Option<(Failure, NextStep)>,
}

impl<'a> Attempts<'a> {
    pub fn new(
        exchange: &'a Exchange,
        http: &'a reqwest::Client,
        request: Request,
        operation: &'static Operation,
        started: Instant,
    ) -> Self {
        Self {
            exchange,
            http,
            request,
            operation,
            started,
            backoff: Backoff::new(&exchange.retry_policy),
            made: 0,
            may_renew: true,
            in_doubt: key_may_be_used(),
        }
    }

    /// Attempts at a request that reads, as a part of the same call.
    pub fn at(&self, request: Request, operation: &'static Operation) -> Self {
        Self::new(self.exchange, self.http, request, operation, self.started)
    }

    pub fn exchange(&self) -> &'a Exchange {
        self.exchange
    }

    pub fn http(&self) -> &'a reqwest::Client {
        self.http
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Whether an attempt may have taken effect.
    pub fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Whether the request may be sent again.
    pub fn are_left(&self) -> bool {
        self.made < self.exchange.retry_policy.max_attempts.get()
    }

    fn time_left(&self) -> Duration {
        self.exchange.retry_policy.timeout.saturating_sub(self.started.elapsed())
    }

    /// Sends the request until an attempt succeeds or must not be repeated. Every attempt sends the same bytes,
    /// including the idempotency key. Only the credential may change.
    pub async fn make(&mut self) -> Ended {
        loop {
            let (outcome, failure) = self.attempt().await;
            let Some(failure) = failure else { return Ended { outcome, failed: None } };
            // A 401 is sent before any work is done, so this is safe for every operation.
            if failure == Failure::Status(401) && self.renew_credential().await {
                tracing::info!("credential renewed, retrying at once");
                continue;
            }
            let next = if self.in_doubt {
                failure.next_step_in_doubt(self.operation)
            } else {
                failure.next_step(self.operation)
            };
            self.in_doubt |= failure.outcome_unknown();
            if next != NextStep::Retry || !self.wait_for_attempt(failure, &outcome).await {
                return Ended { outcome, failed: Some((failure, next)) };
            }
        }
    }

    /// Makes one attempt. The failure is `None` if it succeeds.
    async fn attempt(&mut self) -> (reqwest::Result<Response>, Option<Failure>) {
        let Self { exchange, http, request, operation, .. } = self;
        let attempt_started = Instant::now();
        self.made += 1;
        call_record::record_attempt_start(request);
        let timeout = exchange.retry_policy.timeout.saturating_sub(self.started.elapsed());
        let timeout = exchange.retry_policy.attempt_timeout.min(timeout);
        let Sent { outcome, was_resent } = exchange.attempt(http, request, operation, timeout).await;
        if was_resent {
            self.in_doubt = true;
            call_record::record_outcome_unknown();
        }
        let failure = self.failure_of(&outcome);
        call_record::record_attempt_end(&outcome, failure);
        self.log_attempt(attempt_started.elapsed(), &outcome);
        self.exchange.limit.record(attempt_started, failure == Some(Failure::Status(429)));
        if let (Some(Failure::Status(429 | 503)), Some(time)) = (failure, retry_after_of(&outcome)) {
            self.exchange.limit.pause(time);
        }
        (outcome, failure)
    }

    /// How the attempt failed; `None` if it succeeded.
    ///
    /// A 409 means [`Failure::KeyInUse`] if an earlier request with the key may still be processed, or if the spec has
    /// no conflict for the operation.
    fn failure_of(&self, outcome: &reqwest::Result<Response>) -> Option<Failure> {
        let conflict_means_key_in_use =
            || self.operation.takes_idempotency_key && (self.in_doubt || !self.operation.documents(409));
        match outcome {
            Ok(response) if response.status() == StatusCode::CONFLICT && conflict_means_key_in_use() => {
                Some(Failure::KeyInUse)
            }
            Ok(response) => Failure::of_status(response.status()),
            Err(error) => Some(Failure::of_error(error)),
        }
    }

    /// Replaces the credential that was rejected, once. `false` if there is no other.
    async fn renew_credential(&mut self) -> bool {
        if !std::mem::take(&mut self.may_renew) {
            return false;
        }
        match self.exchange.renewed_credential(&self.request, self.time_left()).await {
            Ok(Some(token)) => {
                self.request.headers_mut().insert(AUTHORIZATION, token.authorization());
                true
            }
            Ok(None) => false,
            Err(error) => {
                call_record::record_missing_credential(error);
                false
            }
        }
    }

    /// Waits for the next attempt. `false` if no attempts or no time is left.
    async fn wait_for_attempt(&mut self, failure: Failure, outcome: &reqwest::Result<Response>) -> bool {
        if !self.are_left() {
            // A 409 that persists is a conflict of the operation, if the spec has one.
            if failure == Failure::KeyInUse && self.operation.documents(409) {
                call_record::record_attempt_end(outcome, Some(Failure::Status(409)));
            }
            return false;
        }
        let (next, max) = (self.made + 1, self.exchange.retry_policy.max_attempts);
        self.wait(failure, retry_after_of(outcome), |when| format!("retrying {when} ({next} of {max})")).await
    }

    /// Waits before another request: for `retry_after` if the server sent it, otherwise for the backoff. `next` says
    /// what happens at that time, such as "in 2 s". `false` if the call has no time left for it.
    pub async fn wait(
        &mut self,
        failure: Failure,
        retry_after: Option<Duration>,
        next: impl Fn(&str) -> String,
    ) -> bool {
        let delay = match retry_after {
            Some(time) => Delay::RetryAfter(time),
            None if failure == Failure::Status(429) && self.likely_rate_limited() => Delay::RateLimit,
            None => Delay::Recovery,
        };
        let delay = self.backoff.next(delay).max(self.exchange.limit.remaining_pause());
        let is_too_long = retry_after.is_some_and(|time| time > self.exchange.retry_policy.max_retry_after);
        if is_too_long || delay >= self.time_left() {
            call_record::record_out_of_time();
            return false;
        }
        match delay {
            Duration::ZERO => tracing::info!("{failure}, {}", next("at once")),
            delay => tracing::info!("{failure}, {}", next(&format!("in {}", in_words(delay)))),
        }
        if failure == Failure::Status(429) {
            AdaptiveLimit::release();
        }
        let waited = self.exchange.wait(delay, || self.time_left()).await;
        if !waited {
            call_record::record_out_of_time();
        }
        waited
    }

    /// Whether a 429 is likely to come from a rate limit. A run has measured it; a single call assumes it.
    fn likely_rate_limited(&self) -> bool {
        !AdaptiveLimit::is_run() || self.exchange.limit.is_limiting()
    }

    fn log_attempt(&self, took: Duration, outcome: &reqwest::Result<Response>) {
        // Formatting is not free.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let (method, path) = (self.request.method(), self.request.url().path());
        let (number, max, took) = (self.made, self.exchange.retry_policy.max_attempts, in_words(took));
        match outcome {
            Ok(response) => {
                let id = request_id(response.headers()).unwrap_or_else(|| "none".to_owned());
                let status = response.status().as_u16();
                tracing::debug!("{method} {path}: {status} in {took} (attempt {number} of {max}, request id {id})");
            }
            Err(error) => {
                let failure = Failure::of_error(error);
                tracing::debug!("{method} {path}: {failure} in {took} (attempt {number} of {max})");
            }
        }
    }
}

/// The time in the `Retry-After` of a response; `None` if there is none.
pub(super) fn retry_after_of(outcome: &reqwest::Result<Response>) -> Option<Duration> {
    outcome.as_ref().ok().and_then(|response| retry_after(response.headers(), SystemTime::now()))
}
