//! The futures of the client are `Send`: a server can spawn them on a runtime with several threads.

use std::sync::Arc;

use dci::client::{Client, IdempotencyKey, call, call_each, call_unless, invite_each, with_used_key};
use dci::sandbox::{Fault, Sandbox};
use dci::types::InviteUserRequest;
use futures_util::StreamExt;

use crate::support::sandbox::{client_at, impatient, sandbox_with};

fn sandbox_and_client() -> (Sandbox, Client) {
    let sandbox = sandbox_with(3);
    let client = client_at(sandbox.url()).with_retry_policy(impatient()).build().expect("a client");
    (sandbox, client)
}

fn request(email: &str) -> InviteUserRequest {
    InviteUserRequest::builder().email(email).try_into().expect("a request")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_can_be_spawned() {
    let (sandbox, client) = sandbox_and_client();
    sandbox.inject(Fault::drop_after().on("inviteUser"));
    let other = client.clone();
    let invited = tokio::spawn(async move {
        call_unless(other.invite_user().body(request("a@example.com")).send(), std::future::pending()).await
    });
    assert!(invited.await.expect("no panic").expect("it is confirmed").confirmed);

    let resent = tokio::spawn(async move {
        let resend = client.resend_invite().id("invite-1").idempotency_key(IdempotencyKey::random());
        call(with_used_key(Box::pin(resend.body(serde_json::Map::new()).send()))).await
    });
    assert_eq!(resent.await.expect("no panic").expect("it is sent").value.invite_id, "invite-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_can_be_spawned() {
    let (sandbox, client) = sandbox_and_client();
    let client = Arc::new(client);
    let other = Arc::clone(&client);
    let deleted = tokio::spawn(async move {
        let ids = ["invite-1", "invite-2", "invite-3"].map(str::to_owned);
        let outcomes = call_each(&other, ids, |id| call(other.delete_user().id(id).send()));
        outcomes.filter(|outcome| std::future::ready(outcome.is_ok())).count().await
    });
    assert_eq!(deleted.await.expect("no panic"), 3);

    let invited = tokio::spawn(async move {
        let requests = ["a@example.com", "b@example.com"].map(request);
        invite_each(&client, requests)
            .map(|(request, outcome)| (request.email, outcome.is_ok()))
            .collect::<Vec<_>>()
            .await
    });
    let mut invited = invited.await.expect("no panic");
    invited.sort_unstable();
    assert_eq!(invited, [("a@example.com".to_owned(), true), ("b@example.com".to_owned(), true)]);
    assert_eq!(sandbox.outbox().len(), 2);
}
