use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Request, Response};
use tokio::time::Instant;

use super::response::WholeBody;
use super::{ApiError, Error, Failure, IdempotencyKey, ResponseValue, error};
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

/// What the exchange knows of the call under way and the generated code does not hand on.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    pub idempotency_key: Option<IdempotencyKey>,
    pub attempts: u32,
    pub elapsed: Duration,
    /// Of the last attempt, as are the following.
    pub failure: Option<Failure>,
    pub status: Option<reqwest::StatusCode>,
    pub request_id: Option<String>,
    pub body: Bytes,
}

tokio::task_local! {
    /// Set while the future of a [`call`] runs, which is also what runs the exchange.
    static TRANSCRIPT: RefCell<Transcript>;
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
    let started = Instant::now();
    let recorded = async {
        let outcome = sending.await;
        (outcome, TRANSCRIPT.with(RefCell::take))
    };
    let (outcome, transcript) = TRANSCRIPT.scope(RefCell::default(), recorded).await;
    let transcript = Transcript { elapsed: started.elapsed(), ..transcript };
    match outcome {
        Ok(response) => {
            let Transcript { body, request_id, attempts, .. } = transcript;
            Ok(Answer { value: response.into_inner(), body, request_id, attempts })
        }
        Err(error) => Err(ApiError::from(error).with_transcript(transcript)),
    }
}

/// Notes the request of the call under way. Outside of one (`send` was awaited on its own) nobody asks for it.
pub(super) fn note_request(request: &Request) {
    let key = || request.headers().get("idempotency-key")?.to_str().ok()?.parse().ok();
    let _ = TRANSCRIPT.try_with(|transcript| transcript.borrow_mut().idempotency_key = key());
}

/// Notes one more attempt of the call under way.
pub(super) fn note_attempt(outcome: &reqwest::Result<Response>, failure: Option<Failure>) {
    let answer = outcome.as_ref().ok();
    let body = answer.and_then(|answer| answer.extensions().get::<WholeBody>());
    let _ = TRANSCRIPT.try_with(|transcript| {
        let mut transcript = transcript.borrow_mut();
        transcript.attempts += 1;
        transcript.failure = failure;
        transcript.status = answer.map(Response::status);
        transcript.request_id = answer.and_then(|answer| error::request_id(answer.headers()));
        transcript.body = body.map(|body| body.0.clone()).unwrap_or_default();
    });
}
