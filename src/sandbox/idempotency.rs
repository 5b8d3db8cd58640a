//! The memory for `Idempotency-Key`: the work of a key is done once.

use std::collections::HashMap;

use axum::http::StatusCode;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::error_response::ErrorResponse;

/// How long a key is remembered.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// Keys by the account that used them, not by its credential: that may be renewed between two attempts.
#[derive(Debug, Default)]
pub(super) struct IdempotencyStore {
    entries: HashMap<(&'static str, String), Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Customer, method, path, query and body of the request that the key was used for.
    request: String,
    used_at: Timestamp,
    /// The body of the success; none while the work is under way.
    answer: Option<Bytes>,
}

/// What to do with a request that brings a key.
pub(super) enum Claim {
    /// The key is new: do the work, then `complete` or `release` the key.
    New,
    /// The work was done before; this was the answer.
    Done(Bytes),
}

impl IdempotencyStore {
    /// Takes the key for a request.
    ///
    /// The same key with another request is 422, a key whose work is under way 409: there the facts about the
    /// API are silent, and other services answer so.
    pub fn claim(
        &mut self,
        account: &'static str,
        key: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<Claim, ErrorResponse> {
        let slot = (account, key.to_owned());
        match self.entries.get(&slot).filter(|entry| now.duration_since(entry.used_at) < MEMORY) {
            Some(entry) if entry.request != request => Err(ErrorResponse::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "the Idempotency-Key was used for a different request",
            )),
            Some(Entry { answer: None, .. }) => {
                Err(ErrorResponse::conflict("a request with the same Idempotency-Key is under way"))
            }
            Some(Entry { answer: Some(answer), .. }) => Ok(Claim::Done(answer.clone())),
            None => {
                self.entries.insert(slot, Entry { request: request.to_owned(), used_at: now, answer: None });
                Ok(Claim::New)
            }
        }
    }

    /// Remembers the answer of a success.
    pub fn complete(&mut self, account: &'static str, key: &str, answer: Bytes) {
        if let Some(entry) = self.entries.get_mut(&(account, key.to_owned())) {
            entry.answer = Some(answer);
        }
    }

    /// Forgets the key: nothing was done for it.
    pub fn release(&mut self, account: &'static str, key: &str) {
        self.entries.remove(&(account, key.to_owned()));
    }
}
