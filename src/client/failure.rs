//! How an attempt failed, and whether it may be retried.

use std::fmt;

use reqwest::StatusCode;

use super::causes::{causes, certificate_error};
use super::proxy::ProxyError;
use crate::operation::Operation;

/// How one attempt failed. It decides whether the call may be retried; [`RetryPolicy`](super::RetryPolicy) decides
/// when.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection was made; nothing was sent.
    NotConnected,
    /// The server's certificate was rejected; nothing was sent.
    CertificateRefused,
    /// The proxy refused to connect to the server; nothing was sent.
    ProxyRefused,
    /// No complete response: the attempt timed out or the connection broke off. The server may have received the
    /// request.
    NoResponse,
    /// A response with this status, 400 or more.
    Status(u16),
    /// The server is still processing a request with the same key: a 409 after an attempt without a response, or for an
    /// operation that has no other conflict in the spec.
    KeyInUse,
}

impl Failure {
    /// Whether the call may be retried.
    ///
    /// A [repeatable](Operation::is_repeatable) operation may be retried after every transient failure. Another
    /// operation may be retried only if the server cannot have processed the request.
    ///
    /// 524 is not retried: the server has used all the time that Cloudflare allows, and may still process the request.
    pub fn may_be_retried(self, operation: &Operation) -> bool {
        match self {
            Self::KeyInUse => operation.takes_idempotency_key,
            Self::Status(524) => false,
            _ => self.is_transient() && (operation.is_repeatable() || self.was_not_processed()),
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(self) -> bool {
        match self {
            Self::NotConnected | Self::NoResponse | Self::KeyInUse => true,
            Self::CertificateRefused | Self::ProxyRefused => false,
            Self::Status(status) => matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 524),
        }
    }

    /// Whether the server cannot have processed the request.
    pub(super) fn was_not_processed(self) -> bool {
        matches!(self, Self::NotConnected | Self::CertificateRefused | Self::ProxyRefused | Self::Status(429))
    }

    /// Whether the server may have processed the request, so that a second request may do the work twice.
    pub(super) fn outcome_unknown(self) -> bool {
        matches!(self, Self::NoResponse | Self::KeyInUse | Self::Status(408 | 500..=599))
    }

    /// The failure of a response; `None` if its status is not an error.
    pub(super) fn of_status(status: StatusCode) -> Option<Self> {
        (status.is_client_error() || status.is_server_error()).then(|| Self::Status(status.as_u16()))
    }

    pub(super) fn of_error(error: &reqwest::Error) -> Self {
        if certificate_error(error).is_some() {
            Self::CertificateRefused
        } else if proxy_error(error).is_some_and(|error| !error.is_transient()) {
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
            Self::CertificateRefused => f.write_str("certificate rejected"),
            Self::ProxyRefused => f.write_str("refused by the proxy"),
            Self::NoResponse => f.write_str("no complete response"),
            Self::Status(429) => f.write_str("rate limited"),
            Self::Status(status) => write!(f, "HTTP {status}"),
            Self::KeyInUse => f.write_str("an earlier attempt is still in progress"),
        }
    }
}

/// Why the proxy made no connection; `None` if the failure is another one.
pub(super) fn proxy_error(error: &reqwest::Error) -> Option<&ProxyError> {
    causes(error).find_map(|cause| cause.downcast_ref())
}
