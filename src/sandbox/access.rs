//! The caller of a request: its account, its customer and its permissions.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::account::{ACCOUNTS, Account};
use super::app_state::AppState;
use super::error_response::ErrorResponse;

/// The account that makes a request, and the customer it is for.
pub(super) struct Caller {
    account: &'static Account,
    pub customer: &'static str,
    pub domain: &'static str,
}

impl Caller {
    pub fn email(&self) -> &'static str {
        self.account.email
    }

    pub fn require_users_manager(&self) -> Result<(), ErrorResponse> {
        if self.account.manages_users {
            return Ok(());
        }
        Err(ErrorResponse::new(StatusCode::FORBIDDEN, "the usersManager permission is required"))
    }
}

#[derive(Deserialize)]
struct Context {
    #[serde(rename = "customerContext")]
    customer_context: Option<String>,
}

impl FromRequestParts<Arc<AppState>> for Caller {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ErrorResponse> {
        let account = authenticate(&parts.headers, app)?;
        let context = Query::<Context>::try_from_uri(&parts.uri).ok().and_then(|query| query.0.customer_context);
        let tenant = match parts.headers.get("x-tenant-id") {
            Some(value) => Some(value.to_str().unwrap_or_default().to_owned()),
            None => context,
        };
        let (customer, domain) = match (&tenant, account.customers) {
            (None, [only]) => *only,
            (None, _) => {
                return Err(ErrorResponse::bad_request(
                    "the credential has access to several customers: choose one with X-Tenant-Id",
                )
                .with_code("tenant_id_required"));
            }
            (Some(tenant), customers) => *customers.iter().find(|(id, _)| id == tenant).ok_or_else(|| {
                ErrorResponse::bad_request(format!("the credential has no access to the customer {tenant:?}"))
                    .with_code("tenant_id_mismatch")
            })?,
        };
        Ok(Self { account, customer, domain })
    }
}

fn authenticate(headers: &HeaderMap, app: &AppState) -> Result<&'static Account, ErrorResponse> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let bearer = bearer.unwrap_or_default();
    if let Some(account) = ACCOUNTS.iter().find(|account| account.api_key == bearer) {
        return Ok(account);
    }
    let now = app.now();
    let signed_in = app.lock().grants.account(bearer, now);
    signed_in.ok_or_else(|| ErrorResponse::new(StatusCode::UNAUTHORIZED, "the credential is missing or invalid"))
}
