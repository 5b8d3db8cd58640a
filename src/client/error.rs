//! A failed call: [`ApiError`].

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};

use super::CredentialsError;
use super::call_record::{CallRecord, Outcome};
use super::causes::{causes, certificate_error};
use super::duration::in_words;
use super::error_body::{self, status_text};
use super::excerpt::excerpt;
use super::failure::proxy_error;
use super::response::{UnreadableBody, WholeBody, request_id};
use super::retry::retry_after;
use super::{ErrorKind, Failure, IdempotencyKey, tls};
use crate::operation::Operation;
use crate::types;

/// The longest message that is kept, in characters.
const MAX_MESSAGE: usize = 2000;

/// The longest `Location` that is kept, in characters.
const MAX_LOCATION: usize = 200;

/// The longest `Retry-After` that is reported: a year.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A failed call: its kind, the message of the server, the attempts, and whether a retry can help.
///
/// `Display` prints one sentence. Its texts may come from the server and contain control characters: escape them before
/// you print them to a terminal.
#[derive(Debug)]
pub struct ApiError(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: ErrorKind,
    /// There was no credential, but there may be one later.
    may_get_credential: bool,
    code: Option<String>,
    message: String,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    call_record: CallRecord,
}

impl ApiError {
    /// What the failure means for the caller.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status of the last attempt; `None` if it got no response.
    pub fn status(&self) -> Option<u16> {
        self.0.call_record.status.map(|status| status.as_u16())
    }

    /// The machine-readable code of the error, such as `tenant_id_required`; `None` if the service sent none.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The message of the server, or what failed before there was one. At most 2,000 characters.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The request id of the last attempt, for support; `None` if the server sent none.
    pub fn request_id(&self) -> Option<&str> {
        self.0.call_record.request_id.as_deref()
    }

    /// The time in `Retry-After`, at most a year; `None` if the server sent none.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many attempts were made; 0 if nothing was sent, or if the call was not made with [`call`](super::call()).
    pub fn attempts(&self) -> u32 {
        self.0.call_record.attempts
    }

    /// How long the call took, including attempts and waits.
    pub fn elapsed(&self) -> Duration {
        self.0.call_record.elapsed
    }

    /// A summary of the attempts, such as `5 attempts in 14 s; last response: 503`; `None` if nothing was sent.
    pub fn tried(&self) -> Option<String> {
        let CallRecord { attempts, elapsed, is_out_of_time, status, .. } = &self.0.call_record;
        let attempts = match attempts {
            0 => return None,
            1 => "1 attempt".to_owned(),
            more => format!("{more} attempts"),
        };
        let last = status.map_or_else(|| "none".to_owned(), |status| status.as_u16().to_string());
        let end = if *is_out_of_time { ", no time left to retry" } else { "" };
        Some(format!("{attempts} in {}{end}; last response: {last}", in_words(*elapsed)))
    }

