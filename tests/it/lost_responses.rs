//! Changes whose response is lost: the library finds out what they did.

use std::io::Write;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dci::client::{ApiError, CallResponse, Client, ErrorKind, RetryPolicy, call, call_unless};
use dci::sandbox::{Fault, Sandbox};
use dci::types::{DeleteUserResponse, InviteResponse, InviteUserRequest, UpdateUserRequest, UpdateUserResponse};

use crate::support::sandbox::{client_at, impatient, sandbox};
use crate::support::scripted_server::{ScriptedServer, response};

fn client(url: &str) -> Client {
    client_at(url).with_retry_policy(impatient()).build().expect("a client")
}

async fn invite(client: &Client, email: &str) -> Result<CallResponse<InviteResponse>, ApiError> {
    call(client.invite_user().body(InviteUserRequest::builder().email(email)).send()).await
}

async fn delete(client: &Client, id: &str) -> Result<CallResponse<DeleteUserResponse>, ApiError> {
    call(client.delete_user().id(id).send()).await
}

async fn update(client: &Client, id: &str) -> Result<CallResponse<UpdateUserResponse>, ApiError> {
    let change = UpdateUserRequest::builder().first_name(Some("Ada".to_owned()));
    call(client.update_user().id(id).body(change).send()).await
}

/// A sandbox with this fault in the next request of the operation.
fn sandbox_that(operation: &str, fault: &Fault) -> Sandbox {
    let sandbox = sandbox();
    sandbox.inject(fault.clone().on(operation));
    sandbox
}

/// A server that sends these responses in this order, and closes the connection instead of an empty one.
fn in_turn(responses: Vec<Vec<u8>>) -> ScriptedServer {
    let sent = AtomicUsize::new(0);
    ScriptedServer::start(move |stream| {
        let next = responses.get(sent.fetch_add(1, Ordering::Relaxed)).expect("no more requests");
        drop(stream.write_all(next));
    })
}

/// The status 200 with this body.
fn ok(body: &str) -> Vec<u8> {
    response("200 OK", "application/json", body)
}

const LOST: Vec<u8> = Vec::new();
const NOBODY: &str = r#"{"users": [], "rowCount": 0}"#;
const NEW: &str = r#"{"users": [{"id": "x", "email": "New@example.com", "status": "invited", "new": 1}]}"#;

/// Each fault that leaves open whether the request was processed, although it was not.
fn faults_without_effect() -> Vec<Fault> {
    let statuses = [408, 500, 501, 502, 503, 504, 520, 524, 599];
    statuses.into_iter().map(Fault::status).chain([Fault::drop_before()]).collect()
}

#[tokio::test]
async fn a_lost_response_to_an_invite_is_confirmed_with_the_list() {
    for fault in [Fault::drop_after(), Fault::truncate()] {
        let sandbox = sandbox_that("inviteUser", &fault);
        let response = invite(&client(sandbox.url()), "New+1@example.com").await.expect("the user is listed");
        assert_eq!((response.confirmed, response.attempts, sandbox.requests()), (true, 1, 2));
        assert!(response.request_id.is_some());
        let user = response.value.user.expect("the listed user");
        assert_eq!(user.id.as_deref(), Some(sandbox.outbox()[0].invite_id.as_str()));
        assert_eq!(
            (user.email.as_deref(), user.status.map(|status| status.to_string()).as_deref()),
            (Some("New+1@example.com"), Some("invited"))
        );
        let body: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
        assert_eq!(
            (&body["user"]["inviteStatus"], body["message"].as_str()),
            (&"Pending".into(), response.value.message.as_deref())
        );
    }
}

