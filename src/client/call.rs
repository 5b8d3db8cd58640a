use bytes::Bytes;

use super::transcript::{Transcript, record};
use super::{ApiError, Error, ResponseValue};
use crate::types;

/// What a successful [`call`] brings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer<T> {
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
) -> Result<Answer<T>, ApiError> {
    let (outcome, transcript) = record(sending).await;
    match outcome {
        Ok(response) => {
            let Transcript { body, request_id, attempts, .. } = transcript;
            Ok(Answer { value: response.into_inner(), body, request_id, attempts })
        }
        Err(error) => Err(ApiError::from(error).with_transcript(transcript)),
    }
}
