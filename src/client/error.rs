use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};

use super::error_body;
use super::exchange::{BodyTooLarge, WholeBody};
use crate::types;

/// A call that failed: what kind of failure it is, what the server said, and whether trying again can help.
///
/// `Display` is one sentence. Texts in it may come from the server and hold anything, control characters too:
/// escape them before they reach a terminal.
#[derive(Debug)]
pub struct ApiError {
    kind: ErrorKind,
    status: Option<StatusCode>,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    retry_after: Option<Duration>,
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
    /// There is no such thing (404).
    NotFound,
    /// The state of the thing does not allow this (409).
    Conflict,
    /// Too many requests (429). Wait, then try again.
    RateLimited,
    /// The service failed (5xx). With the same idempotency key, trying again is safe.
    Server,
    /// There was no complete answer: no connection, a broken one, or too slow a one. The work may have been
    /// done; with the same idempotency key, trying again is safe.
    Network,
    /// An answer that the document does not know: another status, or a success that cannot be read.
    UnexpectedAnswer,
}

impl ApiError {
    /// What the failure means.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status.map(|status| status.as_u16())
    }

    /// The machine-readable code that the service sends with some errors, such as `tenant_id_required`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// What the server said, or what went wrong on the way.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the server calls the request, to be quoted to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How long the server asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the same call may succeed later, with nothing changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            ErrorKind::RateLimited => true,
            ErrorKind::Network => !self.is_refused_certificate(),
            _ => matches!(self.status(), Some(408 | 500 | 502 | 503 | 504)),
        }
    }

    /// Adds what only the exchange saw.
    pub(super) fn with_answer(mut self, status: Option<StatusCode>, body: &[u8], request_id: Option<String>) -> Self {
        self.status = self.status.or(status);
        self.code = error_body::code_in(body);
        self.request_id = self.request_id.or(request_id);
        self
    }

    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            message: message.into(),
            request_id: None,
            retry_after: None,
            source: None,
        }
    }

    fn answered(status: StatusCode, headers: &HeaderMap, message: Option<String>) -> Self {
        let kind = match status.as_u16() {
            400 | 422 => ErrorKind::Validation,
            401 => ErrorKind::Authentication,
            403 => ErrorKind::Permission,
            404 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            429 => ErrorKind::RateLimited,
            500..=599 => ErrorKind::Server,
            _ => ErrorKind::UnexpectedAnswer,
        };
        let message = match headers.get(LOCATION).and_then(|value| value.to_str().ok()) {
            Some(location) if status.is_redirection() => {
                format!("the server answered {} and points to {location}, which is not followed", named(status))
            }
            _ => message.unwrap_or_else(|| format!("the server answered {}", named(status))),
        };
        Self {
            status: Some(status),
            request_id: request_id(headers),
            retry_after: retry_after(headers, SystemTime::now()),
            ..Self::new(kind, message)
        }
    }

    fn network(error: reqwest::Error) -> Self {
        if let Some(too_large) = causes(&error).find_map(|cause| cause.downcast_ref::<BodyTooLarge>()) {
            return Self::new(ErrorKind::UnexpectedAnswer, too_large.to_string());
        }
        // The URL is left out: it is no news, and it may be long.
        let error = error.without_url();
        let what = if error.is_timeout() {
            "no complete answer in time"
        } else if error.is_connect() {
            "no connection to the API"
        } else {
            "the connection broke off"
        };
        let cause = causes(&error).last().map(ToString::to_string).filter(|_| !error.is_timeout());
        let message = cause.map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"));
        Self { source: Some(Box::new(error)), ..Self::new(ErrorKind::Network, message) }
    }

    fn is_refused_certificate(&self) -> bool {
        let Some(source) = &self.source else { return false };
        causes(source.as_ref())
            .filter_map(|cause| cause.downcast_ref::<rustls::Error>())
            .any(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.status {
            Some(status) => write!(f, " (HTTP {})", status.as_u16()),
            None => Ok(()),
        }
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
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
                ErrorKind::UnexpectedAnswer,
                format!("the answer is not what the API's description promises: {error}"),
            ),
        }
    }
}

/// The error and what caused it, outermost first; an I/O error hides the error that it carries.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        carried.map(|carried| carried as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

/// The status and what it is called, if it has a name.
pub(super) fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let names = ["x-request-id", "x-doit-trace", "cf-ray"];
    names.iter().find_map(|name| headers.get(*name)?.to_str().ok()).map(str::to_owned)
}

/// `Retry-After`, in seconds or as an HTTP date; what is neither is as if it were not there.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}
