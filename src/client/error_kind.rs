//! The kinds of [`ApiError`](super::ApiError).

/// What a failed call means for the caller.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request violates the spec; nothing was sent. Correct it.
    InvalidRequest,
    /// The server rejected the request (400, 422). Correct it.
    Validation,
    /// The credential is missing or invalid (401). Get another one.
    Authentication,
    /// The credential has no permission (403). Get the permission.
    Permission,
    /// Not found (404). Look up the id again: an accepted invite no longer exists.
    NotFound,
    /// The state of the user or invite does not allow this (409). Check it: the work may be done already.
    Conflict,
    /// Too many requests (429). Wait, then retry.
    RateLimited,
    /// The service failed (5xx). With the same idempotency key, it is safe to retry.
    Server,
    /// No complete response: the connection failed, broke off or timed out. The server may have processed the request.
    /// With the same idempotency key, it is safe to retry.
    Network,
    /// The proxy of the environment did not connect to the server; nothing was sent. Check the proxy.
    Proxy,
    /// The server's certificate was rejected; nothing was sent. Check the address, the clock, and the root
    /// certificates.
    Untrusted,
    /// The caller stopped the call with [`call_unless`](super::call_unless()). With the same idempotency key, it is
    /// safe to retry.
    Interrupted,
    /// A response that is not in the spec: an unknown status, or a success whose body cannot be read. If the reason is
    /// its encoding or its size, the [source](std::error::Error::source) says so.
    UnexpectedResponse,
    /// The file of the sign-ins cannot be read or written. Fix the problem in the message.
    Store,
}

impl ErrorKind {
    /// The kind of a response with this status, which is not a success.
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
