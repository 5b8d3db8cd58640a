use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};

use super::CredentialsError;
use super::call_record::CallRecord;
use super::duration::in_words;
use super::error_body::{self, excerpt, named};
use super::failure::{causes, failed_proxy, refused_certificate};
use super::response::{UnreadableBody, WholeBody, request_id};
use super::retry::retry_after;
use super::{Failure, IdempotencyKey, tls};
use crate::operation::Operation;
use crate::types;

/// The longest message that is kept, in characters.
const MAX_MESSAGE: usize = 2000;

/// The longest `Location` that is kept, in characters.
const MAX_LOCATION: usize = 200;

/// The longest `Retry-After` that is told: a year.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A call that failed: what kind of failure it is, what the server said, what was tried, and whether trying again
/// can help.
///
/// `Display` is one sentence. Texts in it may come from the server and hold anything, control characters too:
/// escape them before they reach a terminal.
#[derive(Debug)]
pub struct ApiError(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: ErrorKind,
    failure: Option<Failure>,
    /// There was no credential to send, and there may be one later.
    may_get_credential: bool,
    status: Option<StatusCode>,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    elapsed: Duration,
    is_out_of_time: bool,
    outcome_unknown: bool,
    operation: Option<&'static Operation>,
    idempotency_key: Option<IdempotencyKey>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a failure means for the caller.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request breaks a limit of the document; nothing was sent. Correct it.
    InvalidRequest,
    /// The server refused what was asked (400, 422). Correct it.
    Validation,
    /// The credential is missing or not valid (401). Get another one.
    Authentication,
    /// The credential may not do this (403). Get the permission.
    Permission,
    /// There is no such thing (404). Look it up again: an invite that was accepted is gone.
    NotFound,
    /// The state of the thing does not allow this (409). Look at it: what was wanted may be done already.
    Conflict,
    /// Too many requests (429). Wait, then try again.
    RateLimited,
    /// The service failed (5xx). With the same idempotency key, trying again is safe.
    Server,
    /// There was no complete answer: no connection, a broken one, or too slow a one. The work may have been
    /// done; with the same idempotency key, trying again is safe.
    Network,
    /// The proxy that the environment names did not connect to the server; nothing was sent. Check the proxy.
    Proxy,
    /// The server did not prove that it is the one that was asked for; nothing was sent. Check its address, the clock,
    /// and which authorities are trusted.
    Untrusted,
    /// The caller stopped it, by [`call_unless`](super::call_unless()). With the same idempotency key, trying again is
    /// safe.
    Interrupted,
    /// A response that the spec does not know: another status, or a success that cannot be read. If its encoding or its
    /// size is the reason, the [source](StdError::source) says so.
    UnexpectedResponse,
    /// The file of the sign-ins cannot be read or written. Mend what the message names.
    Store,
}

impl ErrorKind {
    /// What an answer with this status means, which is no success.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            400 | 422 => Self::Validation,
            401 => Self::Authentication,
            403 => Self::Permission,
            404 => Self::NotFound,
            409 => Self::Conflict,
            429 => Self::RateLimited,
            500..=599 => Self::Server,
            _ => Self::UnexpectedResponse,
        }
    }
}

impl ApiError {
    /// What the failure means.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status of the last answer; none where the last attempt brought no answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// The machine-readable code that the service sends with some errors, such as `tenant_id_required`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What the server said, or what went wrong on the way: at most 2,000 characters of it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the server calls the last request, to be quoted to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server asked to wait, at most a year.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many attempts were made; 0 when nothing was sent, and when the call was not made by
    /// [`call`](super::call()).
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the call took, attempts and waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// What was tried, in words, such as `5 attempts in 14 s; last answer: 503`; none when nothing was sent.
    #[must_use]
    pub fn tried(&self) -> Option<String> {
        let Details { attempts, elapsed, is_out_of_time, status, .. } = &*self.0;
        let attempts = match attempts {
            0 => return None,
            1 => "1 attempt".to_owned(),
            more => format!("{more} attempts"),
        };
        let last = status.map_or_else(|| "none".to_owned(), |status| status.as_u16().to_string());
        let end = if *is_out_of_time { " and no time for another" } else { "" };
        Some(format!("{attempts} in {}{end}; last answer: {last}", in_words(*elapsed)))
    }

