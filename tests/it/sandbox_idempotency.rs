//! Idempotency keys in the sandbox: each key does the work of one request once.

use std::time::Duration;

use dci::sandbox::Fault;
use serde_json::json;

use crate::support::caller::{CANCEL, Caller, RESEND, post};

#[tokio::test]
async fn the_same_key_with_the_same_request_does_the_work_once() {
    let caller = Caller::new();
    let first = caller.send(post(RESEND).key("k").body(json!({}))).await;
    let second = caller.send(post(RESEND).key("k").body(json!({}))).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(caller.sandbox.outbox().len(), 1);
}

#[tokio::test]
async fn the_same_key_with_a_different_request_is_422() {
    let caller = Caller::new();
    assert_eq!(caller.send(post(RESEND).key("k")).await.status, 200);
    for other in [post(RESEND).key("k").body(json!({})), post(CANCEL).key("k")] {
        assert_eq!(caller.send(other).await.status, 422);
    }
    assert_eq!(caller.send(post(&format!("{RESEND}?dryRun=true")).key("k")).await.status, 422);
    assert_eq!(caller.sandbox.outbox().len(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_24_hours() {
    let caller = Caller::new();
    caller.send(post(RESEND).key("k")).await;
    caller.sandbox.advance(Duration::from_secs(24 * 3600 - 60));
    caller.send(post(RESEND).key("k")).await;
    assert_eq!(caller.sandbox.outbox().len(), 1);
    caller.sandbox.advance(Duration::from_secs(120));
    caller.send(post(RESEND).key("k")).await;
    assert_eq!(caller.sandbox.outbox().len(), 2);
}

#[tokio::test]
async fn a_key_still_in_use_is_409() {
    let caller = Caller::new();
    caller.sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(2));
    let (one, other) = (caller.send(post(RESEND).key("k")), caller.send(post(RESEND).key("k")));
    tokio::pin!(one, other);
    // The first to claim the key is in progress until the clock moves.
    let (refused, working) = tokio::select! {
        response = &mut one => (response, other),
        response = &mut other => (response, one),
    };
    assert_eq!(refused.status, 409);
    caller.sandbox.advance(Duration::from_secs(3600));
    assert_eq!(working.await.status, 200);
    assert_eq!(caller.send(post(RESEND).key("k")).await.status, 200);
    assert_eq!(caller.sandbox.outbox().len(), 1);
}

#[tokio::test]
async fn a_disconnected_client_does_not_undo_work() {
    let caller = Caller::new();
    caller.sandbox.inject(Fault::latency(Duration::from_secs(3600)));
    let arrived = async {
        while caller.sandbox.requests() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = caller.send(post(RESEND).key("k")) => panic!("an hour has not passed"),
        () = arrived => {}
    }
    // Repeats the key until the first request is done.
    loop {
        caller.sandbox.advance(Duration::from_secs(3600));
        match caller.send(post(RESEND).key("k")).await.status {
            409 => tokio::task::yield_now().await,
            status => break assert_eq!(status, 200),
        }
    }
    assert_eq!(caller.sandbox.outbox().len(), 1);
}

#[tokio::test]
async fn a_rejected_request_does_not_use_up_its_key() {
    let caller = Caller::new();
    let path = "/iam/v1/users/late/actions/resend";
    assert_eq!(caller.send(post(path).key("k")).await.status, 404);
    caller.sandbox.add_invited("late", "late@example.com");
    assert_eq!(caller.send(post(path).key("k")).await.status, 200);
}
