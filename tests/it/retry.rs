//! Retries: which failures, how often, for how long, and what the user reads about them.

use std::num::NonZeroU32;
use std::time::{Duration, Instant, SystemTime};

use dci::client::{ApiError, Client, ErrorKind, Failure, IdempotencyKey, NextStep, RetryPolicy, call};
use dci::operation::{OPERATIONS, Operation};
use dci::sandbox::Fault;

#[cfg(unix)]
use crate::support::program::run_in_shell;
use crate::support::program::{assert_masked_snapshot, dci_at, dci_on};
use crate::support::sandbox::{client_at, impatient, sandbox};
use crate::support::scripted_server::{ScriptedServer, resent, response};

fn client(url: &str, policy: RetryPolicy) -> Client {
    client_at(url).with_retry_policy(policy).build().expect("a client")
}

async fn resend(client: &Client, id: &str) -> Result<u32, ApiError> {
    let request = client.resend_invite().id(id).idempotency_key(IdempotencyKey::random());
    call(request.body(serde_json::Map::new()).send()).await.map(|response| response.attempts)
}

#[test]
fn what_happens_after_each_failure_of_each_operation() {
    let mut failures = vec![Failure::NotConnected, Failure::CertificateRefused, Failure::NoResponse, Failure::KeyInUse];
    let statuses = [400, 401, 403, 404, 408, 409, 410, 422, 425, 429, 500, 501, 502, 503, 504, 505, 520, 524, 599];
    failures.extend(statuses.map(Failure::Status));
    let row = |name: String, cells: &mut dyn Iterator<Item = &'static str>| {
        format!("{name:<18}{}\n", cells.map(|cell| format!("{cell:>17}")).collect::<Vec<_>>().join(" "))
    };
    let cell = |next| match next {
        NextStep::Retry => "retry",
        NextStep::LookUp => "look up",
        NextStep::Succeed => "success",
        NextStep::GiveUp => "-",
        _ => unreachable!("a new step"),
    };
    let table = |next: fn(Failure, &Operation) -> NextStep| {
        let head = row(String::new(), &mut OPERATIONS.iter().map(|operation| operation.id));
        let rows = failures.iter().map(|failure| {
            row(format!("{failure:?}"), &mut OPERATIONS.iter().map(|operation| cell(next(*failure, operation))))
        });
        rows.fold(head, |table, row| table + &row)
    };
    let (first, in_doubt) = (table(Failure::next_step), table(Failure::next_step_in_doubt));
    let table =
        format!("No earlier attempt can have worked:\n{first}\nAn earlier attempt may have worked:\n{in_doubt}");
    assert_masked_snapshot!("retry_truth_table", table);
}

#[tokio::test]
async fn each_transient_failure_is_retried_with_one_email() {
    let faults = [
        Fault::status(408),
        Fault::status(429),
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::drop_before(),
        Fault::drop_after(),
        Fault::truncate(),
    ];
    for fault in faults {
        let sandbox = sandbox();
        sandbox.inject(fault.clone().times(4));
        let attempts = resend(&client(sandbox.url(), impatient()), "invite-pending").await;
        assert_eq!(attempts.expect("the fifth attempt succeeds"), 5, "{fault:?}");
        assert_eq!(sandbox.outbox().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn the_last_failure_is_reported_with_its_attempts() {
    let sandbox = sandbox();
    sandbox.inject(Fault::drop_before().times(2));
    sandbox.inject(Fault::status(503).times(9));
    let error = resend(&client(sandbox.url(), impatient()), "invite-pending").await.expect_err("it never works");
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Server, Some(503), 5));
    assert!(error.is_retryable() && error.idempotency_key().is_some());
    let tried = error.tried().expect("5 attempts");
    assert!(tried.starts_with("5 attempts in ") && tried.ends_with("; last response: 503"), "{tried}");
    assert_eq!(sandbox.requests(), 5);
}

#[tokio::test]
async fn a_permanent_failure_is_not_retried() {
    for status in [400, 401, 403, 404, 422, 501] {
        let sandbox = sandbox();
        sandbox.inject(Fault::status(status).times(9));
        let error = resend(&client(sandbox.url(), impatient()), "invite-pending").await.expect_err("a fault");
        assert_eq!((error.status(), error.attempts()), (Some(status), 1));
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_key_in_use_is_retried_if_409_can_only_mean_that() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(409).times(3));
    assert_eq!(resend(&client(sandbox.url(), impatient()), "invite-pending").await.expect("the key is free"), 4);
    sandbox.inject(Fault::status(409).times(3));
    let client = client(sandbox.url(), impatient());
    let request = client.cancel_invite().id("invite-pending").idempotency_key(IdempotencyKey::random());
    let error = call(request.body(serde_json::Map::new()).send()).await.expect_err("it is cancelled already");
    assert_eq!((error.kind(), error.attempts(), error.is_retryable()), (ErrorKind::Conflict, 1, false));
}

#[tokio::test]
async fn a_lasting_conflict_is_reported_as_the_operation_s() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(503));
    let client = client(sandbox.url(), impatient());
    let request = client.cancel_invite().id("invite-cancelled").idempotency_key(IdempotencyKey::random());
    let error = call(request.body(serde_json::Map::new()).send()).await.expect_err("it is cancelled already");
    assert_eq!((error.kind(), error.attempts(), error.is_retryable()), (ErrorKind::Conflict, 5, false));
}

