//! A run that was killed can be resumed without its targets, from what this machine recorded.
#![cfg(unix)]

mod records;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use dci::client::RunId;
use dci::sandbox::Fault;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::person::Person;
use crate::support::program::{Running, dci_on};
use crate::support::sandbox::{emails, list_of};

fn person(test: &str, invites: usize) -> Person {
    let person = Person::new(test);
    for number in 1..=invites {
        person.sandbox.add_invited(&format!("invite-{number}"), &format!("user-{number}@example.com"));
    }
    person
}

fn records(person: &Person) -> Vec<PathBuf> {
    person.files("/runs/")
}

fn unfinished(person: &Person) -> Vec<Value> {
    let status = person.dci_with_key(&["status", "-o", "json"]).finish().json();
    status["unfinishedRuns"].as_array().expect("a list").clone()
}

/// Starts a run over this many invites, and waits until all but the last two are recorded as done. One of these waits
/// for a retry, so that no request is in progress.
fn almost_done(person: &Person, command: &[&str], invites: usize) -> Running {
    let operation = if command[0] == "cancel-invite" { "cancelInvite" } else { "resendInvite" };
    let done = invites - 2;
    person.sandbox.inject(Fault::latency(Duration::ZERO).on(operation).times(done as u64));
    person.sandbox.inject(Fault::status(503).retry_after("50").on(operation));
    let (before, requests) = (records(person), person.sandbox.requests() + done as u64 + 1);
    let run = person.dci_with_key(&[command, &["-", "--concurrency", "1"]].concat());
    let running = run.stdin(list_of(invites)).start();
    let is_recorded = || {
        let new = records(person).into_iter().find(|record| !before.contains(record));
        let text = new.and_then(|new| fs::read_to_string(new).ok()).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter_map(|line| Some(line["done"].as_array()?.len())).sum::<usize>() == done
    };
    let started = SystemTime::now();
    while !is_recorded() || person.sandbox.requests() < requests {
        assert!(started.elapsed().is_ok_and(|elapsed| elapsed < Duration::from_secs(40)), "the record is incomplete");
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

fn killed(person: &Person, command: &[&str], invites: usize) {
    almost_done(person, command, invites).kill();
}

#[test]
fn a_killed_run_resumes_without_its_targets() {
    let person = person("killed", 40);
    killed(&person, &["resend-invite"], 40);
    let [run] = &unfinished(&person)[..] else { panic!("one run is unfinished") };
    assert_eq!((&run["command"], &run["targetsLeft"]), (&"resend-invite".into(), &2.into()));
    let table = person.dci_with_key(&["status", "-o", "table"]).finish();
    let line = format!("unfinished  resend-invite, 2 to do: {}", run["resume"].as_str().expect("a command"));
    assert!(table.stdout.contains(&line), "{table}");
    let resumed = person.dci_with_key(&["resend-invite", "--resume"]).finish();
    assert_eq!((resumed.code, resumed.json().as_array().map(Vec::len)), (0, Some(2)), "{resumed}");
    assert!(resumed.stderr.contains(run["id"].as_str().expect("an id")), "{resumed}");
    assert_eq!((emails(&person.sandbox).len(), person.sandbox.outbox().len()), (40, 40), "one email each");
    assert_eq!((records(&person), unfinished(&person)), (Vec::new(), Vec::new()));
}

#[test]
fn the_command_in_status_resumes_a_run_of_another_customer() {
    let person = person("customer", 5);
    killed(&person, &["resend-invite", "--tenant", "customer-example"], 5);
    let none = person.dci_with_key(&["resend-invite", "--resume"]).finish();
    assert!(none.code == 2 && none.error()["hint"].to_string().contains("dci status"), "{none}");
    let [run] = &unfinished(&person)[..] else { panic!("one run is unfinished") };
    let other = person.dci_with_key(&["resend-invite", "--resume", run["id"].as_str().expect("an id")]).finish();
    let command = run["resume"].as_str().expect("a command");
    assert!(other.code == 2 && other.error()["hint"].to_string().contains(command), "{other}");
    assert!(command.ends_with(" --tenant customer-example"), "{command}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(person.dci_with_key(&words).finish().code, 0);
    assert!(records(&person).is_empty());
}

#[test]
fn a_run_that_needs_no_resume_leaves_no_record() {
    let person = person("no-record", 4);
    for args in [
        &["resend-invite", "invite-1", "invite-2"][..],
        &["resend-invite", "invite-1", "nobody"],
        &["resend-invite", "--all-invited", "--yes"],
        &["cancel-invite", "invite-1", "invite-2", "--yes"],
        &["delete-user", "invite-1", "nobody", "--yes"],
    ] {
        let finished = person.dci_with_key(args).finish();
        assert!([0, 20, 30].contains(&finished.code), "{finished}");
        assert_eq!(records(&person), [""; 0].map(PathBuf::from), "{args:?}");
    }
    person.sandbox.inject(Fault::status(500).times(2));
    for args in [
        &["resend-invite", "invite-3", "--max-attempts", "1"][..],
        &["resend-invite", "invite-3", "invite-4", "--dry-run", "--max-attempts", "1"],
    ] {
        assert_eq!(person.dci_with_key(args).finish().code, 40, "{args:?}");
    }
    let sandboxed = person.dci(&["--sandbox", "resend-invite", "invite-pending", "nobody"]).finish();
    assert_eq!((sandboxed.code, records(&person)), (20, Vec::new()), "{sandboxed}");
}

#[test]
fn a_failed_run_continues_with_what_is_left() {
    let person = person("failed", 3);
    person.sandbox.inject(Fault::status(503).on("resendInvite").times(2));
    let args = ["resend-invite", "user-1@example.com", "user-2@example.com", "invite-3"];
    let failed = person.dci_with_key(&[&args[..], &["--max-attempts", "1", "--concurrency", "1"]].concat()).finish();
    assert_eq!((failed.code, person.sandbox.outbox().len()), (40, 1), "{failed}");
    let requests = person.sandbox.requests();
    let resumed = person.dci_with_key(&["resend-invite", "--resume"]).finish();
    let rows = resumed.json();
    let targets = rows.as_array().expect("rows").iter().map(|row| row["target"].as_str().expect("a text"));
    assert!(targets.eq(["user-1@example.com", "user-2@example.com"]), "{resumed}");
    assert_eq!(resumed.code, 0);
    assert_eq!(person.sandbox.requests() - requests, 3, "the server's time and two invites; no address is looked up");
    assert_eq!(emails(&person.sandbox).values().max(), Some(&1));
}

#[test]
fn targets_that_are_typed_do_not_hide_the_others() {
    let person = person("others", 6);
    killed(&person, &["resend-invite"], 6);
    let run = unfinished(&person)[0]["id"].as_str().expect("an id").to_owned();
    let some = person.dci_with_key(&["resend-invite", "invite-5", "invite-1", "--resume", &run]).finish();
    assert_eq!(some.code, 0, "{some}");
    assert_eq!(unfinished(&person)[0]["targetsLeft"], 1, "invite-6");
    assert_eq!(person.dci_with_key(&["resend-invite", "--resume", &run]).finish().code, 0);
    assert_eq!((unfinished(&person), person.sandbox.outbox().len()), (Vec::new(), 6));
}

#[test]
fn one_of_several_runs_must_be_chosen() {
    let person = person("several", 4);
    killed(&person, &["resend-invite"], 3);
    killed(&person, &["resend-invite"], 4);
    let runs = unfinished(&person);
    let ids: Vec<&str> = runs.iter().map(|run| run["id"].as_str().expect("an id")).collect();
    assert!(ids.len() == 2 && ids[0] > ids[1], "the newest comes first: {ids:?}");
    for args in [&["resend-invite", "--resume"][..], &["resend-invite", "--yes", "--resume"]] {
        let finished = person.dci_with_key(args).finish();
        let error = finished.error()["message"].to_string();
        assert!(finished.code == 2 && ids.iter().all(|id| error.contains(id)), "{finished}");
    }
    assert_eq!(person.dci_with_key(&["resend-invite", "--resume", ids[1]]).finish().code, 0);
    assert_eq!(person.dci_with_key(&["resend-invite", "--resume"]).finish().code, 0, "one is left");
}

#[test]
fn at_a_terminal_the_last_run_is_offered() {
    let person = person("offered", 4);
    killed(&person, &["resend-invite"], 3);
    killed(&person, &["resend-invite"], 4);
    let last = unfinished(&person)[0]["id"].as_str().expect("an id").to_owned();
    for (reply, code, left) in [("n", 1, 2), ("y", 0, 1)] {
        let mut terminal = person.dci_with_key(&["resend-invite", "--resume"]).at_terminal_of(160);
        terminal.wait_for("[y/N]");
        terminal.type_text(&format!("{reply}\n"));
        let ended = terminal.end();
        assert_eq!((ended.code, unfinished(&person).len()), (code, left), "{}", ended.screen);
        assert!(ended.screen.contains(&format!("Resend 2 invites of the unfinished run {last}")), "{}", ended.screen);
    }
}

#[test]
fn cancelling_still_needs_a_confirmation() {
    let person = person("cancel", 3);
    killed(&person, &["cancel-invite", "--yes"], 3);
    let refused = person.dci_with_key(&["cancel-invite", "--resume"]).finish();
    assert!(refused.code == 2 && refused.error()["hint"].to_string().contains("--yes"), "{refused}");
    let other = person.dci_with_key(&["resend-invite", "--resume"]).finish();
    assert_eq!((other.code, person.sandbox.outbox().len()), (2, 0), "{other}");
    assert_eq!(person.dci_with_key(&["cancel-invite", "--yes", "--resume"]).finish().code, 0);
    assert!(unfinished(&person).is_empty());
}

#[test]
fn a_run_in_progress_is_not_unfinished() {
    let person = person("in-progress", 3);
    let mut running = almost_done(&person, &["resend-invite"], 3);
    assert!(unfinished(&person).is_empty());
    let run = records(&person)[0].file_stem().expect("an id").to_string_lossy().into_owned();
    for args in [&["--resume"][..], &["--resume", &run], &["-", "--resume", &run]] {
        let refused = person.dci_with_key(&[&["resend-invite"], args].concat()).stdin(list_of(3)).finish();
        assert_eq!(refused.code, 2, "{refused}");
        assert!(args.len() == 1 || refused.error()["message"].to_string().contains("in progress"), "{refused}");
    }
    running.kill();
    assert_eq!(unfinished(&person).len(), 1);
}

#[test]
fn a_run_of_another_user_is_refused_and_kept() {
    let person = person("another-user", 5);
    killed(&person, &["resend-invite"], 5);
    let run = unfinished(&person)[0]["id"].as_str().expect("an id").to_owned();
    for args in [&["resend-invite", "--resume"][..], &["resend-invite", "--resume", &run]] {
        let refused = person.dci(args).env("DCI_API_KEY", "another-key").finish();
        assert_eq!((refused.code, records(&person).len()), (2, 1), "{refused}");
    }
    assert_eq!(person.dci_with_key(&["resend-invite", "--resume"]).finish().code, 0);
}

#[test]
fn the_shell_completes_the_ids_of_unfinished_runs() {
    let person = person("completed-run", 3);
    killed(&person, &["resend-invite"], 3);
    let run = unfinished(&person)[0]["id"].as_str().expect("an id").to_owned();
    for words in [&["--resume", ""][..], &["--resume", &run[..8]], &["--resume="]] {
        let words = [&["--", "dci", "resend-invite"], words].concat();
        let finished = person.dci_with_key(&words).env("COMPLETE", "fish").finish();
        assert!(finished.stdout.contains(&format!("{run}\tresend-invite, 2 to do")), "{finished}");
    }
}

#[test]
fn the_command_to_resume_a_recorded_run_has_no_targets() {
    let person = person("short-hint", 5);
    let mut running = almost_done(&person, &["resend-invite", "--tenant", "customer-example"], 5);
    running.interrupt_until_it_ends();
    let ended = running.finish();
    let run = unfinished(&person)[0]["id"].as_str().expect("an id").to_owned();
    let command = format!("dci resend-invite --resume {run} --tenant customer-example");
    assert!(ended.error()["hint"].to_string().contains(&format!(": {command}")), "{ended}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(person.dci_with_key(&words).finish().code, 0);
    assert_eq!(emails(&person.sandbox).len(), 5);
}

#[test]
fn resume_without_an_id_takes_no_targets() {
    let person = person("usage", 2);
    for args in [
        &["invite-1", "invite-2", "--resume"][..],
        &["invite-1", "--resume"],
        &["--all-invited", "--resume"],
        &["--resume"],
        &["--resume", &RunId::new().to_string()],
    ] {
        let finished = dci_on(&person.sandbox, &[&["resend-invite"], args].concat()).finish();
        assert!(finished.code == 2 && finished.error()["hint"].is_string(), "{finished}");
    }
    let sandboxed = person.dci(&["--sandbox", "resend-invite", "--resume"]).finish();
    assert_eq!((sandboxed.code, person.sandbox.requests()), (2, 0), "{sandboxed}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    /// Kills a run and each process that resumes it, at random times, while responses get lost.
    #[test]
    fn a_run_killed_anywhere_sends_one_email_each(moments in prop::collection::vec(2_u64..80, 1..4), lost in 0_u64..5) {
        let person = person("killed-anywhere", 150);
        for (index, moment) in moments.into_iter().enumerate() {
            person.sandbox.inject(Fault::drop_after().on("resendInvite").times(lost));
            let until = person.sandbox.requests() + moment;
            let target = if index == 0 { "-" } else { "--resume" };
            let mut running = person.dci_with_key(&["resend-invite", target]).stdin(list_of(150)).start();
            // On a busy machine it may be done before it is killed.
            while person.sandbox.requests() < until && !running.has_ended() {
                std::thread::yield_now();
            }
            running.kill();
            if unfinished(&person).is_empty() {
                break;
            }
        }
        if !unfinished(&person).is_empty() {
            let last = person.dci_with_key(&["resend-invite", "--resume"]).finish();
            prop_assert_eq!(last.code, 0, "{}", last.stderr);
        }
        let emails = emails(&person.sandbox);
        prop_assert_eq!((emails.len(), emails.values().max(), records(&person).len()), (150, Some(&1), 0));
    }
}
