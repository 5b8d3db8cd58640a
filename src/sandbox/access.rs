//! Who calls, for which customer, and what they may do.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::AppState;

pub(super) const EXAMPLE_CUSTOMER: &str = "customer-example";
pub(super) const FULL_API_KEY: &str = "sandbox";

/// Somebody who can call the API, with an API key or an access token.
#[derive(Debug)]
pub(super) struct Account {
    api_key: &'static str,
    pub email: &'static str,
    manages_users: bool,
    /// Id and domain of the customers that it reaches.
    customers: &'static [(&'static str, &'static str)],
}

pub(super) const ACCOUNTS: &[Account] = &[
    Account {
        api_key: FULL_API_KEY,
        email: "admin@example.com",
        manages_users: true,
        customers: &[(EXAMPLE_CUSTOMER, "example.com")],
    },
    Account {
        api_key: "sandbox-viewer",
        email: "viewer@example.com",
        manages_users: false,
        customers: &[(EXAMPLE_CUSTOMER, "example.com")],
    },
    Account {
        api_key: "sandbox-partner",
        email: "partner@example.net",
        manages_users: true,
        customers: &[(EXAMPLE_CUSTOMER, "example.com"), ("customer-other", "example.org")],
    },
];

impl Account {
    pub fn of_email(email: &str) -> Option<&'static Self> {
        ACCOUNTS.iter().find(|account| account.email == email)
    }
}

/// An error response: the status and what its body says.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    status: StatusCode,
    message: String,
    code: Option<&'static str>,
}

impl ErrorResponse {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    #[cfg(test)]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.message });
        if let Some(code) = self.code {
            body["code"] = code.into();
        }
        (self.status, axum::Json(body)).into_response()
    }
}

/// Who makes a request, for which customer.
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
        Err(ErrorResponse::new(StatusCode::FORBIDDEN, "the permission usersManager is required"))
    }
}

#[derive(Deserialize)]
struct Context {
    #[serde(rename = "customerContext")]
    customer_context: Option<String>,
}

impl FromRequestParts<Arc<AppState>> for Caller {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, world: &Arc<AppState>) -> Result<Self, ErrorResponse> {
        let account = authenticate(&parts.headers, world)?;
        let context = Query::<Context>::try_from_uri(&parts.uri).ok().and_then(|query| query.0.customer_context);
        let tenant = match parts.headers.get("x-tenant-id") {
            Some(value) => Some(value.to_str().unwrap_or_default().to_owned()),
            None => context,
        };
        let (customer, domain) = match (&tenant, account.customers) {
            (None, [only]) => *only,
            (None, _) => {
                return Err(ErrorResponse::bad_request(
                    "the credential reaches several customers: name one in X-Tenant-Id",
                )
                .with_code("tenant_id_required"));
            }
            (Some(tenant), customers) => *customers.iter().find(|(id, _)| id == tenant).ok_or_else(|| {
                ErrorResponse::bad_request(format!("the credential does not reach the customer {tenant:?}"))
                    .with_code("tenant_id_mismatch")
            })?,
        };
        Ok(Self { account, customer, domain })
    }
}

fn authenticate(headers: &HeaderMap, world: &AppState) -> Result<&'static Account, ErrorResponse> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let bearer = bearer.unwrap_or_default();
    if let Some(account) = ACCOUNTS.iter().find(|account| account.api_key == bearer) {
        return Ok(account);
    }
    let now = world.now();
    let signed_in = world.state().grants.account(bearer, now);
    signed_in.ok_or_else(|| ErrorResponse::new(StatusCode::UNAUTHORIZED, "the credential is missing or not valid"))
}