#[tokio::test]
async fn an_invite_without_effect_is_sent_again_after_two_looks() {
    for fault in faults_without_effect() {
        let sandbox = sandbox_that("inviteUser", &fault);
        let response = invite(&client(sandbox.url()), "new@example.com").await.expect("the second works");
        assert_eq!((response.confirmed, response.attempts, sandbox.requests()), (false, 2, 4), "{fault:?}");
        assert_eq!(sandbox.outbox().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_rejected_invite_is_neither_looked_up_nor_sent_again() {
    let sandbox = sandbox();
    let client = client(sandbox.url());
    for email in ["pending@example.com", "active@example.com", "cancelled@example.com", "not an address"] {
        let error = invite(&client, email).await.expect_err("it exists or is invalid");
        assert_eq!((error.kind(), error.attempts(), error.outcome_unknown()), (ErrorKind::Validation, 1, false));
    }
    assert_eq!((sandbox.requests(), sandbox.outbox().len()), (4, 0));
    sandbox.inject(Fault::status(429).on("inviteUser"));
    assert_eq!(invite(&client, "new@example.com").await.expect("it is new").attempts, 2);
    assert_eq!(sandbox.requests(), 6, "nothing was looked up");
}

#[tokio::test]
async fn a_user_who_was_there_before_is_not_reported_as_invited() {
    for email in ["active@example.com", "cancelled@example.com", "expired@example.com"] {
        for fault in [Fault::drop_before(), Fault::drop_after()] {
            let sandbox = sandbox_that("inviteUser", &fault);
            let error = invite(&client(sandbox.url()), email).await.expect_err("the user exists");
            let known = (error.kind(), error.attempts(), error.outcome_unknown(), error.is_retryable());
            assert_eq!(known, (ErrorKind::Validation, 2, false, false), "{email}");
            assert!(sandbox.outbox().is_empty());
        }
    }
}

#[tokio::test]
async fn an_invite_under_way_is_found_by_the_second_look() {
    let server = in_turn(vec![LOST, ok(NOBODY), ok(NEW)]);
    let response = invite(&client(&server.url), "new@EXAMPLE.com").await.expect("it is found");
    assert!(response.confirmed && response.attempts == 1);
    assert!(String::from_utf8_lossy(&response.body).contains(r#""new":1"#), "what the server sent is kept");
}

#[tokio::test]
async fn a_rejection_after_a_lost_response_is_checked_with_the_list() {
    for status in ["400 Bad Request", "403 Forbidden", "409 Conflict", "422 Unprocessable Content"] {
        let rejected = || response(status, "application/json", r#"{"error": "exists already"}"#);
        let start = || vec![LOST, ok(NOBODY), ok(NOBODY), rejected()];
        let server = in_turn([start(), vec![ok(NEW)]].concat());
        assert!(invite(&client(&server.url), "new@example.com").await.expect("the first worked").confirmed, "{status}");

        let server = in_turn([start(), vec![ok(NOBODY), ok(NOBODY)]].concat());
        let error = invite(&client(&server.url), "new@example.com").await.expect_err("it is rejected");
        assert_eq!((error.message(), error.attempts(), error.outcome_unknown()), ("exists already", 2, false));
    }
}

#[tokio::test]
async fn an_outcome_that_cannot_be_looked_up_stays_unknown() {
    let other_bodies = ["{}", "[]", "<html>", r#"{"users": 1}"#];
    for body in other_bodies {
        let server = in_turn(vec![LOST, ok(body)]);
        let error = invite(&client(&server.url), "new@example.com").await.expect_err("nothing is known");
        assert!(error.outcome_unknown() && !error.is_retryable() && error.kind() == ErrorKind::Network, "{body}");
    }
    let sandbox = sandbox_that("inviteUser", &Fault::drop_after());
    sandbox.inject(Fault::status(503).on("listUsers").times(9));
    let error = invite(&client(sandbox.url()), "new@example.com").await.expect_err("nothing is known");
    assert!(error.outcome_unknown() && error.kind() == ErrorKind::Network && error.attempts() == 1, "{error:?}");
    assert_eq!(sandbox.requests(), 1 + 5, "the look-up has as many attempts as a call");
}

#[tokio::test]
async fn a_last_attempt_that_failed_is_known_to_have_no_effect() {
    let policy = RetryPolicy { max_attempts: NonZeroU32::MIN, ..impatient() };
    for (fault, is_unknown) in [(Fault::status(500), false), (Fault::status(503), false), (Fault::status(524), true)] {
        let sandbox = sandbox_that("inviteUser", &fault);
        let client = client_at(sandbox.url()).with_retry_policy(policy.clone()).build().expect("a client");
        let error = invite(&client, "new@example.com").await.expect_err("there is one attempt");
        assert_eq!((error.outcome_unknown(), error.is_retryable()), (is_unknown, !is_unknown), "{fault:?}");
    }
}

#[tokio::test]
async fn a_look_up_is_part_of_the_call() {
    let server = in_turn(vec![LOST, ok(NEW)]);
    let config = client_at(&server.url).with_tenant("customer-1").expect("visible");
    let client = config.with_customer_context("example.com").with_retry_policy(impatient()).build().expect("a client");
    invite(&client, "a+b@example.com").await.expect_err("another user is listed, and no more is sent");
    let look = &server.requests()[1];
    assert!(look.starts_with("GET /iam/v1/users?email=a%2Bb%40example.com&customerContext=example.com "), "{look}");
    assert!(look.contains("authorization: Bearer sandbox") && look.contains("x-tenant-id: customer-1"), "{look}");
}

#[tokio::test]
async fn a_look_up_ends_at_the_deadline_and_on_interruption() {
    let policy = RetryPolicy { timeout: Duration::from_millis(200), ..impatient() };
    let sandbox = sandbox_that("inviteUser", &Fault::drop_after());
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).on("listUsers").times(99));
    let client = client_at(sandbox.url()).with_retry_policy(policy).build().expect("a client");
    let error = invite(&client, "new@example.com").await.expect_err("an hour is too long");
    assert!(error.outcome_unknown() && error.elapsed() < Duration::from_secs(20), "{error:?}");

    sandbox.inject(Fault::drop_after().on("inviteUser"));
    let client = self::client(sandbox.url());
    let before = sandbox.requests();
    let until_it_looks = async {
        while sandbox.requests() < before + 2 {
            tokio::task::yield_now().await;
        }
    };
    let body = InviteUserRequest::builder().email("other@example.com");
    let error = call_unless(client.invite_user().body(body).send(), until_it_looks).await.expect_err("interrupted");
    assert!(error.outcome_unknown() && error.kind() == ErrorKind::Interrupted, "{error:?}");
}

#[tokio::test]
async fn a_lost_delete_is_repeated_and_confirmed() {
    for fault in [Fault::drop_after(), Fault::truncate()] {
        let sandbox = sandbox_that("deleteUser", &fault);
        // The sandbox rejects an unknown id with 400, as the spec allows.
        let response = delete(&client(sandbox.url()), "user-active").await.expect("it is deleted");
        assert_eq!((response.confirmed, response.attempts), (true, 2), "{fault:?}");
        assert!(response.value.message.is_some());
    }
    let gone = response("404 Not Found", "text/html", "<html>");
    let server = in_turn(vec![LOST, gone.clone()]);
    assert!(delete(&client(&server.url), "a/b").await.expect("it is deleted").confirmed);
    let server = in_turn(vec![gone]);
    let error = delete(&client(&server.url), "a/b").await.expect_err("it was never there");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::NotFound, false));
}

#[tokio::test]
async fn a_delete_that_is_rejected_is_not_reported_as_done() {
    let rejected = || response("400 Bad Request", "application/json", r#"{"error": "the last administrator"}"#);
    let present = r#"{"users": [{"id": "a/b"}, {"id": "c"}], "rowCount": 2}"#;
    let cut = r#"{"users": [{"id": "c"}], "rowCount": 2}"#;
    for (looks, is_unknown) in [(vec![ok(present), ok(present)], false), (vec![ok(cut)], true), (vec![ok("{}")], true)]
    {
        let server = in_turn([vec![LOST, rejected()], looks].concat());
        let error = delete(&client(&server.url), "a/b").await.expect_err("it is rejected");
        assert_eq!((error.message(), error.outcome_unknown()), ("the last administrator", is_unknown));
    }
    let server = in_turn(vec![rejected()]);
    assert!(!delete(&client(&server.url), "a/b").await.expect_err("it is rejected").outcome_unknown());
}

#[tokio::test]
async fn updates_and_deletes_are_retried_after_an_unknown_outcome() {
    for fault in faults_without_effect() {
        let sandbox = sandbox_that("updateUser", &fault);
        sandbox.inject(fault.clone().on("deleteUser"));
        // A client each: on a kept connection, a dropped request is not even a failed attempt.
        let updated = update(&client(sandbox.url()), "user-active").await.expect("the second attempt succeeds");
        let deleted = delete(&client(sandbox.url()), "user-active").await.expect("the second attempt succeeds");
        assert_eq!((updated.attempts, updated.confirmed), (2, false), "{fault:?}");
        assert_eq!((deleted.attempts, deleted.confirmed), (2, false), "{fault:?}");
    }
    let sandbox = sandbox_that("updateUser", &Fault::drop_after().times(9));
    let error = update(&client(sandbox.url()), "user-active").await.expect_err("every response is lost");
    assert_eq!((error.attempts(), error.outcome_unknown(), error.is_retryable()), (5, true, true));
}
