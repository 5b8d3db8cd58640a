//! The operations of the spec over HTTP: checks requests and writes responses as the spec describes them.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::Caller;
use super::app_state::{App, AppState};
use super::error_response::ErrorResponse;
use super::idempotency::Claim;
use super::users::{ORGANIZATIONS, ROLES, Row, User};
use crate::operation::Operation;

/// How long to take to process a request, set by a [fault](super::Fault::latency).
#[derive(Clone, Copy)]
pub(super) struct Latency(pub Duration);

type ApiResult = Result<Response, ErrorResponse>;

pub(super) fn router(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/iam/v1/users", get(list_users))
        .route("/iam/v1/users/invite", post(invite_user))
        .route("/iam/v1/users/{id}", patch(update_user).delete(delete_user))
        .route("/iam/v1/users/{id}/actions/resend", post(resend_invite))
        .route("/iam/v1/users/{id}/actions/cancel", post(cancel_invite))
        .route("/iam/v1/roles", get(list_roles))
        .route("/iam/v1/organizations", get(list_organizations))
        .route("/auth/v1/validate", get(validate))
        .merge(super::control::router())
        .merge(super::authorization::router())
        .fallback(|uri: Uri| async move { ErrorResponse::not_found(format!("no such path: {}", uri.path())) })
        .method_not_allowed_fallback(|method: Method| async move {
            ErrorResponse::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path does not support {method}"))
        })
        .with_state(app)
}

#[derive(Deserialize)]
struct ListParameters {
    email: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserList<'a> {
    row_count: usize,
    users: Vec<Row<'a>>,
}

async fn list_users(
    State(app): App,
    caller: Caller,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> ApiResult {
    let Query(ListParameters { email }) = parameters.map_err(|error| ErrorResponse::bad_request(error.body_text()))?;
    if let Some(email) = email.as_deref().filter(|email| !email_address::EmailAddress::is_valid(email)) {
        return Err(ErrorResponse::bad_request(format!("email: {email:?} is not an email address")));
    }
    let now = app.now();
    let state = app.lock();
    let users = state.users.list(caller.customer, email.as_deref(), now);
    Ok(Json(UserList { row_count: users.len(), users }).into_response())
}

async fn invite_user(State(app): App, caller: Caller, headers: HeaderMap, body: Bytes) -> ApiResult {
    caller.require_users_manager()?;
    let request = read_json(Operation::INVITE_USER, &headers, &body)?;
    let now = app.now();
    let user = app.lock().users.invite(caller.customer, request, now)?;
    let user = without(&user, &["language", "phone", "phoneExtension"]);
    Ok((StatusCode::CREATED, Json(json!({ "message": "User invited", "user": user }))).into_response())
}

async fn update_user(
    State(app): App,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult {
    caller.require_users_manager()?;
    let id = checked_id(id)?;
    let change = read_json(Operation::UPDATE_USER, &headers, &body)?;
    let user = app.lock().users.update(caller.customer, &id, change)?;
    let user = without(&user, &["status"]);
    Ok(Json(json!({ "message": "User updated", "user": user })).into_response())
}

async fn delete_user(State(app): App, caller: Caller, id: Result<Path<String>, PathRejection>) -> ApiResult {
    caller.require_users_manager()?;
    let id = checked_id(id)?;
    app.lock().users.delete(caller.customer, &id)?;
    Ok(Json(json!({ "message": "User deleted" })).into_response())
}

async fn resend_invite(State(app): App, request: IdempotentRequest) -> ApiResult {
    request
        .once(&app, |app, request| {
            let now = app.now();
            let IdempotentRequest { caller, id, key, dry_run, .. } = request;
            app.lock().users.resend(caller.customer, id, *dry_run, key, now)?;
            Ok(json!({ "message": "Invite resent", "inviteId": id }))
        })
        .await
}

async fn cancel_invite(State(app): App, request: IdempotentRequest) -> ApiResult {
    request
        .once(&app, |app, request| {
            let IdempotentRequest { caller, id, dry_run, .. } = request;
            app.lock().users.cancel(caller.customer, id, *dry_run)?;
            Ok(json!({ "message": "Invite cancelled", "inviteId": id }))
        })
        .await
}

async fn list_roles(_: Caller) -> Response {
    let roles: Vec<Value> = ROLES
        .iter()
        .map(
            |(id, name, kind, permissions)| json!({ "id": id, "name": name, "type": kind, "permissions": permissions }),
        )
        .collect();
    Json(json!({ "roles": roles })).into_response()
}

async fn list_organizations(_: Caller) -> Response {
    let organizations: Vec<Value> = ORGANIZATIONS.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    Json(json!({ "rowCount": organizations.len(), "organizations": organizations })).into_response()
}

async fn validate(caller: Caller) -> Response {
    Json(json!({ "domain": caller.domain, "email": caller.email() })).into_response()
}

/// A valid request with an `Idempotency-Key`.
struct IdempotentRequest {
    caller: Caller,
    id: String,
    key: String,
    dry_run: bool,
    latency: Option<Latency>,
    /// What a repeated request has in common with the first: customer, method, URI and body.
    identity: String,
}

#[derive(Deserialize)]
struct DryRun {
    #[serde(rename = "dryRun", default)]
    dry_run: bool,
}

impl axum::extract::FromRequest<Arc<AppState>> for IdempotentRequest {
    type Rejection = ErrorResponse;

    async fn from_request(request: axum::extract::Request, app: &Arc<AppState>) -> Result<Self, ErrorResponse> {
        let (mut parts, body) = request.into_parts();
        let caller = axum::RequestPartsExt::extract_with_state::<Caller, _>(&mut parts, app).await?;
        caller.require_users_manager()?;
        let id = checked_id(axum::RequestPartsExt::extract::<Path<String>>(&mut parts).await)?;
        let key = parts.headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default());
        let key = key.ok_or_else(|| ErrorResponse::bad_request("the Idempotency-Key header is required"))?.to_owned();
        if key.is_empty() || key.len() > 255 {
            return Err(ErrorResponse::bad_request("Idempotency-Key: it must have 1 to 255 characters"));
        }
        let Query(DryRun { dry_run }) = Query::try_from_uri(&parts.uri)
            .map_err(|error| ErrorResponse::bad_request(format!("dryRun: {}", error.body_text())))?;
        let body = axum::body::to_bytes(body, usize::MAX).await;
        let body = body.map_err(|error| ErrorResponse::bad_request(format!("cannot read the body: {error}")))?;
        if !body.is_empty() {
            let operation = Operation::of_request(parts.method.as_str(), parts.uri.path());
            let operation = operation.ok_or_else(|| ErrorResponse::not_found("no such operation"))?;
            read_json::<serde_json::Map<String, Value>>(operation, &parts.headers, &body)?;
        }
        let request = format!("{} {}", parts.method, parts.uri);
        let identity = format!("{}\n{request}\n{}", caller.customer, String::from_utf8_lossy(&body));
        let latency = parts.extensions.get::<Latency>().copied();
        Ok(Self { caller, id, key, dry_run, latency, identity })
    }
}

impl IdempotentRequest {
    /// Runs the operation once per key: a repeated request gets the first response.
    async fn once(
        &self,
        app: &AppState,
        run: impl FnOnce(&AppState, &Self) -> Result<Value, ErrorResponse>,
    ) -> ApiResult {
        let account = self.caller.email();
        let now = app.now();
        let claim = app.lock().idempotency.claim(account, &self.key, &self.identity, now)?;
        let body = match claim {
            Claim::Replay(body) => body,
            Claim::New => {
                if let Some(Latency(duration)) = self.latency {
                    app.sleep(duration).await;
                }
                match run(app, self) {
                    Ok(value) => {
                        let body = Bytes::from(value.to_string());
                        app.lock().idempotency.complete(account, &self.key, body.clone());
                        body
                    }
                    Err(error) => {
                        app.lock().idempotency.release(account, &self.key);
                        return Err(error);
                    }
                }
            }
        };
        Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
    }
}

fn checked_id(id: Result<Path<String>, PathRejection>) -> Result<String, ErrorResponse> {
    let Path(id) = id.map_err(|error| ErrorResponse::bad_request(format!("id: {}", error.body_text())))?;
    if id.trim().is_empty() {
        return Err(ErrorResponse::bad_request("id: it is empty"));
    }
    Ok(id)
}

fn read_json<T: DeserializeOwned>(operation: &Operation, headers: &HeaderMap, body: &[u8]) -> Result<T, ErrorResponse> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ErrorResponse::bad_request(format!("the body must be application/json, not {media_type:?}")));
    }
    let invalid = |error| ErrorResponse::bad_request(format!("invalid body: {error}"));
    let value: Value = serde_json::from_slice(body).map_err(invalid)?;
    // The client's types accept more than the spec allows.
    if let Some(schema) = operation.request.and_then(|request| serde_json::from_str(request.schema).ok())
        && let Some(violation) = violation(&value, &schema)
    {
        return Err(ErrorResponse::bad_request(format!("invalid body: it has {violation}")));
    }
    serde_json::from_value(value).map_err(invalid)
}

