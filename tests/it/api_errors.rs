//! `ApiError`: what every failed call becomes, for other crates.

use std::num::NonZeroU32;
use std::time::Duration;

use dci::client::{ApiError, Client, ClientConfig, ErrorKind, IdempotencyKey, call};
use dci::sandbox::{Fault, Sandbox};

fn client(sandbox: &Sandbox) -> Client {
    let api_key = sandbox.api_key().parse().expect("the sandbox has a valid key");
    let config = ClientConfig::new(api_key).with_max_attempts(NonZeroU32::MIN);
    config.with_base_url(sandbox.url()).and_then(ClientConfig::build).expect("a client")
}

async fn failure(fault: Fault) -> ApiError {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.inject(fault.times(100));
    let client = client(&sandbox);
    let request = client.resend_invite().id("invite-pending").idempotency_key(IdempotencyKey::random());
    call(request.body(serde_json::Map::new()).send()).await.expect_err("a fault was injected")
}

#[tokio::test]
async fn each_status_is_of_one_kind_and_says_whether_trying_again_can_help() {
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
async fn send_on_its_own_converts_into_the_same_error() {
    let sandbox = Sandbox::start().expect("a free port");
    let client = client(&sandbox);
    let request = client.resend_invite().id("nobody").idempotency_key(IdempotencyKey::random());
    let error = ApiError::from(request.body(serde_json::Map::new()).send().await.expect_err("nobody is invited"));
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
    assert!(error.message().contains("nobody") && error.request_id().is_some(), "{error:?}");
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_a_network_error() {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(100));
    let api_key = sandbox.api_key().parse().expect("a key");
    let client = ClientConfig::new(api_key)
        .with_base_url(sandbox.url())
        .map(|config| config.with_timeout(Duration::from_millis(50)))
        .and_then(ClientConfig::build)
        .expect("a client");
    let error = call(client.list_roles().send()).await.expect_err("an hour is too long");
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.message().contains("timed out"), "{error}");
}

#[tokio::test]
async fn every_operation_of_the_client_works_on_the_sandbox() {
    use dci::types::{InviteUserRequest, UpdateUserRequest};
    let sandbox = Sandbox::start().expect("a free port");
    let client = client(&sandbox);

    let invited = InviteUserRequest::builder().email("new@example.com").first_name("Ada".to_owned());
    let answer = call(client.invite_user().body(invited).send()).await.expect("invited");
    let id = answer.value.user.and_then(|user| user.id).expect("an id");
    assert_eq!(sandbox.outbox()[0].to, "new@example.com");

    let change = UpdateUserRequest::builder().last_name("Lovelace".to_owned());
    let answer = call(client.update_user().id(&id).body(change).send()).await.expect("updated");
    assert_eq!(answer.value.user.and_then(|user| user.first_name).as_deref(), Some("Ada"));

    let answer = call(client.list_users().email("NEW@example.com").send()).await.expect("listed");
    assert_eq!(answer.value.row_count, Some(1));
    assert_eq!(answer.value.users[0].last_name.as_deref(), Some("Lovelace"));

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
