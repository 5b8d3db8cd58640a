use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Request, Response, StatusCode};
use tokio::time::Instant;

use super::response::{self, WholeBody};
use super::{CredentialsError, Failure, IdempotencyKey};
use crate::operation::Operation;

/// What the exchange knows of the call under way and the generated code does not hand on.
#[derive(Debug, Default)]
pub(super) struct CallRecord {
    pub idempotency_key: Option<IdempotencyKey>,
    pub operation: Option<&'static Operation>,
    started: Option<Instant>,
    /// An attempt to change something is under way.
    is_changing: bool,
    pub attempts: u32,
    pub elapsed: Duration,
    /// Another attempt was allowed, and the wait for it would not have ended in time.
    pub is_out_of_time: bool,
    /// An attempt to change something may have succeeded without an answer.
    pub outcome_unknown: bool,
    /// Why there was no credential to send, first or again.
    pub no_credential: Option<CredentialsError>,
    /// Of the last attempt, as are the following.
    pub failure: Option<Failure>,
    pub status: Option<StatusCode>,
    pub request_id: Option<String>,
    pub body: Bytes,
}

tokio::task_local! {
    /// Set while the future of a [`call`] runs, which is also what runs the exchange.
    static CALL_RECORD: RefCell<CallRecord>;
}

/// Runs the future of a call, and returns with its outcome what was noted of it. There is no outcome when it was to
/// stop before.
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
    call_record.outcome_unknown |= call_record.is_changing;
    if let Some(started) = call_record.started.filter(|_| outcome.is_none()) {
        call_record.elapsed = started.elapsed();
    }
    (outcome, call_record)
}

/// Notes the request of the call under way, which starts with it. Outside of one (`send` was awaited on its own) nobody
/// asks for it.
pub(super) fn record_request(request: &Request, operation: &'static Operation) {
    let key = || request.headers().get("idempotency-key")?.to_str().ok()?.parse().ok();
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.idempotency_key = key();
        call_record.operation = Some(operation);
        call_record.started = Some(Instant::now());
    });
}

/// When the call under way started. Outside of one that is now.
pub(super) fn started() -> Instant {
    CALL_RECORD.try_with(|call_record| call_record.borrow().started).ok().flatten().unwrap_or_else(Instant::now)
}

/// Notes that an attempt of the call under way begins.
pub(super) fn record_attempt_start(request: &Request) {
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.attempts += 1;
        call_record.is_changing = request.method() != Method::GET;
    });
}

/// Notes what came of the attempt, and how long the call has taken with it.
pub(super) fn record_attempt_end(outcome: &reqwest::Result<Response>, failure: Option<Failure>, elapsed: Duration) {
    let answer = outcome.as_ref().ok();
    let body = answer.and_then(|answer| answer.extensions().get::<WholeBody>());
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.elapsed = elapsed;
        call_record.outcome_unknown |= call_record.is_changing && failure.is_some_and(Failure::outcome_unknown);
        call_record.is_changing = false;
        call_record.failure = failure;
        call_record.status = answer.map(Response::status);
        call_record.request_id = answer.and_then(|answer| response::request_id(answer.headers()));
        call_record.body = body.map(|body| body.0.clone()).unwrap_or_default();
    });
}

/// Notes that an attempt to change something may have succeeded without an answer.
pub(super) fn note_doubt() {
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.outcome_unknown |= call_record.is_changing;
    });
}

/// Notes that the call under way ends for want of time.
pub(super) fn record_out_of_time() {
    let _ = CALL_RECORD.try_with(|call_record| call_record.borrow_mut().is_out_of_time = true);
}

/// Notes why there is no credential for the call under way.
pub(super) fn record_missing_credential(error: CredentialsError) {
    let _ = CALL_RECORD.try_with(|call_record| {
        let mut call_record = call_record.borrow_mut();
        call_record.elapsed = call_record.started.map(|started| started.elapsed()).unwrap_or_default();
        call_record.no_credential = Some(error);
    });
}
