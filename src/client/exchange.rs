use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Request, Response, StatusCode};
use tokio::time::Instant;

use super::adaptive_limit::AdaptiveLimit;
use super::call::may_be_used;
use super::connections::{Connections, Sent};
use super::duration::in_words;
use super::response::{complete, request_id};
use super::retry::{Backoff, Delay, retry_after};
use super::server_clock::ServerClock;
use super::{
    AccessToken, Client, Credentials, CredentialsError, CredentialsFuture, Error, ErrorKind, Failure, RetryPolicy,
    call_record,
};
use crate::operation::Operation;

const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");

/// One request until it is answered: what every operation of a [`Client`] goes through.
///
/// It adds the credential, the tenant and the customer context, sends the request, and reads the whole answer.
/// [`ClientConfig::build`](super::ClientConfig::build) makes it.
#[derive(Clone, Debug)]
pub struct Exchange {
    credentials: Arc<dyn Credentials>,
    tenant: Option<HeaderValue>,
    customer_context: Option<String>,
    retry_policy: RetryPolicy,
    /// Shared by all clones of a client, as the next is, so that a rate limit that one call meets slows down all of a run.
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

    async fn token(&self) -> Result<AccessToken, CredentialsError> {
        Self::in_time(self.retry_policy.timeout, self.credentials.get()).await
    }

    /// A credential is part of the call, and of the time for it.
    async fn in_time<T>(left: Duration, asked: CredentialsFuture<'_, T>) -> Result<T, CredentialsError> {
        let too_late = |_| CredentialsError::new(ErrorKind::Network, "no credential in time");
        tokio::time::timeout(left, asked).await.map_err(too_late)?
    }

    /// Adds who asks, and for which customer.
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
            return Err(Error::InvalidRequest("the id does not fit into the path of the request".into()));
        }
        // The generator adds it; the document knows no such header.
        request.headers_mut().remove("api-version");
        label_body(request, operation(info)).map_err(Error::InvalidRequest)?;
        call_record::record_request(request, operation(info));
        match self.inner().token().await {
            Ok(token) => self.inner().add_credentials(request, &token),
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

/// Sets the media type that the document gives the body, where the generator knows only another one.
fn label_body(request: &mut Request, operation: &Operation) -> Result<(), String> {
    let (Some(content), Some(body)) = (operation.request, request.body()) else { return Ok(()) };
    let body = body.as_bytes().ok_or("a body that is a stream cannot be sent again; give it as bytes")?;
    let media_type = match content.media_type {
        "multipart/form-data" => match boundary(body) {
            Some(boundary) => format!("multipart/form-data; boundary=\"{boundary}\""),
            None => return Err("the body is no form: it has to begin with its boundary".to_owned()),
        },
        other => other.to_owned(),
    };
    if let Ok(value) = HeaderValue::from_str(&media_type) {
        request.headers_mut().insert(CONTENT_TYPE, value);
    }
    Ok(())
}

/// The boundary of a multipart body, which is what its first line has after two dashes.
fn boundary(body: &[u8]) -> Option<&str> {
    let line = body.strip_prefix(b"--")?.split(|byte| *byte == b'\r').next()?;
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    (1..=70)
        .contains(&line.len())
        .then_some(line)
        .filter(|line| line.iter().all(is_allowed))
        .and_then(|line| str::from_utf8(line).ok())
}

fn operation(info: &OperationInfo) -> &'static Operation {
    Operation::named(info.operation_id).expect("the client and the table are made from one document")
}

