//! Runs over many targets: each target has a row, and each invite gets at most one email.

use std::time::Duration;

use dci::sandbox::{Fault, Sandbox};
use serde_json::Value;

use crate::support::program::{Finished, assert_masked_snapshot, dci_on};
use crate::support::sandbox::{emails, list_of, pass_time_until_sent, sandbox, sandbox_with};

fn outcomes(finished: &Finished) -> Vec<String> {
    let rows = finished.json();
    rows.as_array().expect("rows").iter().map(|row| row["outcome"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn each_target_has_a_row_in_the_given_order() {
    for format in ["table", "json", "csv"] {
        let sandbox = sandbox_with(0);
        let targets = ["invite-pending", "nobody", "expired@example.com", "invite-expired", "active@example.com"];
        let finished = dci_on(&sandbox, &[&["resend-invite", "-o", format], &targets[..]].concat()).finish();
        assert_masked_snapshot!(format!("many_{format}"), finished);
    }
}

#[test]
fn a_successful_run_shows_one_line() {
    let finished = dci_on(&sandbox_with(3), &["resend-invite", "-", "-o", "table"]).stdin(list_of(3)).finish();
    assert_masked_snapshot!("many_all_well", finished);
}

#[test]
fn the_exit_code_is_shared_by_all_failures_or_1() {
    let run = |targets: &[&str], fault: Option<Fault>| {
        let sandbox = sandbox_with(1);
        if let Some(fault) = fault {
            sandbox.inject(fault);
        }
        dci_on(&sandbox, &[&["resend-invite", "--max-attempts", "1"], targets].concat()).finish().code
    };
    assert_eq!(run(&["invite-1", "invite-pending"], None), 0);
    assert_eq!(run(&["invite-1", "nobody", "nobody@example.com"], None), 20);
    assert_eq!(run(&["invite-1", "invite-pending"], Some(Fault::status(503))), 40);
    assert_eq!(run(&["invite-1", "nobody"], Some(Fault::status(503).times(1).on("resendInvite"))), 1);
}

#[test]
fn a_dry_run_lists_what_was_checked() {
    let sandbox = sandbox_with(2);
    let finished = dci_on(&sandbox, &["resend-invite", "invite-1", "invite-2", "--dry-run"]).finish();
    assert_eq!(outcomes(&finished), ["checked", "checked"]);
    assert!(sandbox.outbox().is_empty());
}

#[test]
fn a_key_is_for_a_single_target() {
    let sandbox = sandbox_with(2);
    for args in [&["invite-1", "invite-2"][..], &["-"], &["--all-invited", "--yes"]] {
        let finished = dci_on(&sandbox, &[&["resend-invite", "--idempotency-key", "k"], args].concat()).finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert!(finished.error()["message"].to_string().contains("--idempotency-key is for a single target"));
    }
    assert_eq!(sandbox.requests(), 0);
}

#[test]
fn a_target_given_twice_is_resent_once() {
    let sandbox = sandbox_with(1);
    let names = ["USER-1@example.com", "invite-1", "user-1@example.com", "invite-1"];
    let finished = dci_on(&sandbox, &[&["resend-invite"], &names[..]].concat()).finish();
    assert_eq!(outcomes(&finished), ["resent", "skipped", "skipped"], "a repeated target is skipped");
    assert_eq!(sandbox.outbox().len(), 1);
}

#[test]
fn invite_keys_derive_from_the_run_and_differ_in_a_dry_run() {
    let sandbox = sandbox_with(2);
    let run = "01890a5d-ac96-774b-bcce-b302099a8057";
    let args = ["resend-invite", "invite-1", "invite-2", "--resume", run, "--yes"];
    assert_eq!(dci_on(&sandbox, &[&args[..], &["--dry-run"]].concat()).finish().code, 0);
    assert_eq!(dci_on(&sandbox, &args).finish().code, 0);
    let keys: Vec<String> = sandbox.outbox().into_iter().filter_map(|email| email.idempotency_key).collect();
    let run: dci::client::RunId = run.parse().expect("a run");
    let mut expected: Vec<String> = ["invite-1", "invite-2"]
        .map(|id| run.key(dci::operation::Operation::RESEND_INVITE, &id.parse().expect("an id"), false).to_string())
        .into();
    expected.sort_by_key(|key| keys.iter().position(|sent| sent == key));
    assert_eq!(keys, expected);
}

#[test]
fn a_rejected_credential_ends_the_run() {
    let sandbox = sandbox_with(200);
    for (key, code) in [("wrong", 10), ("sandbox-viewer", 11)] {
        let before = sandbox.requests();
        let run = dci_on(&sandbox, &["resend-invite", "-"]).env("DCI_API_KEY", key).stdin(list_of(200));
        let finished = run.finish();
        assert_eq!(finished.code, code, "{}", finished.error());
        let outcomes = outcomes(&finished);
        let failed = outcomes.iter().filter(|outcome| *outcome == "failed").count();
        assert!((1..=8).contains(&failed) && outcomes.len() == 200, "{failed} of {}", outcomes.len());
        assert_eq!(sandbox.requests() - before, failed as u64);
    }
}

#[test]
fn one_forbidden_target_does_not_end_the_run() {
    let sandbox = sandbox_with(30);
    let args = ["resend-invite", "-", "--concurrency", "1"];
    sandbox.inject(Fault::status(403).on("resendInvite"));
    let first = dci_on(&sandbox, &args).stdin(list_of(30)).finish();
    assert_eq!((first.code, sandbox.outbox().len()), (11, 0), "a first 403 ends the run");
    sandbox.inject(Fault::latency(Duration::ZERO).on("resendInvite").times(2));
    sandbox.inject(Fault::status(403).on("resendInvite"));
    let second = dci_on(&sandbox, &args).stdin(list_of(30)).finish();
    assert_eq!((second.code, sandbox.outbox().len()), (11, 29));
}

#[test]
fn a_failed_run_prints_its_resume_command() {
    let hint = |fault: Fault| {
        let sandbox = sandbox_with(2);
        sandbox.inject(fault);
        let finished = dci_on(&sandbox, &["resend-invite", "invite-1", "invite-2", "--max-attempts", "1"]).finish();
        assert_ne!(finished.code, 0, "{finished}");
        finished.error()
    };
    for fault in [Fault::status(503), Fault::drop_before(), Fault::drop_after(), Fault::truncate(), Fault::status(429)]
    {
        let error = hint(fault);
        assert!(error["hint"].to_string().contains("--resume"), "{error}");
        assert_eq!(error["retryable"], true);
    }
    let error = hint(Fault::status(400));
    assert!(!error["hint"].to_string().contains("--resume"), "{error}");
    assert_eq!(error["retryable"], false);
}

#[test]
fn a_long_retry_after_ends_the_run() {
    for (status, code) in [(429, 50), (503, 40)] {
        for concurrency in ["1", "8", "64"] {
            let sandbox = sandbox_with(500);
            sandbox.inject(Fault::latency(Duration::ZERO).on("resendInvite").times(20));
            sandbox.inject(Fault::status(status).retry_after("3600").on("resendInvite").times(1000));
            let args = ["resend-invite", "-", "--concurrency", concurrency];
            let finished = dci_on(&sandbox, &args).stdin(list_of(500)).finish();
            assert_eq!((finished.code, sandbox.outbox().len()), (code, 20), "{}", finished.error());
            let outcomes = outcomes(&finished);
            let count = |what| outcomes.iter().filter(|outcome| *outcome == what).count();
            assert_eq!(count("resent") + count("failed") + count("skipped"), 500);
            assert!(
                count("failed") <= 64 && sandbox.requests() == 20 + count("failed") as u64,
                "no target was tried twice"
            );
            let hint = finished.error()["hint"].to_string();
            assert!(hint.contains("wait 3600 s, until") && hint.contains("--resume"), "{hint}");
            let last = finished.json().as_array().and_then(|rows| rows.last().cloned()).expect("a row for each");
            assert_eq!(last["message"], "not started: the server asked to retry later");
        }
    }
}

#[test]
fn a_quiet_run_prints_only_its_result() {
    let finished = dci_on(&sandbox_with(2), &["resend-invite", "-q", "invite-1", "invite-2"]).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
}

/// Makes every twentieth request fail, without long waits.
fn inject_faults(sandbox: &Sandbox, is_over: &std::sync::atomic::AtomicBool) {
    let faults: [fn() -> Fault; 6] = [
        || Fault::status(503).retry_after("0"),
        || Fault::status(500).retry_after("0"),
        || Fault::status(502).retry_after("0"),
        Fault::drop_after,
        || Fault::status(504).retry_after("0"),
        Fault::truncate,
    ];
    let mut next = 0;
    for fault in faults.iter().cycle() {
        while sandbox.requests() < next {
            if is_over.load(std::sync::atomic::Ordering::Relaxed) {
                return;
            }
            std::thread::yield_now();
        }
        next = sandbox.requests() + 20;
        sandbox.inject(fault());
    }
}

#[test]
fn a_faulty_server_sends_10_000_invites_once_each() {
    let sandbox = sandbox_with(10_000);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let run = dci::client::RunId::new().to_string();
    let args = ["resend-invite", "-", "--concurrency", "64", "--resume", &run];
    let finished = std::thread::scope(|scope| {
        scope.spawn(|| inject_faults(&sandbox, &is_over));
        // One invite may meet five faults in a row; the run is then resumed.
        let mut runs = (0..3).map(|_| dci_on(&sandbox, &args).stdin(list_of(10_000)).finish());
        let finished = runs.find(|finished| finished.code == 0);
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        finished.expect("one of three runs succeeds")
    });
    let rows = finished.json();
    let targets = rows.as_array().expect("rows").iter().map(|row| &row["target"]);
    assert!(targets.eq(list_of(10_000).lines().map(Value::from).collect::<Vec<_>>().iter()), "rows keep the order");
    assert!(sandbox.requests() > 10_100, "{} requests, some of which failed", sandbox.requests());
    let emails = emails(&sandbox);
    assert_eq!((emails.len(), emails.values().max()), (10_000, Some(&1)));
}

#[test]
fn concurrency_limits_the_calls_in_flight() {
    for (concurrency, expected) in [("1", 1), ("3", 3), ("64", 9)] {
        let sandbox = sandbox_with(9);
        sandbox.inject(Fault::latency(Duration::from_secs(3600)).on("resendInvite").times(9));
        let args = ["resend-invite", "-", "--concurrency", concurrency];
        let running = dci_on(&sandbox, &args).stdin(list_of(9)).start();
        while sandbox.requests() < expected {
            std::thread::yield_now();
        }
        // An extra request would have arrived during this call.
        assert_eq!(dci_on(&sandbox, &["validate"]).finish().code, 0);
        assert_eq!(sandbox.requests(), expected + 1);
        pass_time_until_sent(&sandbox, 9);
        assert_eq!(running.finish().code, 0);
    }
}

#[test]
fn a_result_is_printed_before_the_next_call_ends() {
    for (format, before_it, result) in [
        ("csv", 1, "invite-1,invite-1,resent,Invite resent,invite-1,"),
        ("json", 2, "    \"target\": \"invite-1\","),
        ("yaml", 0, "- target: invite-1"),
    ] {
        let sandbox = sandbox_with(2);
        sandbox.inject(Fault::latency(Duration::ZERO));
        sandbox.inject(Fault::latency(Duration::from_secs(3600)));
        let args = ["resend-invite", "invite-1", "invite-2", "--concurrency", "1", "-o", format];
        let mut running = dci_on(&sandbox, &args).start();
        let lines: Vec<String> = (0..=before_it).map(|_| running.line()).collect();
        assert_eq!((&*lines[before_it], sandbox.outbox().len()), (result, 1), "{format}");
        pass_time_until_sent(&sandbox, 2);
        assert_eq!(running.finish().code, 0, "{format}");
    }
}

#[test]
fn a_slow_reader_does_not_delay_calls() {
    let sandbox = sandbox();
    // The rows exceed the buffer of a pipe.
    let ids: Vec<String> = (0..800).map(|number| format!("invite-number-{number}")).collect();
    for id in &ids {
        sandbox.add_invited(id, &format!("{id}@example.com"));
    }
    let run = dci_on(&sandbox, &["resend-invite", "-", "-o", "json"]).stdin(ids.join("\n")).start();
    let started = std::time::Instant::now();
    while sandbox.outbox().len() < ids.len() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "calls wait for stdout to be read: {} sent",
            sandbox.outbox().len()
        );
        std::thread::yield_now();
    }
    let finished = run.finish();
    assert_eq!((finished.code, finished.json().as_array().map(Vec::len)), (0, Some(ids.len())));
}
