//! The shell completes targets from the last list that was fetched, without a call.
#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::person::Person;
use crate::support::program::Run;
use crate::support::scripted_server::{ScriptedServer, response};
use crate::support::terminal::Terminal;

/// The candidates for the last word, as fish asks for them.
fn candidates(run: impl Fn(&[&str]) -> Run, words: &[&str]) -> Vec<String> {
    let finished = run(&[&["--", "dci"], words].concat()).env("COMPLETE", "fish").finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{finished}");
    finished.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// What completes at the word, which is not a flag.
fn completed(person: &Person, words: &[&str]) -> Vec<String> {
    candidates(|args| person.dci_with_key(args), words).into_iter().filter(|word| !word.starts_with('-')).collect()
}

fn listed(test: &str) -> Person {
    let person = Person::new(test);
    assert_eq!(person.dci_with_key(&["list-users"]).finish().code, 0);
    person
}

#[test]
fn targets_complete_from_the_last_list() {
    let person = listed("completed");
    let requests = person.sandbox.requests();
    let invited = ["cancelled@example.com", "expired@example.com", "pending@example.com"];
    for command in ["resend-invite", "cancel-invite"] {
        let mut found = completed(&person, &[command, ""]);
        found.sort();
        assert_eq!(found, invited, "{command}");
        assert_eq!(completed(&person, &[command, "pending@example.com", "exp"]), ["expired@example.com"]);
        assert_eq!(completed(&person, &[command, "act"]), [""; 0], "who has accepted has no invite");
    }
    for command in ["delete-user", "update-user"] {
        assert_eq!(completed(&person, &[command, "act"]), ["active@example.com"]);
        assert_eq!(completed(&person, &[command, ""]).len(), 4);
        assert_eq!(completed(&person, &[command, "user-"]), ["user-active"], "an id");
    }
    assert_eq!(completed(&person, &["list-roles", ""]), [""; 0]);
    assert_eq!(completed(&person, &["resend-invite", "--concurrency", "e"]), [""; 0]);
    assert_eq!(person.sandbox.requests(), requests, "Tab makes no call");
}

#[test]
fn every_list_of_all_users_is_remembered() {
    for args in [
        &["resend-invite", "--all-invited", "--dry-run", "--yes"][..],
        &["invite-user", "new@example.com", "other@example.com", "--dry-run"],
        &["list-users", "--status", "active", "-o", "csv"],
    ] {
        let person = Person::new("every-list");
        assert_eq!(person.dci_with_key(args).finish().code, 0, "{args:?}");
        assert_eq!(completed(&person, &["resend-invite", "exp"]), ["expired@example.com"], "{args:?}");
    }
    let person = listed("one-user");
    assert_eq!(person.dci_with_key(&["list-users", "--email", "active@example.com"]).finish().code, 0);
    assert_eq!(completed(&person, &["resend-invite", "exp"]), ["expired@example.com"], "one user is not the list");
}

#[test]
fn each_api_customer_and_user_has_its_own_list() {
    let person = Person::new("customers");
    let dci = |args: &[&str]| person.dci(args).env("DCI_API_KEY", "sandbox-partner");
    let completed =
        |words: &[&str]| candidates(dci, words).into_iter().filter(|word| !word.starts_with('-')).collect::<Vec<_>>();
    assert_eq!(dci(&["list-users", "--tenant", "customer-example"]).finish().code, 0);
    let expired = ["expired@example.com"];
    assert_eq!(completed(&["resend-invite", "exp"]), [""; 0]);
    assert_eq!(completed(&["--tenant", "customer-other", "resend-invite", "exp"]), [""; 0]);
    assert_eq!(completed(&["resend-invite", "-D", "c", "--tenant=customer-example", "exp"]), [""; 0]);
    for words in [
        &["--tenant", "customer-example", "resend-invite", "exp"][..],
        &["resend-invite", "--tenant=customer-example", "exp"],
        &["resend-invite", "pending@example.com", "--tenant", "customer-example", "--no-such-flag", "exp"],
    ] {
        assert_eq!(completed(words), expired, "{words:?}");
    }
    let with = |name: &str, value: &str| {
        candidates(
            |args| dci(args).env("DCI_TENANT_ID", "customer-example").env(name, value),
            &["resend-invite", "exp"],
        )
    };
    assert_eq!(with("DCI_CUSTOMER_CONTEXT", ""), expired);
    assert_eq!(with("DCI_API_BASE_URL", &format!("{}/", person.sandbox.url())), expired, "the same API");
    for (name, value) in [
        ("DCI_API_BASE_URL", "http://127.0.0.1:1"),
        ("DCI_API_BASE_URL", "not a URL"),
        ("DCI_API_KEY", "another-key"),
        ("DCI_API_KEY", ""),
    ] {
        assert_eq!(with(name, value), [""; 0], "{name} {value}");
    }
    assert_eq!(completed(&["--sandbox", "--tenant", "customer-example", "resend-invite", "exp"]), [""; 0]);
}

#[test]
fn the_list_is_private_and_can_be_turned_off() {
    let person = Person::new("private-list");
    for (args, variable) in [
        (&["list-users"][..], ("DCI_NO_CACHE", "1")),
        (&["--sandbox", "list-users"], ("DCI_NO_CACHE", "")),
        (&["list-users"], ("XDG_CACHE_HOME", "/dev/null")),
    ] {
        let finished = person.dci_with_key(args).env(variable.0, variable.1).finish();
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{finished}");
        assert_eq!(person.files("/users/"), [""; 0].map(Path::new), "{args:?}");
    }
    assert_eq!(person.dci_with_key(&["list-users"]).env("DCI_NO_CACHE", "").finish().code, 0);
    let [file] = &person.files("/users/")[..] else { panic!("one file") };
    let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!((mode(file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
    assert!(!fs::read_to_string(file).expect("UTF-8").contains(&format!("\"{}\"", person.sandbox.api_key())));
    let without = candidates(|args| person.dci_with_key(args).env("DCI_NO_CACHE", "1"), &["resend-invite", "exp"]);
    assert_eq!(without, [""; 0]);
}

#[test]
fn a_list_is_kept_for_a_day() {
    let person = listed("aged");
    let [file] = &person.files("/users/")[..] else { panic!("one file") };
    let set_age = |hours: u64| {
        let time = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::options().write(true).open(file).and_then(|file| file.set_modified(time)).expect("it is ours");
    };
    for (hours, count) in [(23, 1), (25, 0)] {
        set_age(hours);
        assert_eq!(completed(&person, &["resend-invite", "exp"]).len(), count, "{hours}");
    }
    assert_eq!(person.dci_with_key(&["list-users", "--tenant", "customer-example"]).finish().code, 0);
    assert!(person.files("/users/").len() == 1 && !file.exists(), "another list removes it");
}

#[test]
fn logout_removes_the_lists_of_the_api() {
    let person = Person::signed_in("logout");
    for args in [&["list-users"][..], &["list-users", "--tenant", "customer-example"]] {
        assert_eq!(person.dci(args).finish().code, 0);
    }
    assert_eq!(person.files("/users/").len(), 2);
    let elsewhere = person.dci(&["logout", "--api-base-url", "http://127.0.0.1:1"]).finish();
    assert_eq!((elsewhere.code, person.files("/users/").len()), (0, 2), "{elsewhere}");
    assert_eq!(person.dci(&["logout"]).finish().code, 0);
    assert!(person.files("/users/").is_empty());
}

#[test]
fn only_plain_text_of_a_server_is_completed() {
    let person = Person::new("hostile-list");
    let texts = [
        "x$(reboot)@example.com",
        "x`id`@example.com",
        "x;id@example.com",
        "x'y@example.com",
        "x\"y@example.com",
        "x y@example.com",
        "x\ny@example.com",
        "x\u{1b}[2J@example.com",
        "x\u{202e}y@example.com",
        "-x@example.com",
        "--yes",
        "x&y@example.com",
        "x|y",
        "x>y",
        "x\0y",
        "x*",
        "~x",
        "!x",
        "#x",
        "x\ty",
        "{x,y}",
        "=x",
        "x=y",
        "",
    ];
    let mut users: Vec<_> =
        texts.iter().map(|text| json!({ "id": text, "email": text, "status": "invited" })).collect();
    users.push(json!({ "id": "plain-id", "email": "x\u{7}", "status": "invited" }));
    users.push(json!({ "id": "a@b", "email": "plain@example.com", "status": "invited" }));
    let server =
        ScriptedServer::responding(response("200 OK", "application/json", &json!({ "users": users }).to_string()));
    let run = |args: &[&str]| person.dci_with_key(args).env("DCI_API_BASE_URL", &server.url);
    assert_eq!(run(&["list-users", "-o", "json"]).finish().code, 0);
    let found = candidates(run, &["resend-invite", ""]);
    let found: Vec<_> = found.iter().filter(|word| !word.starts_with('-')).collect();
    assert_eq!(found, ["plain-id", "plain@example.com"]);
    for damaged in ["", "{", "[7]", "[{}]", "{\"isInvited\":true}"] {
        fs::write(&person.files("/users/")[0], damaged).expect("it is ours");
        assert!(candidates(run, &["resend-invite", ""]).iter().all(|word| word.starts_with('-')), "{damaged}");
    }
}

/// Presses Tab and then Enter in an interactive bash, for which an address is several words.
#[test]
fn bash_completes_a_target() {
    let person = listed("bash");
    for typed in ["pend", "pending@", "pending@exam", "'pend", "\"pending@ex", "invite-p"] {
        let program = Path::new(env!("CARGO_BIN_EXE_dci")).parent().expect("a folder").display();
        let mut command = Command::new("bash");
        command.args(["--norc", "--noprofile"]).env("PS1", "ready> ").env("TERM", "dumb").env("INPUTRC", "/dev/null");
        command
            .env("PATH", format!("{program}:{}", std::env::var("PATH").expect("a path")))
            .env_remove("PROMPT_COMMAND");
        command.env("HOME", &person.folder).env("XDG_CACHE_HOME", &person.folder).env("XDG_STATE_HOME", &person.folder);
        command.env("DCI_API_BASE_URL", person.sandbox.url()).env("DCI_API_KEY", person.sandbox.api_key());
        let mut bash = Terminal::start(command, 200);
        bash.wait_for("ready> ");
        bash.type_text("source <(dci completion bash) && echo load''ed\n");
        bash.wait_for("loaded");
        bash.type_text(&format!("dci resend-invite {typed}\t"));
        let whole = if typed.starts_with("invite") { "invite-pending" } else { "pending@example.com" };
        bash.wait_for(whole);
        bash.type_text("\necho code: $?; exit 0\n");
        let ended = bash.end();
        assert!(ended.written.contains("code: 0"), "{typed}: {}", ended.written);
    }
}
