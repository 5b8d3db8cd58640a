//! `ApiError`, which every failed call of the library returns.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::support::sandbox::{client_at, sandbox};
use dci::client::{ApiError, Client, ErrorKind, IdempotencyKey, call};
use dci::sandbox::{Fault, Sandbox};

fn client(sandbox: &Sandbox) -> Client {
    client_at(sandbox.url()).with_max_attempts(NonZeroU32::MIN).build().expect("a client")
}

async fn failure(fault: Fault) -> ApiError {
    let sandbox = sandbox();
    sandbox.inject(fault.times(100));
    let client = client(&sandbox);
    let request = client.resend_invite().id("invite-pending").idempotency_key(IdempotencyKey::random());
    call(request.body(serde_json::Map::new()).send()).await.expect_err("a fault was injected")
}

#[tokio::test]
async fn each_status_has_a_kind_and_may_be_retryable() {
    for (status, kind, retryable) in [
        (400, ErrorKind::Validation, false),
        (401, ErrorKind::Authentication, false),
        (402, ErrorKind::UnexpectedResponse, false),
        (403, ErrorKind::Permission, false),
        (404, ErrorKind::NotFound, false),
        (409, ErrorKind::Conflict, true),
        (418, ErrorKind::UnexpectedResponse, false),
        (422, ErrorKind::Validation, false),
        (501, ErrorKind::Server, false),
        (524, ErrorKind::Server, true),
    ] {
        let error = failure(Fault::status(status)).await;
        assert_eq!((error.kind(), error.status(), error.is_retryable()), (kind, Some(status), retryable));
        assert!(error.request_id().is_some_and(|id| id.starts_with("sandbox-")), "{error:?}");
    }
}

#[tokio::test]
async fn send_alone_converts_into_the_same_error() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let request = client.resend_invite().id("nobody").idempotency_key(IdempotencyKey::random());
    let error = ApiError::from(request.body(serde_json::Map::new()).send().await.expect_err("there is no such invite"));
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
    assert!(error.message().contains("nobody") && error.request_id().is_some(), "{error:?}");
}

#[tokio::test]
async fn a_slow_attempt_is_a_network_error() {
    let sandbox = sandbox();
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(100));
    let client = client_at(sandbox.url()).with_timeout(Duration::from_millis(50)).build().expect("a client");
    let error = call(client.list_roles().send()).await.expect_err("an hour is too long");
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.message().contains("timed out"), "{error}");
}

#[tokio::test]
async fn every_operation_of_the_client_works_on_the_sandbox() {
    use dci::types::{InviteUserRequest, UpdateUserRequest};
    let sandbox = sandbox();
    let client = client(&sandbox);

    let invited = InviteUserRequest::builder().email("new@example.com").first_name("Ada".to_owned());
    let response = call(client.invite_user().body(invited).send()).await.expect("invited");
    let id = response.value.user.and_then(|user| user.id).expect("an id");
    assert_eq!(sandbox.outbox()[0].to, "new@example.com");

    let change = UpdateUserRequest::builder().last_name("Lovelace".to_owned());
    let response = call(client.update_user().id(&id).body(change).send()).await.expect("updated");
    assert_eq!(response.value.user.and_then(|user| user.first_name).as_deref(), Some("Ada"));

    let response = call(client.list_users().email("NEW@example.com").send()).await.expect("listed");
    assert_eq!(response.value.row_count, Some(1));
    assert_eq!(response.value.users[0].last_name.as_deref(), Some("Lovelace"));

    let key = IdempotencyKey::random();
    let cancel = client.cancel_invite().id(&id).idempotency_key(key).body(serde_json::Map::new());
    assert_eq!(call(cancel.send()).await.expect("cancelled").value.invite_id, id);
    let body = call(client.list_users().email("new@example.com").send()).await.expect("listed").body;
    assert!(String::from_utf8_lossy(&body).contains(r#""inviteStatus":"Cancelled""#), "unknown properties are kept");

    call(client.delete_user().id(&id).send()).await.expect("deleted");
    assert!(call(client.list_users().email("new@example.com").send()).await.expect("listed").value.users.is_empty());

    assert_eq!(call(client.list_roles().send()).await.expect("roles").value.roles.len(), 3);
    assert_eq!(call(client.list_organizations().send()).await.expect("organizations").value.row_count, Some(2));
    assert_eq!(call(client.validate().send()).await.expect("valid").value.domain.as_deref(), Some("example.com"));
}
