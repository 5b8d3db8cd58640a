//! Renewal of the stored sign-in: exactly once, even if processes race or die.

use std::fs;
use std::io::Read;
#[cfg(unix)]
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dci::client::sign_in::{SignInStore, StoredSignIn};
use dci::client::{ClientConfig, ErrorKind, call};

use crate::support::person::{Person, decided, visit};
#[cfg(unix)]
use crate::support::program::END_SIGNALS;
use crate::support::sandbox::sandbox;
use crate::support::scripted_server::{ScriptedServer, response};

/// A little longer than the sandbox's tokens are valid.
const PAST_ITS_END: Duration = Duration::from_secs(301);

fn in_seconds(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() + seconds
}

#[test]
fn a_token_about_to_expire_is_renewed_first() {
    let person = Person::signed_in("near-end");
    let requests = person.sandbox.requests();
    person.set("expiresAt", in_seconds(59));
    assert_eq!(person.dci(&["list-roles"]).finish().code, 0);
    assert_eq!((person.sandbox.renewals(), person.sandbox.requests()), (1, requests + 1));
    assert!(person.entry()["expiresAt"].as_u64() > Some(in_seconds(200)));
    person.set("expiresAt", in_seconds(75));
    assert_eq!(person.dci(&["list-roles"]).finish().code, 0);
    assert_eq!(person.sandbox.renewals(), 1, "the new token is used");
}

#[test]
fn a_rejected_token_is_renewed_once_and_the_call_continues() {
    let person = Person::signed_in("refused");
    person.sandbox.advance(PAST_ITS_END);
    let requests = person.sandbox.requests();
    // Without a key it is not retried for other reasons.
    let finished = person.dci(&["invite-user", "new@example.com", "--max-attempts", "1"]).finish();
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!((person.sandbox.renewals(), person.sandbox.requests()), (1, requests + 2));
    assert_eq!(person.entry()["email"], "admin@example.com");
}

#[test]
fn a_run_renews_the_token_once() {
    let person = Person::signed_in("many");
    for number in 0..40 {
        person.sandbox.add_invited(&format!("i-{number}"), &format!("u-{number}@example.com"));
    }
    person.sandbox.advance(PAST_ITS_END);
    let list: Vec<String> = (0..40).map(|number| format!("i-{number}")).collect();
    let finished = person.dci(&["resend-invite", "-", "--concurrency", "16"]).stdin(list.join("\n")).finish();
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!((person.sandbox.renewals(), person.sandbox.outbox().len()), (1, 40));
}

#[test]
fn a_run_that_cannot_renew_ends_and_can_be_resumed() {
    let person = Person::signed_in("no-renewal");
    for number in 0..40 {
        person.sandbox.add_invited(&format!("i-{number}"), &format!("u-{number}@example.com"));
    }
    let list: Vec<String> = (0..40).map(|number| format!("i-{number}")).collect();
    let server = ScriptedServer::responding(response("503 Service Unavailable", "text/html", "<html>"));
    person.set("expiresAt", in_seconds(0));
    person.set("tokenUrl", server.url.clone());
    let finished = person.dci(&["resend-invite", "-", "--concurrency", "2"]).stdin(list.join("\n")).finish();
    assert_eq!(finished.code, 40, "{finished}");
    assert_eq!((server.requests().len(), person.sandbox.outbox().len()), (1, 0), "one renewal serves the whole run");
    let rows = finished.json();
    let not_begun = rows.as_array().and_then(|rows| rows.last()).expect("a row for each");
    assert_eq!(not_begun["outcome"], "skipped");
    assert_eq!(not_begun["message"], "not started: there is no credential");
    assert!(finished.error()["hint"].as_str().is_some_and(|hint| hint.contains("--resume")), "{}", finished);
}

#[test]
fn a_valid_token_is_used_if_renewal_fails() {
    let person = Person::signed_in("still-works");
    let server = ScriptedServer::responding(response("503 Service Unavailable", "text/html", "<html>"));
    person.set("expiresAt", in_seconds(50));
    person.set("tokenUrl", server.url.clone());
    let finished = person.dci(&["list-roles"]).finish();
    assert_eq!((finished.code, server.requests().len()), (0, 1), "{finished}");
}

#[test]
fn a_client_does_not_switch_to_another_user() {
    let person = Person::signed_in("somebody-else");
    let url: reqwest::Url = person.sandbox.url().parse().expect("a URL");
    let credentials = StoredSignIn::new(SignInStore::at(person.file()), url);
    let config = ClientConfig::from_credentials(credentials).with_base_url(person.sandbox.url()).expect("a base URL");
    let client = config.build().expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let validate = || runtime.block_on(call(client.validate().send()));
    assert_eq!(validate().expect("signed in").value.email.as_deref(), Some("admin@example.com"));

    let mut login = person.dci(&["login", "--force", "--no-browser", "--port", "0"]).start();
    visit(&decided(&Person::address(&mut login), "viewer@example.com"));
    assert_eq!(login.finish().code, 0);
    person.sandbox.advance(PAST_ITS_END);
    let error = validate().expect_err("the token has ended, and the new one is not for this");
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.has_no_credential() && error.message().contains("another user has signed in"), "{error}");
    assert_eq!(person.sandbox.renewals(), 0);
}