impl Exchange {
    /// Sends the request until it is answered, or may not or cannot be tried again. Every attempt sends the same
    /// bytes, the idempotency key among them, but for a credential that had to be renewed.
    async fn run(
        &self,
        http: &reqwest::Client,
        mut request: Request,
        operation: &Operation,
    ) -> reqwest::Result<Response> {
        let started = call_record::started();
        let left = || self.retry_policy.timeout.saturating_sub(started.elapsed());
        let mut backoff = Backoff::new(&self.retry_policy);
        let mut may_be_under_way = may_be_used();
        let mut may_renew = true;
        let mut number = 0;
        loop {
            number += 1;
            let attempt_started = Instant::now();
            call_record::record_attempt_start(&request);
            let within = self.retry_policy.attempt_timeout.min(left());
            let Sent { outcome, was_sent_before } = self.attempt(http, &request, operation, within).await;
            if was_sent_before {
                may_be_under_way = true;
                call_record::note_doubt();
            }
            let failure = failure_of(&outcome, operation, may_be_under_way);
            call_record::record_attempt_end(&outcome, failure, started.elapsed());
            self.log_attempt(&request, number, attempt_started.elapsed(), &outcome);
            let asked = outcome.as_ref().ok().and_then(|answer| retry_after(answer.headers(), SystemTime::now()));
            self.limit.note(attempt_started, failure == Some(Failure::Status(429)));
            if let (Some(Failure::Status(429 | 503)), Some(asked)) = (failure, asked) {
                self.limit.pause(asked);
            }

            if failure == Some(Failure::Status(401)) && std::mem::take(&mut may_renew) {
                match self.renewed(&request, left()).await {
                    // It was refused before anything was done, so that this is safe for every operation.
                    Ok(Some(token)) => {
                        tracing::info!("the credential was renewed, trying again at once");
                        request.headers_mut().insert(AUTHORIZATION, token.authorization());
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => call_record::record_missing_credential(error),
                }
            }
            let Some(failure) = failure.filter(|failure| failure.may_be_tried_again(operation)) else {
                return outcome;
            };
            may_be_under_way |= !failure.was_not_processed();
            let delay = match asked {
                Some(asked) => Delay::Asked(asked),
                None if failure == Failure::Status(429) && self.is_rate_limited() => Delay::RateLimit,
                None => Delay::Recovery,
            };
            let Some(delay) = backoff.next(delay) else {
                // A conflict that stays is one that the operation knows, where it knows any.
                if failure == Failure::KeyInUse && operation.documents(409) {
                    call_record::record_attempt_end(&outcome, Some(Failure::Status(409)), started.elapsed());
                }
                return outcome;
            };
            let delay = delay.max(self.limit.pause_left());
            if asked.is_some_and(|asked| asked > self.retry_policy.max_retry_after) || delay >= left() {
                call_record::record_out_of_time();
                return outcome;
            }
            let (next, most) = (number + 1, self.retry_policy.max_attempts);
            match delay {
                Duration::ZERO => tracing::info!("{failure}, trying again at once ({next} of {most})"),
                delay => tracing::info!("{failure}, trying again in {} ({next} of {most})", in_words(delay)),
            }
            if failure == Failure::Status(429) {
                AdaptiveLimit::give_back();
            }
            if !self.wait(delay, left).await {
                call_record::record_out_of_time();
                return outcome;
            }
        }
    }

    /// Whether a 429 means a rate limit. In a run that is known; otherwise it is likely.
    fn is_rate_limited(&self) -> bool {
        !AdaptiveLimit::is_held() || self.limit.is_limiting()
    }

    /// Waits for so long before another attempt, and longer while the server asked for it or limits the rate; false
    /// where there is no time for it.
    async fn wait(&self, delay: Duration, left: impl Fn() -> Duration) -> bool {
        let mut wait = delay;
        while !wait.is_zero() {
            if wait >= left() {
                return false;
            }
            tokio::time::sleep(wait).await;
            wait = self.limit.pause_left();
        }
        tokio::time::timeout(left(), self.limit.regain()).await.is_ok()
    }

    /// Another credential in place of the one of the request, which was refused.
    async fn renewed(&self, request: &Request, left: Duration) -> Result<Option<AccessToken>, CredentialsError> {
        match request.headers().get(AUTHORIZATION).and_then(AccessToken::of_authorization) {
            Some(refused) => Self::in_time(left, self.credentials.renew(&refused)).await,
            None => Ok(None),
        }
    }

    /// Sends the request once.
    async fn attempt(
        &self,
        http: &reqwest::Client,
        request: &Request,
        operation: &Operation,
        within: Duration,
    ) -> Sent {
        let Sent { outcome, was_sent_before } = self.connections.send(http, request, operation, within).await;
        let token = request.headers().get(AUTHORIZATION).and_then(AccessToken::of_authorization);
        let outcome = match outcome {
            Ok(response) => {
                self.server_clock.read(response.headers(), SystemTime::now());
                complete(response, token.as_ref()).await
            }
            Err(error) => Err(error),
        };
        Sent { outcome, was_sent_before }
    }

    fn log_attempt(&self, request: &Request, number: u32, took: Duration, outcome: &reqwest::Result<Response>) {
        // To put this into words takes its time.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let (method, path, most) = (request.method(), request.url().path(), self.retry_policy.max_attempts);
        let took = in_words(took);
        match outcome {
            Ok(answer) => {
                let id = request_id(answer.headers()).unwrap_or_else(|| "none".to_owned());
                let status = answer.status().as_u16();
                tracing::debug!("{method} {path}: {status} in {took} (attempt {number} of {most}, request id {id})");
            }
            Err(error) => {
                let failure = Failure::of_error(error);
                tracing::debug!("{method} {path}: {failure} in {took} (attempt {number} of {most})");
            }
        }
    }
}

/// What went wrong, if anything did.
///
/// 409 means that the key is in use, by an earlier attempt or by an earlier call, where it cannot mean anything else.
fn failure_of(outcome: &reqwest::Result<Response>, operation: &Operation, may_be_under_way: bool) -> Option<Failure> {
    let means_key_in_use = |status: StatusCode| {
        status == StatusCode::CONFLICT
            && operation.takes_idempotency_key
            && (may_be_under_way || !operation.documents(409))
    };
    match outcome {
        Ok(answer) if means_key_in_use(answer.status()) => Some(Failure::KeyInUse),
        Ok(answer) => Failure::of_status(answer.status()),
        Err(error) => Some(Failure::of_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Content;

    fn sent_as(media_type: &'static str, body: &'static str) -> Result<Option<String>, String> {
        let request = Some(Content { media_type, schema: "{}" });
        let operation = Operation { request, ..*Operation::UPDATE_USER };
        let mut request = Request::new(reqwest::Method::PATCH, "http://127.0.0.1/".parse().expect("a URL"));
        *request.body_mut() = Some(body.into());
        label_body(&mut request, &operation)?;
        Ok(request.headers().get(CONTENT_TYPE).map(|value| value.to_str().expect("visible").to_owned()))
    }

    #[test]
    fn a_body_is_sent_as_what_the_document_says() {
        assert_eq!(sent_as("application/merge-patch+json", "{}"), Ok(Some("application/merge-patch+json".to_owned())));
        let form = "--x-1\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x-1--\r\n";
        assert_eq!(sent_as("multipart/form-data", form), Ok(Some("multipart/form-data; boundary=\"x-1\"".to_owned())));
        assert!(sent_as("multipart/form-data", "no form").is_err());
    }
}
