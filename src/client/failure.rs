use std::error::Error as StdError;
use std::fmt;

use reqwest::StatusCode;
use rustls::CertificateError;

use super::proxy::ProxyError;
use crate::operation::Operation;

/// How one attempt failed, as far as it matters for trying again: what may be, of the two parts of a retry.
/// [`RetryPolicy`](super::RetryPolicy) says when.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection was made, so that nothing was sent.
    NotConnected,
    /// The server's certificate was refused, so that nothing was sent.
    CertificateRefused,
    /// The proxy refused to connect to the server, so that nothing was sent.
    ProxyRefused,
    /// The request may have arrived, and no complete answer came: the time ran out or the connection broke.
    NoResponse,
    /// The server answered with this status, 400 or more.
    Status(u16),
    /// The server answered 409, and that can only mean that a request with the same key is still under way: there
    /// was an attempt without an answer before, or the operation knows no other conflict.
    KeyInUse,
}

impl Failure {
    /// Whether the request is sent again, if there is time.
    ///
    /// A [repeatable](Operation::is_repeatable) operation may be repeated after everything that can pass. Any other
    /// operation may be repeated only when the request cannot have been processed.
    ///
    /// 524 is not retried: the request has run for all the time that the edge gives it, and may still run.
    #[must_use]
    pub fn may_be_tried_again(self, operation: &Operation) -> bool {
        match self {
            Self::KeyInUse => operation.takes_idempotency_key,
            Self::Status(524) => false,
            _ => self.can_pass() && (operation.is_repeatable() || self.was_not_processed()),
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn can_pass(self) -> bool {
        match self {
            Self::NotConnected | Self::NoResponse | Self::KeyInUse => true,
            Self::CertificateRefused | Self::ProxyRefused => false,
            Self::Status(status) => matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 524),
        }
    }

    pub(super) fn was_not_processed(self) -> bool {
        matches!(self, Self::NotConnected | Self::CertificateRefused | Self::ProxyRefused | Self::Status(429))
    }

    /// Whether the request may have been processed all the same, so that doing it again may do it twice.
    pub(super) fn outcome_unknown(self) -> bool {
        matches!(self, Self::NoResponse | Self::KeyInUse | Self::Status(408 | 500..=599))
    }

    /// Of a status; none of one that is no error.
    pub(super) fn of_status(status: StatusCode) -> Option<Self> {
        (status.is_client_error() || status.is_server_error()).then(|| Self::Status(status.as_u16()))
    }

    pub(super) fn of_error(error: &reqwest::Error) -> Self {
        if refused_certificate(error).is_some() {
            Self::CertificateRefused
        } else if failed_proxy(error).is_some_and(|error| !error.can_pass()) {
            Self::ProxyRefused
        } else if error.is_connect() {
            Self::NotConnected
        } else {
            Self::NoResponse
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => f.write_str("no connection"),
            Self::CertificateRefused => f.write_str("certificate refused"),
            Self::ProxyRefused => f.write_str("refused by the proxy"),
            Self::NoResponse => f.write_str("no complete answer"),
            Self::Status(429) => f.write_str("rate limited"),
            Self::Status(status) => write!(f, "HTTP {status}"),
            Self::KeyInUse => f.write_str("an earlier attempt is still under way"),
        }
    }
}

/// Why the server's certificate was refused, if it was.
pub(super) fn refused_certificate<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a CertificateError> {
    causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(reason)) => Some(reason),
        _ => None,
    })
}

/// Why the proxy made no connection, if one was to.
pub(super) fn failed_proxy(error: &reqwest::Error) -> Option<&ProxyError> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The error and what caused it, outermost first; an I/O error hides the error that it carries.
pub(super) fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        carried.map(|carried| carried as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}
