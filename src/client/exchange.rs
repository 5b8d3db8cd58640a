//! The exchange: sends the request of a call, reads the response, and retries.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Request, Response, StatusCode};
use tokio::time::Instant;

use super::adaptive_limit::AdaptiveLimit;
use super::call::key_may_be_used;
use super::connections::{Connections, Sent};
use super::content_type::set_content_type;
use super::duration::in_words;
use super::response::{read_whole, request_id};
use super::retry::{Backoff, Delay, retry_after};
use super::server_clock::ServerClock;
use super::{
    AccessToken, Client, Credentials, CredentialsError, CredentialsFuture, Error, ErrorKind, Failure, RetryPolicy,
    call_record,
};
use crate::operation::Operation;

const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");

/// Makes the calls of a [`Client`]: the hooks of the generated code.
///
/// It adds the credential, the tenant and the customer context, sends the request, reads the whole response, and
/// retries. [`ClientConfig::build`](super::ClientConfig::build) makes it.
#[derive(Clone, Debug)]
pub struct Exchange {
    credentials: Arc<dyn Credentials>,
    tenant: Option<HeaderValue>,
    customer_context: Option<String>,
    retry_policy: RetryPolicy,
    /// Shared by all clones of a client, as are the following: a 429 slows down the whole run.
    limit: Arc<AdaptiveLimit>,
    connections: Arc<Connections>,
    server_clock: Arc<ServerClock>,
}

impl Exchange {
    pub(super) fn new(
        credentials: Arc<dyn Credentials>,
        tenant: Option<HeaderValue>,
        customer_context: Option<String>,
        retry_policy: RetryPolicy,
        concurrency: NonZeroUsize,
        connections: Connections,
    ) -> Self {
        let limit = Arc::new(AdaptiveLimit::new(concurrency));
        let connections = Arc::new(connections);
        let server_clock = Arc::default();
        Self { credentials, tenant, customer_context, retry_policy, limit, connections, server_clock }
    }

    pub(super) fn limit(&self) -> &AdaptiveLimit {
        &self.limit
    }

    pub(super) fn server_clock(&self) -> &ServerClock {
        &self.server_clock
    }

    /// Adds the credential, the tenant and the customer context.
    fn add_credentials(&self, request: &mut Request, token: &AccessToken) {
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.authorization());
        if let Some(tenant) = &self.tenant {
            headers.insert(TENANT, tenant.clone());
        }
        if let Some(context) = &self.customer_context {
            request.url_mut().query_pairs_mut().append_pair("customerContext", context);
        }
    }
}

impl ClientHooks<Exchange> for Client {
    async fn pre<E>(&self, request: &mut Request, info: &OperationInfo) -> Result<(), Error<E>> {
        if !operation(info).is_at(request.url().path()) {
            return Err(Error::InvalidRequest("the id is not one segment of the path".into()));
        }
        // The generator adds a header that the spec does not have.
        request.headers_mut().remove("api-version");
        set_content_type(request, operation(info)).map_err(Error::InvalidRequest)?;
        call_record::record_request(request, operation(info));
        let exchange = self.inner();
        match within(exchange.retry_policy.timeout, exchange.credentials.get()).await {
            Ok(token) => exchange.add_credentials(request, &token),
            Err(error) => {
                let message = error.to_string();
                call_record::record_missing_credential(error);
                return Err(Error::Custom(message));
            }
        }
        Ok(())
    }

    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        self.inner().run(self.client(), request, operation(info)).await
    }
}

fn operation(info: &OperationInfo) -> &'static Operation {
    Operation::named(info.operation_id).expect("the client and the table are generated from one spec")
}

/// Waits for a credential, which is part of the time for the call.
async fn within<T>(timeout: Duration, credential: CredentialsFuture<'_, T>) -> Result<T, CredentialsError> {
    let timed_out = |_| CredentialsError::new(ErrorKind::Network, "reading the credential timed out");
    tokio::time::timeout(timeout, credential).await.map_err(timed_out)?
}