#[tokio::test]
async fn reads_are_retried_without_a_key() {
    let sandbox = sandbox();
    sandbox.inject(Fault::truncate().times(2));
    let client = client(sandbox.url(), impatient());
    assert_eq!(call(client.list_users().send()).await.expect("the third attempt succeeds").attempts, 3);
}

#[tokio::test]
async fn every_attempt_sends_the_same_bytes() {
    let server = ScriptedServer::responding(response("503 Service Unavailable", "text/html", "<html>"));
    assert!(resend(&client(&server.url, impatient()), "invite-1").await.is_err());
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| *request == requests[0]), "{requests:#?}");
    assert!(requests[0].contains("idempotency-key: "));
}

#[tokio::test]
async fn an_attempt_without_a_response_has_its_own_timeout() {
    let sandbox = sandbox();
    // The first attempt takes an hour. Until it is done, the second finds its key in use.
    sandbox.inject(Fault::latency(Duration::from_secs(3600)));
    let policy = RetryPolicy {
        attempt_timeout: Duration::from_millis(100),
        max_attempts: NonZeroU32::new(1000).expect("not 0"),
        ..impatient()
    };
    let client = client(sandbox.url(), policy);
    let done = resend(&client, "invite-pending");
    let clock = async {
        while sandbox.requests() < 3 {
            tokio::task::yield_now().await;
        }
        assert!(sandbox.outbox().is_empty(), "the work is in progress");
        sandbox.advance(Duration::from_secs(3600));
    };
    let (attempts, ()) = tokio::join!(done, clock);
    assert!(attempts.expect("the stored response arrives") >= 3);
    assert_eq!(sandbox.outbox().len(), 1);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_started() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(429).retry_after("50").times(9));
    let policy = RetryPolicy { timeout: Duration::from_secs(49), ..RetryPolicy::default() };
    let started = Instant::now();
    let error = resend(&client(sandbox.url(), policy), "invite-pending").await.expect_err("50 s are too long");
    assert!(started.elapsed() < Duration::from_secs(40), "it waited");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 1));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(50)));
    let tried = error.tried().expect("an attempt");
    assert!(
        tried.starts_with("1 attempt in ") && tried.ends_with(" and no time for another; last response: 429"),
        "{tried}"
    );
}

#[tokio::test]
async fn the_deadline_also_limits_an_attempt() {
    let sandbox = sandbox();
    sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(9));
    let policy = RetryPolicy { timeout: Duration::from_millis(100), ..impatient() };
    let error = resend(&client(sandbox.url(), policy), "invite-pending").await.expect_err("an hour is too long");
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.elapsed() < Duration::from_secs(20), "{error:?}");
}

#[tokio::test]
async fn retry_after_is_followed() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(503).retry_after("0").times(4));
    // Without it the backoff could be longer than the deadline.
    let hour = Duration::from_secs(3600);
    let policy = RetryPolicy { first_delay: hour * 1000, max_delay: hour * 1000, ..RetryPolicy::default() };
    assert_eq!(resend(&client(sandbox.url(), policy), "invite-pending").await.expect("no wait"), 5);
}

#[tokio::test]
async fn a_retry_after_beyond_the_limit_fails_at_once() {
    let in_an_hour = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    for status in [429, 503] {
        for asked in ["61", "3600", "99999999999", "99999999999999999999", &in_an_hour()] {
            let sandbox = sandbox();
            sandbox.inject(Fault::status(status).retry_after(asked).times(9));
            let error = resend(&client(sandbox.url(), RetryPolicy::default()), "invite-pending").await;
            let error = error.expect_err("nobody waits for so long");
            assert_eq!((error.status(), error.attempts(), error.is_retryable()), (Some(status), 1, true), "{asked}");
            assert!(error.retry_after() > Some(Duration::from_secs(60)), "{asked}");
            assert!(error.elapsed() < Duration::from_secs(20), "{asked}");
        }
    }
}

#[test]
fn a_long_retry_after_says_when_to_retry() {
    let error = program(Fault::status(429).retry_after("3600").times(9), &["resend-invite", "invite-pending"]).error();
    assert_eq!(
        (&error["code"], &error["retry_after"], &error["retryable"]),
        (&"RATE_LIMITED".into(), &3600.into(), &true.into())
    );
    let hint = error["hint"].as_str().expect("a hint");
    assert!(hint.contains("The server asks you to wait 3600 s, until "), "{hint}");
    assert!(hint.contains("UTC. To retry safely"), "{hint}");
}

