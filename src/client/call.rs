use bytes::Bytes;

use super::call_record::{CallRecord, record};
use super::{ApiError, Error, ResponseValue};
use crate::types;

/// What a successful [`call`] brings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallResponse<T> {
    /// The answer as the document describes it.
    pub value: T,
    /// The body as the server sent it: it may hold properties that the document leaves out.
    pub body: Bytes,
    /// What the server calls this request, to be quoted to its support.
    pub request_id: Option<String>,
    /// How many attempts it took.
    pub attempts: u32,
}

/// Makes one call: `sending` is what `send` of one of the [`builder`](super::builder)s returns.
///
/// # Errors
///
/// Everything that can go wrong is an [`ApiError`]; its [`kind`](ApiError::kind) says what to do about it, and it
/// has the idempotency key with which the same call can be made again safely.
pub async fn call<T>(
    sending: impl Future<Output = Result<ResponseValue<T>, Error<types::Error>>>,
) -> Result<CallResponse<T>, ApiError> {
    call_unless(sending, std::future::pending()).await
}

/// The same, unless it is to `stop` before: what comes of it then is an error of the kind
/// [`Interrupted`](super::ErrorKind::Interrupted), which says whether it
/// [may have been done](ApiError::outcome_unknown) all the same.
///
/// # Errors
///
/// As of [`call`].
pub async fn call_unless<T>(
    sending: impl Future<Output = Result<ResponseValue<T>, Error<types::Error>>>,
    stop: impl Future<Output = ()>,
) -> Result<CallResponse<T>, ApiError> {
    let (outcome, call_record) = record(sending, stop).await;
    match outcome {
        None => Err(ApiError::interrupted().with_call_record(call_record)),
        Some(Ok(response)) => {
            let CallRecord { body, request_id, attempts, .. } = call_record;
            Ok(CallResponse { value: response.into_inner(), body, request_id, attempts })
        }
        Some(Err(error)) => Err(ApiError::from(error).with_call_record(call_record)),
    }
}

tokio::task_local! {
    /// The key of the call under way may have been used before.
    static USED_KEY: ();
}

/// What `send` returns, with an idempotency key that may have been used before, as in a run that is resumed.
///
/// The earlier request may still be under way. Some operations answer that with the same 409 as a conflict of their own,
/// so that a 409 is then retried, and counts as a conflict when it stays.
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

/// Whether the key of the call under way may have been used before.
pub(super) fn may_be_used() -> bool {
    USED_KEY.try_with(|()| ()).is_ok()
}
