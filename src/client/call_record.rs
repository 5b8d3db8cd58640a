//! What the exchange learns about a call and the generated code does not return: attempts, status, body, key.
//!
//! The record is a task-local. [`record`] sets it while the future of a call runs. The exchange, which runs inside
//! that future, fills it through the `record_*` functions. Without a record (`send` was awaited on its own) they do
//! nothing.

use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Request, Response, StatusCode};
use tokio::time::Instant;

use super::response::{WholeBody, request_id};
use super::{CredentialsError, Failure, IdempotencyKey};
use crate::operation::Operation;

/// The record of one call.
#[derive(Debug, Default)]
pub(super) struct CallRecord {
    pub idempotency_key: Option<IdempotencyKey>,
    pub operation: Option<&'static Operation>,
    started: Option<Instant>,
    /// A request that may change something is in flight.
    is_changing: bool,
    pub attempts: u32,
    pub elapsed: Duration,
    /// Another attempt was allowed, but there was no time for it.
    pub is_out_of_time: bool,
    pub outcome: Outcome,
    /// Why there was no credential, at the start or after a 401.
    pub no_credential: Option<CredentialsError>,
    /// How the last attempt failed. The following fields belong to the last attempt too.
    pub failure: Option<Failure>,
    pub status: Option<StatusCode>,
    pub request_id: Option<String>,
    pub body: Bytes,
}

/// What is known of the outcome of a call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Outcome {
    /// What the last response says, or its failure.
    #[default]
    Reported,
    /// A request that may change something got no response that says whether it was processed.
    Unknown,
    /// A success that the client found out by itself.
    Confirmed,
}

impl CallRecord {
    fn end(&mut self, response: Option<&Response>, failure: Option<Failure>) {
        let body = response.and_then(|response| response.extensions().get::<WholeBody>());
        self.failure = failure;
        self.status = response.map(Response::status);
        self.request_id = response.and_then(|response| request_id(response.headers()));
        self.body = body.map(|body| body.0.clone()).unwrap_or_default();
    }
}

tokio::task_local! {
    /// Set while the future of a call runs.
    static CALL_RECORD: RefCell<CallRecord>;
}

/// Runs the future of a call and returns its outcome and its record. The outcome is `None` if `stop` completes first.
pub(super) async fn record<T>(
    sending: impl Future<Output = T>,
    stop: impl Future<Output = ()>,
) -> (Option<T>, CallRecord) {
    let mut recorded = pin!(CALL_RECORD.scope(RefCell::default(), sending));
    let outcome = tokio::select! {
        outcome = &mut recorded => Some(outcome),
        () = stop => None,
    };
    let mut call_record = recorded.take_value().map(RefCell::into_inner).unwrap_or_default();
    if call_record.is_changing {
        call_record.outcome = Outcome::Unknown;
    }
    call_record.elapsed = call_record.started.map(|started| started.elapsed()).unwrap_or_default();
    (outcome, call_record)
}

/// Records the start of a call.
pub(super) fn record_request(request: &Request, operation: &'static Operation) {
    let key = || request.headers().get("idempotency-key")?.to_str().ok()?.parse().ok();
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.idempotency_key = key();
        call_record.operation = Some(operation);
        call_record.started = Some(Instant::now());
    });
}

/// When the current call started; now if it has no record.
pub(super) fn started() -> Instant {
    CALL_RECORD.try_with(|call_record| call_record.borrow().started).ok().flatten().unwrap_or_else(Instant::now)
}

/// Records the start of an attempt.
pub(super) fn record_attempt_start(request: &Request) {
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.attempts += 1;
        call_record.is_changing = request.method() != Method::GET;
    });
}

/// Records the end of an attempt.
pub(super) fn record_attempt_end(outcome: &reqwest::Result<Response>, failure: Option<Failure>) {
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        if call_record.is_changing && failure.is_some_and(Failure::outcome_unknown) {
            call_record.outcome = Outcome::Unknown;
        }
        call_record.is_changing = false;
        call_record.end(outcome.as_ref().ok(), failure);
    });
}

/// Records that a request in flight may have been processed without a response.
pub(super) fn record_outcome_unknown() {
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        if call_record.is_changing {
            call_record.outcome = Outcome::Unknown;
        }
    });
}

/// Records that no request of the call took effect.
pub(super) fn record_no_effect() {
    let _ = CALL_RECORD.try_with(|call_record| call_record.borrow_mut().outcome = Outcome::Reported);
}

/// Records that the call succeeded, although its response was lost. `response` is the client's own.
pub(super) fn record_confirmed(response: &Response) {
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.end(Some(response), None);
        call_record.outcome = Outcome::Confirmed;
    });
}

/// Records that there was no time for another attempt.
pub(super) fn record_out_of_time() {
    let _ = CALL_RECORD.try_with(|call_record| call_record.borrow_mut().is_out_of_time = true);
}

/// Records why there is no credential.
pub(super) fn record_missing_credential(error: CredentialsError) {
    let _ = CALL_RECORD.try_with(|call_record| call_record.borrow_mut().no_credential = Some(error));
}
