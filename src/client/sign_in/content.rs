//! What the file of sign-ins holds, as JSON.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Url;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::SignIn;
use super::token_endpoint::TokenEndpoint;
use crate::client::endpoint::endpoint;

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    /// By API base URL. Each value is an [`Entry`], parsed on its own, so that an invalid one does not affect others.
    sign_ins: BTreeMap<String, Value>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    access_token: String,
    refresh_token: Option<String>,
    /// Seconds since 1970.
    expires_at: Option<u64>,
    token_url: String,
    email: Option<String>,
    /// Earlier versions wrote none.
    tenant: Option<String>,
    /// The id of the sign-in, which stays the same when its tokens change.
    id: Uuid,
}

impl Content {
    pub fn insert(&mut self, base_url: &Url, sign_in: &SignIn) {
        let entry = serde_json::to_value(Entry::of(sign_in)).expect("an entry is valid JSON");
        self.sign_ins.insert(name(base_url), entry);
    }

    pub fn remove(&mut self, base_url: &Url) -> Option<Value> {
        self.sign_ins.remove(&name(base_url))
    }
}

/// Parses an entry; `None` if it is invalid.
pub(super) fn sign_in(entry: Value) -> Option<SignIn> {
    serde_json::from_value(entry).ok().and_then(Entry::into_sign_in)
}

impl Entry {
    fn of(sign_in: &SignIn) -> Self {
        let seconds = |end: SystemTime| end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self {
            access_token: sign_in.access_token.expose().to_owned(),
            refresh_token: sign_in.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
            expires_at: sign_in.expires_at.map(seconds),
            token_url: sign_in.token_endpoint.url.to_string(),
            email: sign_in.email.clone(),
            tenant: sign_in.tenant.clone(),
            id: sign_in.id,
        }
    }

    fn into_sign_in(self) -> Option<SignIn> {
        Some(SignIn {
            access_token: self.access_token.parse().ok()?,
            refresh_token: self.refresh_token.filter(|token| !token.is_empty()).map(Into::into),
            expires_at: self.expires_at.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
            token_endpoint: TokenEndpoint { url: endpoint(&self.token_url).ok()? },
            email: self.email,
            tenant: self.tenant,
            id: self.id,
        })
    }
}

/// The key of an API, without a trailing slash.
fn name(base_url: &Url) -> String {
    base_url.as_str().trim_end_matches('/').to_owned()
}
