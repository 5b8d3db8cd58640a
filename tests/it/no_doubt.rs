//! Many changes on a sandbox where 30% of the requests fail: each outcome is compared with the sandbox's state.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use dci::client::{ApiError, Client, call, call_each, invite_each};
use dci::sandbox::Sandbox;
use dci::types::{InviteUserRequest, UpdateUserRequest, UserListItem};
use futures_util::StreamExt;

use crate::support::sandbox::{client_at, impatient, sandbox, sandbox_with};

const USERS: usize = 2_000;

fn client(sandbox: &Sandbox) -> Client {
    let concurrency = NonZeroUsize::new(16).expect("not 0");
    client_at(sandbox.url()).with_retry_policy(impatient()).with_concurrency(concurrency).build().expect("a client")
}

/// What the client says about a call.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Said {
    Done,
    Confirmed,
    NotDone,
    Unknown,
}

fn said<T>(outcome: Result<dci::client::CallResponse<T>, ApiError>) -> Said {
    match outcome {
        Ok(response) if response.confirmed => Said::Confirmed,
        Ok(_) => Said::Done,
        Err(error) if error.outcome_unknown() => Said::Unknown,
        Err(_) => Said::NotDone,
    }
}

/// The users by id, when the faults have ended.
async fn users_at_the_end(sandbox: &Sandbox, client: &Client) -> HashMap<String, UserListItem> {
    sandbox.inject_at_random(0, 0);
    let users = call(client.list_users().send()).await.expect("no faults").value.users;
    users.into_iter().map(|user| (user.id.clone().expect("an id"), user)).collect()
}

/// Checks what was said about each change, and that almost all were made.
fn check(all: &[(String, Said)], users: usize, was_done: impl Fn(&str) -> bool) {
    let mut counts = BTreeMap::<Said, usize>::new();
    for (name, said) in all {
        *counts.entry(*said).or_default() += 1;
        let is_right = match said {
            Said::Done | Said::Confirmed => was_done(name),
            Said::NotDone => !was_done(name),
            Said::Unknown => true,
        };
        assert!(is_right, "{name} is reported as {said:?}, but was_done is {}", was_done(name));
    }
    assert_eq!(all.len(), users, "{counts:?}");
    let count = |said| counts.get(&said).copied().unwrap_or_default();
    // 5 attempts fail for 0.3^5 = 0.24%.
    assert!(count(Said::Done) + count(Said::Confirmed) > users * 97 / 100, "{counts:?}");
    assert!(count(Said::Unknown) <= users / 100, "{counts:?}");
}

#[tokio::test]
async fn each_user_is_invited_once_although_30_percent_fail() {
    let sandbox = sandbox();
    sandbox.inject_at_random(30, 11);
    let client = client(&sandbox);
    let request = |number| InviteUserRequest::builder().email(format!("user-{number}@example.com"));
    let requests = (0..USERS).map(|number| request(number).try_into().expect("a request"));
    let all: Vec<_> =
        invite_each(&client, requests).map(|(request, outcome)| (request.email, said(outcome))).collect().await;
    assert!(all.iter().any(|(_, said)| *said == Said::Confirmed), "some responses were lost");

    let mut emails = HashMap::<String, usize>::new();
    for email in sandbox.outbox() {
        *emails.entry(email.to).or_default() += 1;
    }
    assert!(emails.values().all(|count| *count == 1), "nobody gets two emails");
    let mut listed = HashMap::<String, usize>::new();
    for user in users_at_the_end(&sandbox, &client).await.into_values() {
        *listed.entry(user.email.expect("an address")).or_default() += 1;
    }
    assert!(listed.values().all(|count| *count == 1), "nobody is listed twice");
    check(&all, USERS, |email| listed.contains_key(email));
    check(&all, USERS, |email| emails.contains_key(email));
}

#[tokio::test]
async fn each_user_is_updated_although_30_percent_fail() {
    let sandbox = sandbox_with(USERS);
    sandbox.inject_at_random(30, 12);
    let client = client(&sandbox);
    let ids = (1..=USERS).map(|number| format!("invite-{number}"));
    let update = |id: String| {
        let change = UpdateUserRequest::builder().first_name(Some(format!("name of {id}")));
        let sending = client.update_user().id(&id).body(change).send();
        async { (id, said(call(sending).await)) }
    };
    let all: Vec<_> = call_each(&client, ids, update).collect().await;
    let users = users_at_the_end(&sandbox, &client).await;
    check(&all, USERS, |id| users[id].first_name == Some(format!("name of {id}")));
}

#[tokio::test]
async fn each_user_is_deleted_although_30_percent_fail() {
    // Four parts: each look-up lists all users.
    for seed in 13..17 {
        let users = USERS / 4;
        let sandbox = sandbox_with(users);
        sandbox.inject_at_random(30, seed);
        let client = client(&sandbox);
        let ids = (1..=users).map(|number| format!("invite-{number}"));
        let delete = |id: String| {
            let sending = client.delete_user().id(&id).send();
            async { (id, said(call(sending).await)) }
        };
        let all: Vec<_> = call_each(&client, ids, delete).collect().await;
        assert!(all.iter().any(|(_, said)| *said == Said::Confirmed), "some responses were lost");
        let listed = users_at_the_end(&sandbox, &client).await;
        check(&all, users, |id| !listed.contains_key(id));
        assert!(["invite-pending", "user-active"].iter().all(|id| listed.contains_key(*id)), "no other user is lost");
    }
}