/// What the schema (OpenAPI 3.0) does not allow although the client's types accept it: null, an array instead of an
/// object, or an object instead of a string.
fn violation(value: &Value, schema: &Value) -> Option<String> {
    match value {
        Value::Null if schema["type"].is_string() && schema["nullable"] != true => Some("null".to_owned()),
        Value::Array(_) if schema["type"] == "object" => Some("an array instead of an object".to_owned()),
        Value::Object(_) if schema["type"] == "string" => Some("an object instead of a string".to_owned()),
        Value::Object(object) => object.iter().find_map(|(name, value)| {
            let violation = violation(value, &schema["properties"][name])?;
            Some(format!("{violation} in {name}"))
        }),
        Value::Array(items) => items.iter().find_map(|item| violation(item, &schema["items"])),
        _ => None,
    }
}

/// The user as JSON, except for properties that the operation's response does not have.
fn without(user: &User, properties: &[&str]) -> Value {
    let mut value = json!(user);
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !properties.contains(&name.as_str()));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_arrays_are_rejected_as_the_schema_says() {
        let schema = json!({ "type": "object", "properties": {
            "name": { "type": "string" },
            "nickname": { "type": "string", "nullable": true },
            "tags": { "type": "array", "items": { "type": "string" } },
            "home": { "type": "object", "properties": { "city": { "type": "string" } } },
            "anything": {},
        }});
        let rejected = |value: Value| violation(&value, &schema);
        for good in [json!({}), json!({ "nickname": null, "anything": null, "unknown": null }), json!({ "name": "a" })]
        {
            assert_eq!(rejected(good.clone()), None, "{good}");
        }
        assert_eq!(rejected(json!(null)).as_deref(), Some("null"));
        assert_eq!(rejected(json!(["a"])).as_deref(), Some("an array instead of an object"));
        assert_eq!(rejected(json!({ "name": null })).as_deref(), Some("null in name"));
        assert_eq!(
            rejected(json!({ "name": { "a": null } })).as_deref(),
            Some("an object instead of a string in name")
        );
        assert_eq!(rejected(json!({ "tags": ["a", null] })).as_deref(), Some("null in tags"));
        assert_eq!(rejected(json!({ "home": { "city": null } })).as_deref(), Some("null in city in home"));
    }
}
