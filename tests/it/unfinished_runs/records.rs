//! The files that record runs: private, bounded in age, and checked before they are used.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use dci::client::RunId;
use serde_json::Value;

use super::{killed, person, records, unfinished};
use crate::support::sandbox::{emails, list_of};

#[test]
fn a_record_is_private_and_has_no_credential() {
    let person = person("private", 3);
    killed(&person, &["resend-invite"], 3);
    let record = &records(&person)[0];
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!((mode(record), mode(record.parent().expect("a folder"))), (0o600, 0o700));
    let text = fs::read_to_string(record).expect("UTF-8");
    assert!(text.contains("invite-3") && !text.contains(person.sandbox.api_key()), "{text}");
}

#[test]
fn a_run_works_if_nothing_can_be_recorded() {
    let person = person("unwritable", 3);
    for folder in ["/dev/null", "/proc", ""] {
        let run =
            |args: &[&str]| person.dci_with_key(args).env("XDG_STATE_HOME", folder).env("HOME", "/dev/null").finish();
        let quiet = run(&["resend-invite", "invite-1", "invite-2", "-o", "table"]);
        assert_eq!((quiet.code, quiet.stderr.lines().count()), (0, 1), "{quiet}");
        let verbose = run(&["resend-invite", "invite-1", "invite-2", "-v"]);
        assert!(verbose.code == 0 && verbose.stderr.contains("the run is not recorded"), "{verbose}");
        assert_eq!(run(&["status"]).json()["unfinishedRuns"], Value::Array(Vec::new()));
    }
}

#[test]
fn records_whose_keys_expired_are_removed() {
    let person = person("expired", 3);
    killed(&person, &["resend-invite"], 3);
    let yesterday = SystemTime::now() - Duration::from_secs(25 * 3600);
    let young = records(&person)[0].clone();
    let old = young.with_file_name(format!("{}.jsonl", RunId::begun_at(yesterday)));
    let unfinished_new = old.with_extension("new");
    for path in [&old, &unfinished_new] {
        fs::copy(&young, path).expect("a copy");
        File::options().write(true).open(path).and_then(|file| file.set_modified(yesterday)).expect("it is ours");
    }
    assert_eq!(unfinished(&person).len(), 1, "the old one is not offered");
    let run = old.file_stem().expect("an id").to_string_lossy().into_owned();
    assert_eq!(person.dci_with_key(&["resend-invite", "--resume", &run]).finish().code, 2, "its keys have expired");
    assert_eq!(person.dci_with_key(&["resend-invite", "invite-1", "invite-2"]).finish().code, 0);
    assert_eq!(records(&person), [young]);
}

#[test]
fn a_damaged_record_is_ignored() {
    let person = person("damaged", 3);
    killed(&person, &["resend-invite"], 3);
    let record = records(&person)[0].clone();
    let text = fs::read_to_string(&record).expect("UTF-8");
    for damaged in ["", "{}", "\0\0\0", "[1]", "{\"run\":7}\n", &text[..20]] {
        fs::write(&record, damaged).expect("it is ours");
        let finished = person.dci_with_key(&["resend-invite", "--resume"]).finish();
        assert_eq!((finished.code, unfinished(&person).len()), (2, 0), "{damaged:?}: {finished}");
    }
    // As after a power failure: the last line is incomplete, and the file has bytes that were never written.
    fs::write(&record, [text.trim_end().as_bytes(), b"\n{\"done\":[0,1\0\0\xff"].concat()).expect("it is ours");
    assert_eq!(unfinished(&person)[0]["targetsLeft"], 2);
    assert_eq!(person.dci_with_key(&["resend-invite", "--resume"]).finish().code, 0);
}

#[test]
fn a_record_that_lost_targets_is_refused_and_kept() {
    let person = person("lost-targets", 5);
    killed(&person, &["resend-invite"], 5);
    let record = records(&person)[0].clone();
    let text = fs::read_to_string(&record).expect("UTF-8");
    let last = "[4,{\"target\":\"invite-5\"";
    assert!(text.contains(last), "{text}");
    for damaged in ["[4,", "[4,{\"target\":\"a@b@c\"", "[4,{\"target\":7"] {
        fs::write(&record, text.replace(last, damaged)).expect("it is ours");
        let refused = person.dci_with_key(&["resend-invite", "--resume"]).finish();
        assert!(refused.code == 1 && refused.error()["hint"].to_string().contains("--resume"), "{refused}");
        assert!(record.exists(), "{damaged}");
    }
    let run = record.file_stem().and_then(|run| run.to_str()).expect("an id");
    let listed = person.dci_with_key(&["resend-invite", "-", "--resume", run]).stdin(list_of(5)).finish();
    assert_eq!((listed.code, emails(&person.sandbox).len()), (0, 5), "{listed}");
}
