//! `/_sandbox/…`: control of the sandbox itself, without a credential.

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

use super::app_state::{App, AppState};
use super::error_response::ErrorResponse;
use super::fault::Fault;
use super::invite::AcceptError;

/// The prefix of the paths in this file. Faults do not apply to them.
pub(super) const PREFIX: &str = "/_sandbox/";

pub(super) fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/_sandbox/outbox", get(outbox))
        .route("/_sandbox/accept", post(accept))
        .route("/_sandbox/faults", post(inject))
}

async fn outbox(State(app): App) -> Json<Value> {
    Json(json!({ "emails": app.lock().users.outbox }))
}

#[derive(Deserialize)]
struct AcceptBody {
    token: String,
}

async fn accept(State(app): App, body: Bytes) -> Result<Json<Value>, ErrorResponse> {
    let link: AcceptBody = read_json(&body)?;
    let now = app.now();
    let accepted = app.lock().users.accept(&link.token, now);
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
struct FaultBody {
    fault: String,
}

async fn inject(State(app): App, body: Bytes) -> Result<Response, ErrorResponse> {
    let body: FaultBody = read_json(&body)?;
    let fault: Fault = body.fault.parse().map_err(|error| ErrorResponse::bad_request(format!("{error}")))?;
    app.lock().faults.inject(fault);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Parses JSON of any content type, since `curl -d` declares a form.
fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorResponse> {
    serde_json::from_slice(body).map_err(|error| ErrorResponse::bad_request(format!("invalid body: {error}")))
}
