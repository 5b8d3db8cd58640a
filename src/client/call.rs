//! One call, from `send` of a generated builder to a [`CallResponse`] or an [`ApiError`].

use bytes::Bytes;

use super::call_record::{CallRecord, Outcome, record};
use super::{ApiError, Error, ResponseValue};
use crate::types;

/// The response of a successful [`call`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallResponse<T> {
    /// The body as the type of the spec.
    pub value: T,
    /// The body as the server sent it, which may have properties that the spec does not have.
    pub body: Bytes,
    /// The request id of the server, for support; `None` if the server sent none.
    pub request_id: Option<String>,
    /// How many attempts were made; at least 1. Look-ups after an attempt whose outcome is unknown are not counted.
    pub attempts: u32,
    /// Whether the success was confirmed, not reported. `false` if the server reported it in a response to the request.
    ///
    /// `true` if the response was lost or a failure, and the client found out that the request took effect: an invited
    /// user is in the list of users, a deleted one is not found. `body` is then the client's, in the form of the spec,
    /// and an invited user in it is the row of the list.
    pub confirmed: bool,
}

/// Makes one call. `sending` is the future that `send` of a [`builder`](super::builder) returns.
///
/// # Errors
///
/// Every failure is an [`ApiError`]. Its [`kind`](ApiError::kind) says what to do, and its
/// [`idempotency_key`](ApiError::idempotency_key) makes it safe to make the same call again.
pub async fn call<T>(
    sending: impl Future<Output = Result<ResponseValue<T>, Error<types::Error>>>,
) -> Result<CallResponse<T>, ApiError> {
    call_unless(sending, std::future::pending()).await
}

/// Makes one call that ends early when `stop` completes.
///
/// # Errors
///
/// Those of [`call`], and [`Interrupted`](super::ErrorKind::Interrupted) if `stop` completes first. The server may have
/// processed the request then: see [`outcome_unknown`](ApiError::outcome_unknown).
pub async fn call_unless<T>(
    sending: impl Future<Output = Result<ResponseValue<T>, Error<types::Error>>>,
    stop: impl Future<Output = ()>,
) -> Result<CallResponse<T>, ApiError> {
    let (outcome, call_record) = record(sending, stop).await;
    match outcome {
        None => Err(ApiError::interrupted().with_call_record(call_record)),
        Some(Ok(response)) => {
            let CallRecord { body, request_id, attempts, outcome, .. } = call_record;
            let confirmed = outcome == Outcome::Confirmed;
            Ok(CallResponse { value: response.into_inner(), body, request_id, attempts, confirmed })
        }
        Some(Err(error)) => Err(ApiError::from(error).with_call_record(call_record)),
    }
}

tokio::task_local! {
    /// Set if the idempotency key of the current call may have been used before.
    static USED_KEY: ();
}

/// Marks the idempotency key of a call as one that may have been used before, as when a run is resumed.
///
/// The server may still be processing the earlier request. It then returns a 409, which may look like a conflict of the
/// operation. The client therefore retries the 409, and reports a conflict only if it persists.
///
/// ```no_run
/// use dci::client::{Client, IdempotencyKey, UserId, call, with_used_key};
///
/// # async fn cancel(client: &Client, id: &UserId, key: IdempotencyKey) {
/// let request = client.cancel_invite().id(id).idempotency_key(key).body(serde_json::Map::new());
/// let outcome = call(with_used_key(request.send())).await;
/// # }
/// ```
pub async fn with_used_key<F: Future>(sending: F) -> F::Output {
    USED_KEY.scope((), sending).await
}

/// Whether the idempotency key of the current call may have been used before.
pub(super) fn key_may_be_used() -> bool {
    USED_KEY.try_with(|()| ()).is_ok()
}