impl Exchange {
    /// Sends the request until an attempt succeeds or must not be retried. Every attempt sends the same bytes,
    /// including the idempotency key. Only the credential may change.
    async fn run(
        &self,
        http: &reqwest::Client,
        mut request: Request,
        operation: &Operation,
    ) -> reqwest::Result<Response> {
        let started = call_record::started();
        let time_left = || self.retry_policy.timeout.saturating_sub(started.elapsed());
        let mut backoff = Backoff::new(&self.retry_policy);
        let mut key_may_be_in_use = key_may_be_used();
        let mut may_renew = true;
        let mut number = 0;
        loop {
            number += 1;
            let attempt_started = Instant::now();
            call_record::record_attempt_start(&request);
            let timeout = self.retry_policy.attempt_timeout.min(time_left());
            let Sent { outcome, was_resent } = self.attempt(http, &request, operation, timeout).await;
            if was_resent {
                key_may_be_in_use = true;
                call_record::record_outcome_unknown();
            }
            let failure = failure_of(&outcome, operation, key_may_be_in_use);
            call_record::record_attempt_end(&outcome, failure, started.elapsed());
            self.log_attempt(&request, number, attempt_started.elapsed(), &outcome);
            let retry_after =
                outcome.as_ref().ok().and_then(|response| retry_after(response.headers(), SystemTime::now()));
            self.limit.record(attempt_started, failure == Some(Failure::Status(429)));
            if let (Some(Failure::Status(429 | 503)), Some(time)) = (failure, retry_after) {
                self.limit.pause(time);
            }

            if failure == Some(Failure::Status(401)) && std::mem::take(&mut may_renew) {
                match self.renew(&request, time_left()).await {
                    // A 401 is sent before any work is done, so this is safe for every operation.
                    Ok(Some(token)) => {
                        tracing::info!("credential renewed, retrying at once");
                        request.headers_mut().insert(AUTHORIZATION, token.authorization());
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => call_record::record_missing_credential(error),
                }
            }
            let Some(failure) = failure.filter(|failure| failure.may_be_retried(operation)) else {
                return outcome;
            };
            key_may_be_in_use |= !failure.was_not_processed();
            let delay = match retry_after {
                Some(time) => Delay::RetryAfter(time),
                None if failure == Failure::Status(429) && self.likely_rate_limited() => Delay::RateLimit,
                None => Delay::Recovery,
            };
            let Some(delay) = backoff.next(delay) else {
                // A 409 that persists is a conflict of the operation, if the spec has one.
                if failure == Failure::KeyInUse && operation.documents(409) {
                    call_record::record_attempt_end(&outcome, Some(Failure::Status(409)), started.elapsed());
                }
                return outcome;
            };
            let delay = delay.max(self.limit.remaining_pause());
            if retry_after.is_some_and(|time| time > self.retry_policy.max_retry_after) || delay >= time_left() {
                call_record::record_out_of_time();
                return outcome;
            }
            let (next, max) = (number + 1, self.retry_policy.max_attempts);
            match delay {
                Duration::ZERO => tracing::info!("{failure}, retrying at once ({next} of {max})"),
                delay => tracing::info!("{failure}, retrying in {} ({next} of {max})", in_words(delay)),
            }
            if failure == Failure::Status(429) {
                AdaptiveLimit::release();
            }
            if !self.wait(delay, time_left).await {
                call_record::record_out_of_time();
                return outcome;
            }
        }
    }

    /// Whether a 429 is likely to come from a rate limit. A run has measured it; a single call assumes it.
    fn likely_rate_limited(&self) -> bool {
        !AdaptiveLimit::is_run() || self.limit.is_limiting()
    }

    /// Waits before another attempt: for the delay, for a pause of the whole client, and for a permit. `false` if the
    /// call has no time left for it.
    async fn wait(&self, delay: Duration, time_left: impl Fn() -> Duration) -> bool {
        let mut wait = delay;
        while !wait.is_zero() {
            if wait >= time_left() {
                return false;
            }
            tokio::time::sleep(wait).await;
            wait = self.limit.remaining_pause();
        }
        tokio::time::timeout(time_left(), self.limit.reacquire()).await.is_ok()
    }

    /// Another credential, instead of the rejected one of the request; `None` if there is no other.
    async fn renew(&self, request: &Request, time_left: Duration) -> Result<Option<AccessToken>, CredentialsError> {
        match request.headers().get(AUTHORIZATION).and_then(AccessToken::of_authorization) {
            Some(rejected) => within(time_left, self.credentials.renew(&rejected)).await,
            None => Ok(None),
        }
    }

    /// Sends the request and reads the whole response.
    async fn attempt(
        &self,
        http: &reqwest::Client,
        request: &Request,
        operation: &Operation,
        timeout: Duration,
    ) -> Sent {
        let Sent { outcome, was_resent } = self.connections.send(http, request, operation, timeout).await;
        let token = request.headers().get(AUTHORIZATION).and_then(AccessToken::of_authorization);
        let outcome = match outcome {
            Ok(response) => {
                self.server_clock.read(response.headers(), SystemTime::now());
                read_whole(response, token.as_ref()).await
            }
            Err(error) => Err(error),
        };
        Sent { outcome, was_resent }
    }

    fn log_attempt(&self, request: &Request, number: u32, took: Duration, outcome: &reqwest::Result<Response>) {
        // Formatting is not free.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let (method, path, max) = (request.method(), request.url().path(), self.retry_policy.max_attempts);
        let took = in_words(took);
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

/// How the attempt failed; `None` if it succeeded.
///
/// A 409 means [`Failure::KeyInUse`] if an earlier request with the key may still be processed, or if the spec has no
/// conflict for the operation.
fn failure_of(outcome: &reqwest::Result<Response>, operation: &Operation, key_may_be_in_use: bool) -> Option<Failure> {
    let means_key_in_use = |status: StatusCode| {
        status == StatusCode::CONFLICT
            && operation.takes_idempotency_key
            && (key_may_be_in_use || !operation.documents(409))
    };
    match outcome {
        Ok(response) if means_key_in_use(response.status()) => Some(Failure::KeyInUse),
        Ok(response) => Failure::of_status(response.status()),
        Err(error) => Some(Failure::of_error(error)),
    }
}
