//! `/_sandbox/…`: what a person or a test asks of the sandbox itself. No credential is needed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::access::ErrorResponse;
use super::users::AcceptError;
use super::{AppState, Fault};

/// Where the paths of this module begin; faults do not reach them.
pub(super) const PREFIX: &str = "/_sandbox/";

pub(super) fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/_sandbox/outbox", get(outbox))
        .route("/_sandbox/accept", post(accept))
        .route("/_sandbox/faults", post(inject))
}

async fn outbox(State(world): State<Arc<AppState>>) -> Json<Value> {
    Json(json!({ "emails": world.state().users.outbox() }))
}

#[derive(Deserialize)]
struct Acceptance {
    token: String,
}

async fn accept(State(world): State<Arc<AppState>>, body: Bytes) -> Result<Json<Value>, ErrorResponse> {
    let link: Acceptance = read(&body)?;
    let now = world.now();
    let accepted = world.state().users.accept(&link.token, now);
    let id = accepted.map_err(|error| {
        let status = match error {
            AcceptError::UnknownToken => StatusCode::NOT_FOUND,
            AcceptError::Expired | AcceptError::Cancelled => StatusCode::GONE,
        };
        ErrorResponse::new(status, error.to_string())
    })?;
    Ok(Json(json!({ "userId": id })))
}

#[derive(Deserialize)]
struct Injection {
    fault: String,
}

async fn inject(State(world): State<Arc<AppState>>, body: Bytes) -> Result<Response, ErrorResponse> {
    let injection: Injection = read(&body)?;
    let fault: Fault = injection.fault.parse().map_err(|error| ErrorResponse::bad_request(format!("{error}")))?;
    world.state().faults.inject(fault);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// JSON of any declared type: that of `curl -d` is a form's.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorResponse> {
    serde_json::from_slice(body).map_err(|error| ErrorResponse::bad_request(format!("the body is not valid: {error}")))
}