    /// The key of the call, where it had one. The same call with the same key can be made again safely for as
    /// long as the server remembers the key (at least 24 hours).
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.0.idempotency_key.as_ref()
    }

    /// Whether the work may have been done all the same: an attempt to change something got no complete answer, or
    /// one that does not say.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown || (self.0.kind == ErrorKind::UnexpectedResponse && !self.has_no_credential())
    }

    /// Whether there was no credential to send, first or in place of one that was refused. The
    /// [source](StdError::source) is a [`CredentialsError`] then.
    #[must_use]
    pub fn has_no_credential(&self) -> bool {
        self.source().is_some_and(<dyn StdError>::is::<CredentialsError>)
    }

    /// Whether the same call, with the same idempotency key where it has one, may succeed later and is safe: it
    /// does not do the work twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let is_safe = self.0.operation.is_some_and(Operation::is_repeatable) || !self.0.outcome_unknown;
        let can_pass = self.0.failure.is_some_and(Failure::can_pass) || self.0.may_get_credential;
        is_safe && (self.0.kind == ErrorKind::Interrupted || can_pass)
    }

    /// Adds what only the exchange saw.
    pub(super) fn with_call_record(mut self, call_record: CallRecord) -> Self {
        let CallRecord {
            idempotency_key,
            attempts,
            elapsed,
            is_out_of_time,
            outcome_unknown,
            operation,
            no_credential,
            failure,
            status,
            request_id,
            body,
            ..
        } = call_record;
        let details = &mut *self.0;
        details.failure = failure.or(details.failure);
        details.status = details.status.or(status);
        details.request_id = details.request_id.take().or(request_id);
        details.code = error_body::code_in(&body);
        details.attempts = attempts;
        details.elapsed = elapsed;
        details.is_out_of_time = is_out_of_time;
        details.outcome_unknown = outcome_unknown;
        details.operation = operation;
        if details.kind == ErrorKind::Interrupted && outcome_unknown {
            details.message.push_str("; it may have been done all the same");
        }
        details.idempotency_key = idempotency_key;
        if let Some(error) = no_credential {
            // More is known than that the credential was refused.
            details.kind = error.kind();
            details.failure = None;
            details.may_get_credential = error.is_retryable();
            details.message = error.to_string();
            details.source = Some(Box::new(error));
        }
        self
    }

    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            failure: None,
            may_get_credential: false,
            status: None,
            code: None,
            message: excerpt(&message.into(), MAX_MESSAGE),
            request_id: None,
            retry_after: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            is_out_of_time: false,
            outcome_unknown: false,
            operation: None,
            idempotency_key: None,
            source: None,
        }))
    }

    pub(super) fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted before an answer came")
    }

    fn answered(status: StatusCode, headers: &HeaderMap, message: Option<String>) -> Self {
        let kind = ErrorKind::of_status(status.as_u16());
        let message = match headers.get(LOCATION).and_then(|value| value.to_str().ok()) {
            Some(location) if status.is_redirection() => {
                let location = excerpt(location, MAX_LOCATION);
                format!("the server answered {} and points to {location}, which is not followed", named(status))
            }
            _ => message.unwrap_or_else(|| format!("the server answered {}", named(status))),
        };
        let mut error = Self::new(kind, message);
        error.0.failure = Failure::of_status(status);
        error.0.status = Some(status);
        error.0.request_id = request_id(headers);
        error.0.retry_after = retry_after(headers, SystemTime::now()).map(|asked| asked.min(MAX_RETRY_AFTER));
        error
    }

    pub(super) fn network(error: reqwest::Error) -> Self {
        let unreadable = causes(&error).find_map(|cause| cause.downcast_ref::<UnreadableBody>());
        if let Some(message) = unreadable.map(ToString::to_string) {
            let mut unreadable = Self::new(ErrorKind::UnexpectedResponse, message);
            unreadable.0.source = Some(Box::new(error.without_url()));
            return unreadable;
        }
        // The URL is left out: it is no news, and it may be long.
        let error = error.without_url();
        if let Some(failed) = failed_proxy(&error) {
            let message = failed.to_string();
            return Self::caused(ErrorKind::Proxy, message, error);
        }
        if let Some(reason) = refused_certificate(&error) {
            let message = format!("the server's certificate is refused: {}", tls::in_words(reason));
            return Self::caused(ErrorKind::Untrusted, message, error);
        }
        let what = if error.is_connect() {
            "no connection to the API"
        } else if error.is_timeout() {
            "no complete answer in time"
        } else {
            "the connection broke off"
        };
        let cause = causes(&error).last().filter(|_| !error.is_timeout());
        let cause = cause.map(|cause| cause.downcast_ref().map_or_else(|| cause.to_string(), tls::failure_in_words));
        let message = cause.map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"));
        Self::caused(ErrorKind::Network, message, error)
    }

    fn caused(kind: ErrorKind, message: String, cause: reqwest::Error) -> Self {
        let mut error = Self::new(kind, message);
        error.0.failure = Some(Failure::of_error(&cause));
        error.0.source = Some(Box::new(cause));
        error
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        match self.status() {
            Some(status) => write!(f, " (HTTP {status})"),
            None => Ok(()),
        }
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<super::Error<types::Error>> for ApiError {
    fn from(error: super::Error<types::Error>) -> Self {
        use super::Error;
        match error {
            Error::InvalidRequest(message) | Error::Custom(message) => Self::new(ErrorKind::InvalidRequest, message),
            Error::CommunicationError(error) | Error::ResponseBodyError(error) | Error::InvalidUpgrade(error) => {
                Self::network(error)
            }
            Error::ErrorResponse(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                Self::answered(status, &headers, response.into_inner().error)
            }
            Error::UnexpectedResponse(response) => {
                let body = response.extensions().get::<WholeBody>();
                let message = body.and_then(|body| serde_json::from_slice::<types::Error>(&body.0).ok()?.error);
                Self::answered(response.status(), response.headers(), message)
            }
            Error::InvalidResponsePayload(_, error) => Self::new(
                ErrorKind::UnexpectedResponse,
                format!("the answer is not what the API's description promises: {error}"),
            ),
        }
    }
}
