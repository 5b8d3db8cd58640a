//! Interrupted and failed runs report what is done, and resume without doing anything twice.

use std::time::{Duration, SystemTime};

use dci::client::RunId;
use dci::sandbox::Fault;
#[cfg(unix)]
use proptest::prelude::*;
#[cfg(target_os = "linux")]
use rustix::process::Signal;

#[cfg(unix)]
use crate::support::program::{END_SIGNALS, assert_masked_snapshot, run_in_shell};
use crate::support::program::{dci_at, dci_on};
use crate::support::sandbox::sandbox_with;
#[cfg(unix)]
use crate::support::sandbox::{emails, list_of, pass_time_until_sent};
use crate::support::scripted_server::ScriptedServer;

/// The run id in the first line of stderr.
#[cfg(unix)]
fn run_id(stderr: &str) -> String {
    let first: serde_json::Value = serde_json::from_str(stderr.lines().next().expect("a line")).expect("JSON");
    first["run"]["id"].as_str().expect("an id").to_owned()
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_each_target() {
    for format in ["table", "json"] {
        let sandbox = sandbox_with(3);
        // Two are in progress, the third has not started.
        sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(2));
        let args = ["resend-invite", "-", "--concurrency", "2", "-o", format];
        let mut running = dci_on(&sandbox, &args).stdin(list_of(3)).start();
        while sandbox.requests() < 2 {
            std::thread::yield_now();
        }
        // The second interrupt ends it at once, without responses to the calls in progress.
        running.interrupt_until_it_ends();
        assert_masked_snapshot!(format!("resume_interrupted_{format}"), running.finish());
    }
}

#[cfg(unix)]
#[test]
fn calls_in_progress_finish_after_an_interrupt() {
    for signal in END_SIGNALS {
        let sandbox = sandbox_with(3);
        sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(2));
        let args = ["resend-invite", "-", "--concurrency", "2", "-o", "table"];
        let mut running = dci_on(&sandbox, &args).stdin(list_of(3)).start();
        while sandbox.requests() < 2 {
            std::thread::yield_now();
        }
        running.signal(signal);
        running.wait_for("Interrupted: waiting up to 5 s for calls in progress (2).");
        pass_time_until_sent(&sandbox, 2);
        let finished = running.finish();
        assert_eq!(finished.code, 130, "{finished}");
        assert!(finished.stderr.contains("interrupted: 2 resent, 1 not started in"), "{finished}");
    }
}