/// Runs the program on a sandbox with a fault that needs no wait.
fn program(fault: Fault, args: &[&str]) -> crate::support::program::Finished {
    let sandbox = sandbox();
    sandbox.inject(fault);
    dci_on(&sandbox, args).finish()
}

#[test]
fn a_failure_says_how_to_retry_safely() {
    let fault = || Fault::status(503).retry_after("0").times(9);
    for format in ["table", "json"] {
        let args = ["resend-invite", "invite-pending", "--tenant", "customer-example", "-o", format];
        assert_masked_snapshot!(format!("retry_exhausted_{format}"), program(fault(), &args));
    }
}

#[test]
fn a_permanent_failure_has_no_hint_to_retry() {
    let error = program(Fault::status(400), &["resend-invite", "invite-pending"]).error();
    assert_eq!((&error["attempts"], &error["retryable"]), (&1.into(), &false.into()));
    assert!(!error["hint"].to_string().contains("--idempotency-key"));
}

#[test]
#[cfg(unix)]
fn the_printed_retry_command_works() {
    let sandbox = sandbox();
    sandbox.add_invited("-it's \"$HOME\"", "odd@example.com");
    sandbox.inject(Fault::drop_after());
    let args = ["resend-invite", "--max-attempts=1", "--", "-it's \"$HOME\""];
    let failed = dci_on(&sandbox, &args).finish();
    assert_eq!(failed.code, 41, "{failed}");
    let hint = failed.error()["hint"].as_str().expect("a hint").to_owned();
    let (_, command) = hint.split_once("within 24 hours: ").expect("a command");

    run_in_shell(command, &sandbox);
    assert_eq!(sandbox.outbox().len(), 1, "the retry did not send a second email");
}

#[test]
fn max_attempts_of_1_turns_retries_off() {
    let args = ["resend-invite", "invite-pending", "--max-attempts", "1"];
    let finished = program(Fault::status(503), &args);
    assert_eq!((finished.code, &finished.error()["attempts"]), (40, &1.into()));
}

#[test]
fn invalid_limits_are_usage_errors() {
    for args in [["--max-attempts", "0"], ["--max-attempts", "x"], ["--timeout", "0s"], ["--timeout", "soon"]] {
        let finished = dci_at("http://127.0.0.1:1", &[&["resend-invite", "x"][..], &args].concat()).finish();
        assert_eq!(finished.code, 2, "{finished}");
    }
}

#[test]
fn verbose_shows_each_attempt() {
    let args = ["resend-invite", "invite-pending", "-v", "-o", "table"];
    let fault = Fault::status(429).retry_after("0").times(2);
    assert_masked_snapshot!("retry_verbose", program(fault, &args));
}

#[test]
#[cfg(unix)]
fn a_terminal_shows_waits_unless_quiet() {
    let run = |args: &[&str]| {
        let sandbox = sandbox();
        sandbox.inject(Fault::status(429).retry_after("0"));
        let ended = dci_on(&sandbox, args).at_terminal().end();
        (ended.code, ended.written)
    };
    let (code, screen) = run(&["resend-invite", "invite-pending"]);
    assert_eq!(code, 0, "{screen}");
    assert_masked_snapshot!("retry_at_terminal", screen);
    let (code, screen) = run(&["-q", "resend-invite", "invite-pending"]);
    assert!(code == 0 && !screen.contains("trying again"), "{screen}");
}

#[test]
fn waits_are_not_shown_in_a_pipe_or_if_quiet() {
    for args in [&["resend-invite", "invite-pending"][..], &["-q", "resend-invite", "invite-pending"]] {
        let finished = program(Fault::status(429).retry_after("0"), args);
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    }
}

#[test]
fn a_log_filter_never_shows_the_credential() {
    let server = ScriptedServer::responding(resent());
    // `finish` checks that the key is not printed.
    let run = |filter| dci_at(&server.url, &["resend-invite", "x"]).env("DCI_LOG", filter).finish();
    let finished = run("trace");
    assert!(finished.stderr.contains("/iam/v1/users/x/actions/resend: 200"), "{finished}");
    assert_eq!(run("off").stderr, "");
    let bad = run("dci=loud");
    assert_eq!(bad.code, 2, "{bad}");
}

#[test]
#[cfg(unix)]
fn an_interrupted_call_ends_at_once_and_says_how_to_retry() {
    for format in ["table", "json"] {
        let sandbox = sandbox();
        sandbox.inject(Fault::latency(Duration::from_secs(3600)));
        let running = dci_on(&sandbox, &["resend-invite", "invite-pending", "-o", format]).start();
        while sandbox.requests() == 0 {
            std::thread::yield_now();
        }
        running.interrupt();
        assert_masked_snapshot!(format!("retry_interrupted_{format}"), running.finish());
    }
}
