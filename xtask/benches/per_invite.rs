//! What a run does for each invite, except sending it: `cargo bench --package xtask`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use dci::client::{ApiError, Error, Failure, ResponseValue, RunId, UserId};
use dci::operation::Operation;
use dci::types::{self, ListUsersResponseBody, ResendInviteResponse};
use http::{HeaderMap, HeaderValue, StatusCode};

/// How many users the list has.
const USERS: u32 = 1_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    key(&mut criterion);
    error(&mut criterion);
    response(&mut criterion);
    list(&mut criterion);
    criterion.final_summary();
}

fn key(criterion: &mut Criterion) {
    let (run, id) = (RunId::new(), "3f2a9c".parse::<UserId>().expect("an id"));
    criterion.bench_function("key of an invite", |bencher| {
        bencher.iter(|| run.key(Operation::RESEND_INVITE, black_box(&id), false));
    });
}

fn error(criterion: &mut Criterion) {
    criterion.bench_function("what happens after a failure", |bencher| {
        let failures = [Failure::NotConnected, Failure::NoResponse, Failure::Status(404), Failure::Status(503)];
        bencher.iter(|| black_box(failures).map(|failure| failure.next_step(Operation::RESEND_INVITE)));
    });
    let body: types::Error = serde_json::from_str(r#"{"error": "too many requests"}"#).expect("an error");
    let headers: HeaderMap = [("x-request-id", "5d0c6a2b7e10"), ("retry-after", "2")]
        .into_iter()
        .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
        .collect();
    let response =
        || Error::ErrorResponse(ResponseValue::new(body.clone(), StatusCode::TOO_MANY_REQUESTS, headers.clone()));
    criterion.bench_function("error of a response", |bencher| {
        let is_retryable = |response| {
            let error = ApiError::from(response);
            (error.kind(), error.is_retryable())
        };
        bencher.iter_batched(response, is_retryable, BatchSize::SmallInput);
    });
}

fn response(criterion: &mut Criterion) {
    let body = br#"{"message": "The invite was sent again.", "inviteId": "3f2a9c"}"#;
    criterion.bench_function("response to a call", |bencher| {
        let read = |body| serde_json::from_slice::<ResendInviteResponse>(body).expect("a response");
        bencher.iter(|| read(black_box(body)));
    });
}

fn list(criterion: &mut Criterion) {
    let user = |number| {
        serde_json::json!({
            "id": format!("invite-{number}"),
            "email": format!("user-{number}@example.com"),
            "displayName": format!("User {number}"),
            "language": "en",
            "roleId": "role-user",
            "organizationId": "root",
            "status": "invited",
            "inviteStatus": "Pending",
        })
    };
    let users: Vec<_> = (1..=USERS).map(user).collect();
    let body = serde_json::json!({ "rowCount": USERS, "users": users }).to_string();
    let mut group = criterion.benchmark_group("list");
    group.throughput(Throughput::Elements(USERS.into()));
    group.bench_function("of 1,000 users", |bencher| {
        let read = |body| serde_json::from_str::<ListUsersResponseBody>(body).expect("a list");
        bencher.iter(|| read(black_box(&body)));
    });
    group.finish();
}