#[cfg(unix)]
#[test]
fn each_signal_leaves_all_rows_and_a_resume_command() {
    for signal in END_SIGNALS {
        let sandbox = sandbox_with(40);
        sandbox.inject(Fault::latency(Duration::ZERO).times(10));
        sandbox.inject(Fault::latency(Duration::from_secs(3600)).times(8));
        let running = dci_on(&sandbox, &["resend-invite", "-", "-o", "json"]).stdin(list_of(40)).start();
        while sandbox.requests() < 18 {
            std::thread::yield_now();
        }
        running.signal(signal);
        // The second signal ends the calls that have no response.
        std::thread::sleep(Duration::from_millis(50));
        running.signal(signal);
        let finished = running.finish();
        assert_eq!((finished.code, finished.json().as_array().map(Vec::len)), (130, Some(40)));
        let hint = finished.error()["hint"].as_str().expect("a hint").to_owned();
        assert!(hint.contains(&format!("--resume {}", run_id(&finished.stderr))), "{hint}");
        let args = ["resend-invite", "-", "--resume", &run_id(&finished.stderr)];
        // Less than the 24 hours for which the server remembers keys.
        sandbox.advance(Duration::from_secs(3600));
        while sandbox.outbox().len() < 18 {
            std::thread::yield_now();
        }
        assert_eq!(dci_on(&sandbox, &args).stdin(list_of(40)).finish().code, 0);
        assert_eq!((emails(&sandbox).len(), sandbox.outbox().len()), (40, 40), "one email each");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_under_nohup_outlives_its_terminal() {
    let sandbox = sandbox_with(3);
    sandbox.inject(Fault::latency(Duration::from_secs(3600)));
    let args = ["resend-invite", "invite-1", "invite-2", "invite-3", "--concurrency", "1"];
    let running = dci_on(&sandbox, &args).under_nohup().start();
    while sandbox.requests() < 1 {
        std::thread::yield_now();
    }
    running.signal(Signal::HUP);
    pass_time_until_sent(&sandbox, 3);
    assert_eq!(running.finish().code, 0);
}

#[cfg(unix)]
#[test]
fn the_printed_resume_command_works() {
    let sandbox = sandbox_with(3);
    sandbox.inject(Fault::drop_after());
    let args = ["resend-invite", "invite-1", "invite-2", "invite-3", "--max-attempts=1"];
    let failed = dci_on(&sandbox, &args).finish();
    assert_eq!((failed.code, sandbox.outbox().len()), (41, 3), "{failed}");
    let hint = failed.error()["hint"].as_str().expect("a hint").to_owned();
    let (_, command) = hint.split_once("within 24 hours: ").expect("a command");
    run_in_shell(command, &sandbox);
    assert_eq!(sandbox.outbox().len(), 3, "finished invites are not sent again");
}

#[cfg(unix)]
#[test]
fn one_failed_target_prints_its_resume_command() {
    let sandbox = sandbox_with(1);
    // The second fault hits the retry on a new connection.
    sandbox.inject(Fault::drop_after().on("resendInvite").times(2));
    let run = RunId::new().to_string();
    let failed = dci_on(&sandbox, &["resend-invite", "invite-1", "--resume", &run, "--max-attempts=1"]).finish();
    let hint = failed.error()["hint"].as_str().expect("a hint").to_owned();
    run_in_shell(hint.split_once("within 24 hours: ").expect("a command").1, &sandbox);
    assert_eq!(sandbox.outbox().len(), 1);
}

#[test]
fn an_old_run_needs_yes_to_resume() {
    let sandbox = sandbox_with(2);
    let hours = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
    let old = RunId::begun_at(hours(25)).to_string();
    for targets in [&["invite-1", "invite-2"][..], &["user-1@example.com"], &["--all-invited"]] {
        let finished = dci_on(&sandbox, &[&["resend-invite", "--resume", &old], targets].concat()).finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert!(finished.error()["hint"].to_string().contains("--yes"));
    }
    assert_eq!(sandbox.requests(), 0);
    let young = RunId::begun_at(hours(23)).to_string();
    for args in [&[young.as_str()][..], &[&old, "--yes"]] {
        let finished =
            dci_on(&sandbox, &[&["resend-invite", "invite-1", "invite-2", "--resume"], args].concat()).finish();
        assert_eq!(finished.code, 0, "{finished}");
    }
}

#[test]
fn a_run_from_the_future_is_refused() {
    let sandbox = sandbox_with(2);
    let in_minutes = |minutes: u64| RunId::begun_at(SystemTime::now() + Duration::from_secs(minutes * 60)).to_string();
    let latest = "ffffffff-ffff-7fff-bfff-ffffffffffff".to_owned();
    for run in [in_minutes(6), in_minutes(10 * 24 * 60), latest] {
        for targets in [&["invite-1", "invite-2"][..], &["invite-1"], &["--all-invited"]] {
            for command in [&["resend-invite"][..], &["resend-invite", "--yes"], &["cancel-invite", "--yes"]] {
                let finished = dci_on(&sandbox, &[command, &["--resume", &run], targets].concat()).finish();
                assert_eq!(finished.code, 2, "{finished}");
                assert!(finished.error()["message"].to_string().contains("starts in the future"), "{finished}");
            }
        }
    }
    assert_eq!(sandbox.requests(), 0);
    let finished = dci_on(&sandbox, &["resend-invite", "invite-1", "--resume", &in_minutes(4)]).finish();
    assert_eq!(finished.code, 0, "{finished}");
}

#[test]
fn the_age_of_a_run_uses_the_server_clock() {
    let ago = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
    let in_hours = |hours: u64| SystemTime::now() + Duration::from_secs(hours * 3600);
    let at = |date: Option<SystemTime>, targets: &[&str]| {
        let date = date.map(|date| format!("date: {}\r\n", httpdate::fmt_http_date(date))).unwrap_or_default();
        let body =
            r#"{"message":"done","inviteId":"x","users":[{"id":"x","email":"a@example.com","status":"invited"}]}"#;
        let length = body.len();
        let server = ScriptedServer::responding(format!(
            "HTTP/1.1 200 OK\r\n{date}connection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
        let run = RunId::begun_at(ago(1)).to_string();
        let args = [&["resend-invite", "--resume", &run, "--concurrency", "1"], targets].concat();
        let finished = dci_at(&server.url, &args).finish();
        let sent = server.requests().iter().filter(|request| request.starts_with("POST")).count();
        (finished.code, sent > 0)
    };
    for targets in [&["a"][..], &["a", "b"], &["a@example.com"], &["--all-invited"]] {
        assert_eq!(at(Some(in_hours(24 * 10)), targets), (2, false), "the keys may have expired: {targets:?}");
        assert_eq!(at(Some(ago(3)), targets), (2, false), "the run is in the future: {targets:?}");
    }
    for date in [None, Some(in_hours(0)), Some(in_hours(20))] {
        assert_eq!(at(date, &["a", "b"]), (0, true), "{date:?}");
    }
}

#[test]
fn a_resumed_run_waits_for_a_request_in_progress() {
    let run = RunId::new().to_string();
    let resumed = ["--resume", run.as_str()];
    let given = ["--idempotency-key", "my-key"];
    for (command, operation, key) in [
        ("cancel-invite", "cancelInvite", resumed),
        ("resend-invite", "resendInvite", resumed),
        ("cancel-invite", "cancelInvite", given),
    ] {
        let sandbox = sandbox_with(1);
        // The first request continues without its client.
        sandbox.inject(Fault::latency(Duration::from_secs(3600)).on(operation));
        let args = [&[command, "invite-1", "--yes"], &key[..]].concat();
        // A run that is resumed asks the server for its time first.
        let requests = if key == resumed { 2 } else { 1 };
        let mut killed = dci_on(&sandbox, &args).start();
        while sandbox.requests() < requests {
            std::thread::yield_now();
        }
        killed.kill();
        let again = dci_on(&sandbox, &args).start();
        while sandbox.requests() < 2 * requests {
            std::thread::yield_now();
        }
        sandbox.advance(Duration::from_secs(3600));
        let finished = again.finish();
        assert_eq!(finished.code, 0, "{finished}");
    }
}

#[test]
fn a_lasting_conflict_of_a_resumed_run_is_reported() {
    let sandbox = sandbox_with(0);
    let run = RunId::new().to_string();
    let args = ["cancel-invite", "invite-cancelled", "--yes", "--max-attempts", "2", "--resume", &run];
    let finished = dci_on(&sandbox, &args).finish();
    assert_eq!((finished.code, &finished.error()["attempts"]), (21, &2.into()), "{finished}");
    assert!(
        finished.error()["hint"].to_string().contains("or the server is still processing a request with the same key")
    );
    let first = dci_on(&sandbox, &["cancel-invite", "invite-cancelled", "--yes"]).finish();
    assert_eq!((first.code, &first.error()["attempts"]), (21, &1.into()), "{first}");
}

#[test]
fn dry_run_false_is_the_same_request_as_the_default() {
    for command in ["resend-invite", "cancel-invite"] {
        let sandbox = sandbox_with(3);
        let run = RunId::new().to_string();
        let call = |dry_run: &[&str]| {
            let args = [command, "invite-1", "invite-2", "--yes", "--resume", &run];
            let finished = dci_on(&sandbox, &[&args, dry_run].concat()).finish();
            assert_eq!(finished.code, 0, "{finished}");
        };
        call(&[]);
        call(&["--dry-run=false"]);
        assert!(sandbox.outbox().len() <= 2, "each was sent at most once");
    }
}

#[test]
fn an_invalid_run_id_is_a_usage_error() {
    for run in ["", "x", "6f9b9f0e-0d0c-4a53-9a3e-0c1f4a7c2b55"] {
        let finished = dci_on(&sandbox_with(0), &["resend-invite", "a", "b", "--resume", run]).finish();
        assert_eq!(finished.code, 2, "{finished}");
    }
    let run = RunId::new().to_string();
    let both = dci_on(&sandbox_with(0), &["resend-invite", "a", "--resume", &run, "--idempotency-key", "k"]).finish();
    assert_eq!(both.code, 2, "{both}");
}

#[cfg(unix)]
proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Interrupts runs again and again at random times, while responses get lost.
    #[test]
    fn a_run_interrupted_anywhere_sends_one_email_each(
        moments in prop::collection::vec(1_u64..200, 1..4),
        lost in 0_u64..10,
    ) {
        let sandbox = sandbox_with(200);
        let mut run = None;
        for moment in moments {
            let until = sandbox.requests() + moment;
            sandbox.inject(Fault::drop_after().times(lost));
            let mut args = vec!["resend-invite", "-", "--concurrency", "16"];
            args.extend(run.iter().flat_map(|run: &String| ["--resume", run.as_str()]));
            let running = dci_on(&sandbox, &args).stdin(list_of(200)).start();
            while sandbox.requests() < until {
                std::thread::yield_now();
            }
            running.interrupt();
            let finished = running.finish();
            prop_assert!([0, 130].contains(&finished.code), "{}", finished.stderr);
            let id = run_id(&finished.stderr);
            prop_assert!(run.is_none_or(|before| before == id), "the run id changed");
            run = Some(id);
        }
        let run = run.expect("at least one interrupted run");
        let last = dci_on(&sandbox, &["resend-invite", "-", "--resume", &run]).stdin(list_of(200)).finish();
        prop_assert_eq!(last.code, 0, "{}", last.stderr);
        let emails = emails(&sandbox);
        prop_assert_eq!((emails.len(), emails.values().max()), (200, Some(&1)));
    }
}
