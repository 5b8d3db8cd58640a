use std::cell::RefCell;

use bytes::Bytes;
use reqwest::{Response, StatusCode};

use super::exchange::WholeBody;
use super::{ApiError, Error, ResponseValue, error};
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
}

/// What the exchange knows of the call under way and the generated code does not hand on.
#[derive(Default)]
struct Transcript {
    status: Option<StatusCode>,
    body: Bytes,
    request_id: Option<String>,
}

tokio::task_local! {
    /// Set while the future of a [`call`] runs, which is also what runs the exchange.
    static TRANSCRIPT: RefCell<Transcript>;
}

/// Makes one call: `sending` is what `send` of one of the [`builder`](super::builder)s returns.
///
/// # Errors
///
/// Everything that can go wrong is an [`ApiError`]; its [`kind`](ApiError::kind) says what to do about it.
pub async fn call<T>(
    sending: impl Future<Output = Result<ResponseValue<T>, Error<types::Error>>>,
) -> Result<Answer<T>, ApiError> {
    let recorded = async {
        let outcome = sending.await;
        (outcome, TRANSCRIPT.with(RefCell::take))
    };
    let (outcome, transcript) = TRANSCRIPT.scope(RefCell::default(), recorded).await;
    let Transcript { status, body, request_id } = transcript;
    match outcome {
        Ok(response) => Ok(Answer { value: response.into_inner(), body, request_id }),
        Err(error) => Err(ApiError::from(error).with_answer(status, &body, request_id)),
    }
}

/// Notes the answer of the call under way. Without one (`send` was awaited on its own) nobody asks for it.
pub(super) fn note(response: &Response) {
    let _ = TRANSCRIPT.try_with(|transcript| {
        let mut transcript = transcript.borrow_mut();
        transcript.status = Some(response.status());
        transcript.request_id = error::request_id(response.headers());
        transcript.body = response.extensions().get::<WholeBody>().map(|body| body.0.clone()).unwrap_or_default();
    });
}