    /// The idempotency key of the call, if it had one. With it, the same call can be made again safely while the server
    /// remembers the key (at least 24 hours).
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.0.call_record.idempotency_key.as_ref()
    }

    /// Whether the server may have processed the request although the call failed: a request that changes something got
    /// no complete response, or one that does not say, and the client could not find out. To find out later, look the
    /// user up with `listUsers`.
    pub fn outcome_unknown(&self) -> bool {
        self.0.call_record.outcome == Outcome::Unknown
            || (self.0.kind == ErrorKind::UnexpectedResponse && !self.has_no_credential())
    }

    /// Whether there was no credential, at the start or after a 401. The [source](StdError::source) is then a
    /// [`CredentialsError`].
    pub fn has_no_credential(&self) -> bool {
        self.source().is_some_and(<dyn StdError>::is::<CredentialsError>)
    }

    /// Whether the last attempt found no connection.
    #[cfg(feature = "cli")]
    pub(crate) fn found_no_connection(&self) -> bool {
        self.0.call_record.failure.is_some_and(Failure::is_before_sending)
    }

    /// Whether the same call may succeed later and is safe to make: with the same idempotency key, if it has one, the
    /// work is not done twice.
    pub fn is_retryable(&self) -> bool {
        let CallRecord { operation, outcome, failure, .. } = &self.0.call_record;
        let is_safe = operation.is_some_and(Operation::is_repeatable) || *outcome != Outcome::Unknown;
        let is_transient = failure.is_some_and(Failure::is_transient) || self.0.may_get_credential;
        is_safe && (self.0.kind == ErrorKind::Interrupted || is_transient)
    }

    /// Adds what the exchange recorded.
    pub(super) fn with_call_record(mut self, call_record: CallRecord) -> Self {
        let details = &mut *self.0;
        let own = std::mem::replace(&mut details.call_record, call_record);
        let record = &mut details.call_record;
        record.failure = record.failure.or(own.failure);
        record.status = own.status.or(record.status);
        record.request_id = own.request_id.or(record.request_id.take());
        details.code = error_body::code_in(&std::mem::take(&mut record.body));
        if details.kind == ErrorKind::Interrupted && record.outcome == Outcome::Unknown {
            details.message.push_str("; the server may have processed the request");
        }
        if let Some(error) = record.no_credential.take() {
            // This says more than the 401.
            details.kind = error.kind();
            record.failure = None;
            details.may_get_credential = error.is_retryable();
            details.message = error.to_string();
            details.source = Some(Box::new(error));
        }
        self
    }

    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            may_get_credential: false,
            code: None,
            message: excerpt(&message.into(), MAX_MESSAGE),
            retry_after: None,
            source: None,
            call_record: CallRecord::default(),
        }))
    }

    pub(super) fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted before a response arrived")
    }

    fn from_response(status: StatusCode, headers: &HeaderMap, message: Option<String>) -> Self {
        let kind = ErrorKind::of_status(status.as_u16());
        let message = match headers.get(LOCATION).and_then(|value| value.to_str().ok()) {
            Some(location) if status.is_redirection() => {
                let location = excerpt(location, MAX_LOCATION);
                format!("the server returned {}: a redirect to {location}, which is not followed", status_text(status))
            }
            _ => message.unwrap_or_else(|| format!("the server returned {}", status_text(status))),
        };
        let mut error = Self::new(kind, message);
        error.0.call_record.failure = Failure::of_status(status);
        error.0.call_record.status = Some(status);
        error.0.call_record.request_id = request_id(headers);
        error.0.retry_after = retry_after(headers, SystemTime::now()).map(|time| time.min(MAX_RETRY_AFTER));
        error
    }

    pub(super) fn network(error: reqwest::Error) -> Self {
        let unreadable = causes(&error).find_map(|cause| cause.downcast_ref::<UnreadableBody>());
        if let Some(message) = unreadable.map(ToString::to_string) {
            let mut unreadable = Self::new(ErrorKind::UnexpectedResponse, message);
            unreadable.0.source = Some(Box::new(error.without_url()));
            return unreadable;
        }
        // The caller knows the URL, which may be long.
        let error = error.without_url();
        if let Some(proxy_error) = proxy_error(&error) {
            let message = proxy_error.to_string();
            return Self::caused(ErrorKind::Proxy, message, error);
        }
        if let Some(reason) = certificate_error(&error) {
            let message = format!("the server's certificate is rejected: {}", tls::in_words(reason));
            return Self::caused(ErrorKind::Untrusted, message, error);
        }
        let what = if error.is_connect() {
            "cannot connect to the API"
        } else if error.is_timeout() {
            "the response timed out"
        } else {
            "the connection broke off"
        };
        let message = root_cause(&error).map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"));
        Self::caused(ErrorKind::Network, message, error)
    }

    fn caused(kind: ErrorKind, message: String, cause: reqwest::Error) -> Self {
        let mut error = Self::new(kind, message);
        error.0.call_record.failure = Some(Failure::of_error(&cause));
        error.0.source = Some(Box::new(cause));
        error
    }
}

/// The innermost cause, in words; `None` for a timeout, whose causes say nothing more.
pub(super) fn root_cause(error: &reqwest::Error) -> Option<String> {
    let cause = causes(error).last().filter(|_| !error.is_timeout())?;
    Some(cause.downcast_ref().map_or_else(|| cause.to_string(), tls::failure_in_words))
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
                Self::from_response(status, &headers, response.into_inner().error)
            }
            Error::UnexpectedResponse(response) => {
                let body = response.extensions().get::<WholeBody>();
                let message = body.and_then(|body| serde_json::from_slice::<types::Error>(&body.0).ok()?.error);
                Self::from_response(response.status(), response.headers(), message)
            }
            Error::InvalidResponsePayload(_, error) => {
                Self::new(ErrorKind::UnexpectedResponse, format!("the response does not match the spec: {error}"))
            }
        }
    }
}
