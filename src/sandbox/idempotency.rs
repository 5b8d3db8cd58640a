//! The store of idempotency keys: each key runs its request once.

use std::collections::HashMap;

use axum::http::StatusCode;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::error_response::ErrorResponse;

/// How long a key is remembered.
const KEY_RETENTION: SignedDuration = SignedDuration::from_hours(24);

/// The keys of each account. A credential would not do: it may be renewed between two attempts.
#[derive(Debug, Default)]
pub(super) struct IdempotencyStore {
    entries: HashMap<(&'static str, String), Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Customer, method, URI and body of the first request with the key.
    request: String,
    used_at: Timestamp,
    /// The body of the successful response; `None` while the request is in progress.
    response: Option<Bytes>,
}

impl IdempotencyStore {
    /// Claims the key for a request. Returns the body of the response if the request completed before; `None` if the
    /// key is new: run the request, then `complete` or `release` the key.
    ///
    /// A key of a different request gets 422 and a key in progress gets 409. The spec has neither; other services
    /// respond this way.
    pub fn claim(
        &mut self,
        account: &'static str,
        key: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<Option<Bytes>, ErrorResponse> {
        let slot = (account, key.to_owned());
        match self.entries.get(&slot).filter(|entry| now.duration_since(entry.used_at) < KEY_RETENTION) {
            Some(entry) if entry.request != request => Err(ErrorResponse::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this Idempotency-Key was used for a different request",
            )),
            Some(Entry { response: None, .. }) => {
                Err(ErrorResponse::conflict("a request with this Idempotency-Key is in progress"))
            }
            Some(entry) => Ok(entry.response.clone()),
            None => {
                self.entries.insert(slot, Entry { request: request.to_owned(), used_at: now, response: None });
                Ok(None)
            }
        }
    }

    /// Stores the body of the successful response.
    pub fn complete(&mut self, account: &'static str, key: &str, response: Bytes) {
        if let Some(entry) = self.entries.get_mut(&(account, key.to_owned())) {
            entry.response = Some(response);
        }
    }

    /// Forgets the key of a request that failed and changed nothing.
    pub fn release(&mut self, account: &'static str, key: &str) {
        self.entries.remove(&(account, key.to_owned()));
    }
}
