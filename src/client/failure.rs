//! How an attempt failed, and what happens next.

use std::fmt;

use reqwest::StatusCode;

use super::causes::{causes, certificate_error};
use super::proxy::ProxyError;
use crate::operation::Operation;

/// How one attempt failed. It decides what happens [next](Self::next_step); [`RetryPolicy`](super::RetryPolicy) decides
/// when, and how often.
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

/// What happens after a failed attempt, while the call has attempts and time left.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NextStep {
    /// The same request is sent again, after a wait.
    Retry,
    /// `listUsers` shows whether an attempt took effect. If none did, the list is read once more after a wait; then the
    /// request is sent again, or the call fails if the server rejected it.
    LookUp,
    /// The call succeeds: the failure shows that an earlier attempt took effect.
    Succeed,
    /// The call fails.
    GiveUp,
}

impl Failure {
    /// What happens after this failure if all earlier attempts of the call certainly had no effect.
    ///
    /// A request that the server cannot have processed is sent again. If the outcome is unknown, it depends on the
    /// operation:
    ///
    /// - A [repeatable](Operation::is_repeatable) operation is retried. One that reads or takes an `Idempotency-Key` is
    ///   retried only after a transient failure, and not after 524: the server has used all the time that Cloudflare
    ///   allows, and may still process the request.
    /// - After `inviteUser`, the address is looked up.
    pub fn next_step(self, operation: &Operation) -> NextStep {
        match self {
            Self::NotConnected | Self::Status(429) => NextStep::Retry,
            Self::KeyInUse if operation.takes_idempotency_key => NextStep::Retry,
            Self::KeyInUse => NextStep::GiveUp,
            _ if !self.outcome_unknown() => NextStep::GiveUp,
            _ if operation.id == Operation::INVITE_USER.id => NextStep::LookUp,
            _ if !operation.is_repeatable() => NextStep::GiveUp,
            // Only another attempt can show what this one did.
            _ if operation.method != "GET" && !operation.takes_idempotency_key => NextStep::Retry,
            Self::Status(524) => NextStep::GiveUp,
            _ if self.is_transient() => NextStep::Retry,
            _ => NextStep::GiveUp,
        }
    }

    /// What happens after this failure if the outcome of an earlier attempt of the call is unknown.
    ///
    /// It is [`next_step`](Self::next_step), except that the failure may be due to the earlier attempt:
    ///
    /// - `inviteUser` never gives up before the address is looked up.
    /// - For `deleteUser`, "not found" is a success, and a rejection (400, 409, 422) leads to a look-up, because the
    ///   spec does not say how the server rejects an unknown id.
    pub fn next_step_in_doubt(self, operation: &Operation) -> NextStep {
        match (self.next_step(operation), self) {
            (NextStep::GiveUp, _) if operation.id == Operation::INVITE_USER.id => NextStep::LookUp,
            (NextStep::GiveUp, Self::Status(404 | 410)) if operation.id == Operation::DELETE_USER.id => {
                NextStep::Succeed
            }
            (NextStep::GiveUp, Self::Status(400 | 409 | 422)) if operation.id == Operation::DELETE_USER.id => {
                NextStep::LookUp
            }
            (next_step, _) => next_step,
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

    /// Whether no connection was made, so that the request was not sent.
    #[cfg(feature = "cli")]
    pub(super) fn is_before_sending(self) -> bool {
        matches!(self, Self::NotConnected | Self::CertificateRefused | Self::ProxyRefused)
    }

    /// Whether the server may have processed the request, so that a second request may do the work twice.
    pub(super) fn outcome_unknown(self) -> bool {
        matches!(self, Self::NoResponse | Self::KeyInUse | Self::Status(408 | 500..=599))
    }

    /// Whether the server may still be processing the request: no complete response, or one that a gateway sent.
    pub(super) fn may_be_in_progress(self) -> bool {
        matches!(self, Self::NoResponse | Self::KeyInUse | Self::Status(408 | 502 | 504 | 520..=599))
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