#[test]
fn one_of_eight_processes_renews_and_all_succeed() {
    for expired in [true, false] {
        let person = Person::signed_in(if expired { "eight-expired" } else { "eight-refused" });
        person.sandbox.advance(PAST_ITS_END);
        if expired {
            person.set("expiresAt", in_seconds(0));
        }
        let running: Vec<_> = (0..8).map(|_| person.dci(&["list-users"]).start()).collect();
        for finished in running.into_iter().map(crate::support::program::Running::finish) {
            assert_eq!(finished.code, 0, "{finished}");
        }
        assert_eq!(person.sandbox.renewals(), 1);
    }
}

#[test]
fn an_invalid_refresh_token_exits_with_10_and_a_hint() {
    let person = Person::signed_in("dead");
    person.sandbox.advance(PAST_ITS_END);
    person.set("refreshToken", "used-up");
    let finished = person.dci(&["list-users"]).finish();
    assert_eq!(finished.code, 10, "{finished}");
    let error = finished.error();
    assert!(error["message"].as_str().is_some_and(|text| text.contains("the sign-in expired")), "{error}");
    assert!(error["hint"].as_str().is_some_and(|text| text.contains("dci login")), "{error}");
}

#[test]
fn a_refresh_token_in_a_response_is_redacted() {
    let person = Person::signed_in("repeated");
    let [_, refresh] = person.tokens();
    let body = format!(r#"{{"error": "invalid_grant", "error_description": "no such token {refresh}"}}"#);
    let server = ScriptedServer::responding(response("400 Bad Request", "application/json", &body));
    person.set("expiresAt", in_seconds(0));
    person.set("tokenUrl", server.url.clone());
    let finished = person.dci(&["list-users"]).finish();
    assert!(finished.code == 10 && finished.stderr.contains("[credential]"), "{finished}");
    finished.assert_without(&refresh);
}

#[cfg(unix)]
#[test]
fn a_renewal_outlives_its_call() {
    for signal in END_SIGNALS {
        let person = Person::signed_in("given-up");
        let tokens = r#"{"access_token": "made-up-token", "token_type": "bearer", "refresh_token": "next-refresh"}"#;
        let response = response("200 OK", "application/json", tokens);
        let (sender, asked) = std::sync::mpsc::channel();
        let (respond, may_respond) = std::sync::mpsc::channel();
        let server = ScriptedServer::start(move |stream| {
            sender.send(()).expect("the test waits");
            may_respond.recv().expect("the test says when");
            stream.write_all(&response).expect("the client waits");
        });
        person.set("expiresAt", in_seconds(0));
        person.set("tokenUrl", server.url.clone());
        let renewing = person.dci(&["list-users"]).start();
        asked.recv().expect("it renews");
        renewing.signal(signal);
        respond.send(()).expect("the server waits");
        renewing.finish();
        assert_eq!(person.tokens()[1], "next-refresh");
    }
}

#[test]
fn an_unreachable_token_endpoint_exits_with_41() {
    let person = Person::signed_in("unreachable");
    let token_url = person.entry()["tokenUrl"].clone();
    for expires_at in [in_seconds(0), in_seconds(200)] {
        person.sandbox.advance(PAST_ITS_END);
        person.set("expiresAt", expires_at);
        // A port without a listener.
        let closed =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its address");
        person.set("tokenUrl", format!("http://{closed}/token"));
        let before = fs::read(person.file()).expect("a file");
        let finished = person.dci(&["list-users"]).finish();
        assert_eq!(finished.code, 41, "{finished}");
        assert!(finished.stderr.contains("cannot be reached"), "{finished}");
        assert_eq!(finished.error()["retryable"], true);
        assert_eq!(fs::read(person.file()).expect("a file"), before);
        person.set("tokenUrl", token_url.clone());
        assert_eq!(person.dci(&["list-users"]).finish().code, 0, "it can still be renewed");
    }
}

#[test]
fn a_refresh_token_is_sent_only_to_its_own_server() {
    let person = Person::signed_in("issuer");
    person.set("expiresAt", in_seconds(0));
    let elsewhere = ScriptedServer::responding(response("200 OK", "application/json", "{}"));
    let finished = person.dci(&["list-users"]).env("DCI_TOKEN_URL", &elsewhere.url).finish();
    assert_eq!((finished.code, elsewhere.requests().len()), (0, 0), "{finished}");
}

#[test]
fn a_process_killed_during_renewal_leaves_the_file_intact() {
    let person = Person::signed_in("killed");
    let (sender, asked) = std::sync::mpsc::channel();
    // The token was renewed, but no response arrives.
    let server = ScriptedServer::start(move |stream| {
        sender.send(()).expect("the test waits");
        let _ = stream.read(&mut [0]);
    });
    person.set("expiresAt", in_seconds(0));
    let token_url = person.entry()["tokenUrl"].clone();
    person.set("tokenUrl", format!("{}/token", server.url));
    let before = fs::read(person.file()).expect("a file");
    let mut renewing = person.dci(&["list-users"]).start();
    asked.recv().expect("it renews");
    renewing.kill();
    assert_eq!(fs::read(person.file()).expect("a file"), before);
    // The lock ended with the process.
    person.set("tokenUrl", token_url);
    assert_eq!(person.dci(&["list-users"]).finish().code, 0);
}

#[test]
fn leftover_files_of_a_killed_process_do_no_harm() {
    let person = Person::signed_in("left-over");
    fs::write(person.file().with_extension("new"), "{\"signIns\": {\"half").expect("a file");
    person.set("expiresAt", in_seconds(0));
    assert_eq!(person.dci(&["list-users"]).finish().code, 0);
    assert!(!person.file().with_extension("new").exists());
    #[cfg(unix)]
    assert_eq!(fs::metadata(person.file()).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_token_is_not_renewed_if_it_cannot_be_stored() {
    let person = Person::signed_in("not-kept");
    // A folder blocks the new file.
    fs::create_dir(person.file().with_extension("new")).expect("write access");
    person.set("expiresAt", in_seconds(0));
    let finished = person.dci(&["list-users"]).finish();
    assert_eq!((finished.code, person.sandbox.renewals()), (1, 0), "{finished}");
    assert!(finished.stderr.contains("cannot be written"), "{finished}");
}

#[cfg(unix)]
#[test]
fn a_linked_file_is_replaced_at_its_target() {
    let person = Person::signed_in("link");
    let kept = person.folder.join("kept.json");
    fs::rename(person.file(), &kept).expect("write access");
    std::os::unix::fs::symlink(&kept, person.file()).expect("write access");
    person.set("expiresAt", in_seconds(0));
    assert_eq!(person.dci(&["list-users"]).finish().code, 0);
    assert!(fs::symlink_metadata(person.file()).expect("a link").is_symlink());
    assert_eq!(person.dci(&["logout"]).finish().code, 0);
    assert!(!fs::read_to_string(kept).expect("a file").contains("refreshToken"));
}

#[test]
fn a_broken_sign_in_does_not_affect_another() {
    let person = Person::signed_in("two");
    let other = sandbox();
    let mut content: serde_json::Value =
        serde_json::from_slice(&fs::read(person.file()).expect("a file")).expect("JSON");
    content["signIns"][other.url()] = serde_json::json!({ "accessToken": 7 });
    fs::write(person.file(), content.to_string()).expect("write access");
    assert_eq!(person.dci(&["list-users"]).finish().code, 0);
    let mut login = person.dci(&["login", "--force", "--no-browser", "--port", "0"]).start();
    visit(&decided(&Person::address(&mut login), "admin@example.com"));
    assert_eq!(login.finish().code, 0);
    assert!(fs::read_to_string(person.file()).expect("a file").contains(other.url()));
}

#[cfg(unix)]
#[test]
fn a_file_readable_by_others_is_refused_with_the_fix() {
    let person = Person::signed_in("exposed");
    fs::set_permissions(person.file(), fs::Permissions::from_mode(0o644)).expect("write access");
    for command in ["list-users", "login", "logout", "status"] {
        let finished = person.dci(&[command]).finish();
        assert_eq!(finished.code, 10, "{finished}");
        let fix = format!("chmod 600 {}", person.file().display());
        assert!(finished.stderr.contains(&fix), "{finished}");
    }
    let with_key = |command| person.dci(&[command, "-o", "json"]).env("DCI_API_KEY", "sandbox").finish();
    assert_eq!(with_key("list-users").code, 0, "an API key needs no file");
    assert!(with_key("status").json()["signIn"]["problem"].is_string());
    fs::set_permissions(person.file(), fs::Permissions::from_mode(0o600)).expect("write access");
    assert_eq!(person.dci(&["list-users"]).finish().code, 0);
}

#[test]
fn a_damaged_file_is_named_and_kept_until_the_next_login() {
    for damage in ["", "{\"signIns\":", "{\"signIns\": {\"URL\": {\"accessToken\": 7}}}", "\u{fffd}", "[]"] {
        let person = Person::signed_in("damaged");
        let damage = damage.replace("URL", person.sandbox.url());
        fs::write(person.file(), &damage).expect("write access");
        for command in ["list-users", "logout", "status"] {
            let finished = person.dci(&[command]).finish();
            assert_eq!(finished.code, 10, "{damage}: {finished}");
            assert!(finished.stderr.contains("sign-ins.json is damaged"), "{finished}");
            assert_eq!(fs::read_to_string(person.file()).expect("a file"), damage);
        }
        let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).start();
        visit(&decided(&Person::address(&mut login), "admin@example.com"));
        assert_eq!(login.finish().code, 0);
        assert_eq!(person.dci(&["list-users"]).finish().code, 0);
    }
}
