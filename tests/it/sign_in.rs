//! Sign-in, its use and its removal: the sandbox is the authorization server, the test is the browser.

use std::fs;

use serde_json::Value;

use crate::support::person::{Person, decided, visit};
use crate::support::program::{API_KEY, dci};
use crate::support::sandbox::sandbox;

#[test]
fn commands_use_the_sign_in_of_a_browser() {
    let person = Person::new("whole-way");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0", "-o", "json"]).start();
    let url = Person::address(&mut login);
    let page = visit(&decided(&url, "admin@example.com"));
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Return to the terminal"), "{}", page.body);
    let finished = login.finish();
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!(finished.json()["email"], "admin@example.com");

    let status = person.dci(&["status", "--check", "-o", "json"]).finish().json();
    assert_eq!(status["credential"], "the sign-in");
    assert_eq!(status["signIn"]["email"], "admin@example.com");
    assert_eq!(status["signIn"]["store"], person.file().to_str().expect("UTF-8"));
    assert!(status["signIn"]["expiresAt"].as_str().is_some_and(|end| end.ends_with('Z')), "{status}");
    assert_eq!(status["check"]["accepted"], true);
    assert_eq!(person.dci(&["resend-invite", "invite-pending"]).finish().code, 0);
}

#[cfg(unix)]
#[test]
fn the_file_and_its_folder_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let person = Person::signed_in("modes");
    let mode = |path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(person.file()), 0o600);
    assert_eq!(mode(person.file().parent().expect("a folder").to_owned()), 0o700);
}

#[test]
fn no_command_shows_a_token() {
    let person = Person::new("no-token");
    let mut outputs = Vec::new();
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_LOG", "trace").start();
    let callback = decided(&Person::address(&mut login), "admin@example.com");
    visit(&callback);
    outputs.push(login.finish());
    // Renewed in between, so that two sets of tokens are used.
    let first = person.tokens();
    person.sandbox.advance(std::time::Duration::from_secs(301));
    for args in [&["status", "--check"][..], &["list-users"], &["login"], &["logout"]] {
        for format in ["table", "json"] {
            let args = [args, &["-o", format]].concat();
            outputs.push(person.dci(&args).env("DCI_LOG", "trace").finish());
        }
        if args == ["list-users"] {
            assert_ne!(person.tokens(), first, "the tokens were renewed");
            for (output, token) in outputs.iter().flat_map(|output| person.tokens().map(|token| (output, token))) {
                output.assert_without(&token);
            }
        }
    }
    for output in outputs {
        for token in &first {
            output.assert_without(token);
        }
        let code = callback.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
        output.assert_without(code);
    }
}

#[test]
fn login_with_several_customers_says_to_choose_one() {
    let person = Person::new("partner");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0", "-o", "table"]).start();
    visit(&decided(&Person::address(&mut login), "partner@example.net"));
    let finished = login.finish();
    assert!(finished.code == 0 && finished.stdout.contains("Choose the customer with --tenant"), "{finished}");
    assert_eq!(person.dci(&["list-users", "--tenant", "customer-other"]).finish().code, 0);
}

#[test]
fn login_times_out() {
    let person = Person::new("time");
    let finished = person.dci(&["login", "--no-browser", "--port", "0", "--timeout", "50ms"]).finish();
    assert_eq!(finished.code, 10, "{finished}");
    assert!(finished.stderr.contains("timed out"), "{}", finished);
    assert!(!person.file().exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_login_and_stores_nothing() {
    let person = Person::new("interrupt");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).start();
    Person::address(&mut login);
    login.interrupt_until_it_ends();
    let finished = login.finish();
    assert_eq!(finished.code, 130, "{finished}");
    assert!(!person.file().exists());
}

#[cfg(unix)]
#[test]
fn without_a_home_login_suggests_an_api_key() {
    use std::os::unix::process::CommandExt;
    // An unused user id; only root can switch to it.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for args in [&["status"][..], &["logout"], &["login", "--no-browser"], &["list-users"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dci"));
        command.args(args).env_clear().uid(987_654_321).gid(987_654_321);
        let Ok(output) = command.output() else { return };
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(10), "{args:?}: {stderr}");
        assert!(stderr.contains("DCI_API_KEY"), "{args:?}: {stderr}");
    }
}

#[test]
fn the_api_key_takes_precedence_over_the_sign_in() {
    let person = Person::signed_in("precedence");
    let status = |key: &str| -> Value { person.dci(&["status", "-o", "json"]).env("DCI_API_KEY", key).finish().json() };
    let both = status("sandbox");
    assert_eq!(both["credential"], "the API key from DCI_API_KEY");
    assert_eq!(both["signIn"]["email"], "admin@example.com");
    assert_eq!(status("")["credential"], "the sign-in");
    let refused = person.dci(&["list-users"]).env("DCI_API_KEY", API_KEY).finish();
    assert_eq!(refused.code, 10, "a rejected key does not fall back to the sign-in");
}

#[test]
fn a_second_login_requires_force() {
    let person = Person::signed_in("force");
    let finished = person.dci(&["login", "-o", "table"]).finish();
    assert!(finished.code == 0 && finished.stdout.contains("as admin@example.com"), "{finished}");
    let mut login = person.dci(&["login", "--force", "--no-browser", "--port", "0"]).start();
    visit(&decided(&Person::address(&mut login), "viewer@example.com"));
    assert_eq!(login.finish().json()["email"], "viewer@example.com");
}

#[test]
fn logout_removes_the_sign_in_or_says_there_was_none() {
    let person = Person::signed_in("logout");
    let tokens = person.tokens();
    assert_eq!(person.dci(&["logout"]).finish().json()["signedOut"], true);
    let left = fs::read_to_string(person.file()).unwrap_or_default();
    assert!(!tokens.iter().any(|token| left.contains(token)), "{left}");
    let again = person.dci(&["logout", "-o", "table"]).finish();
    assert!(again.code == 0 && again.stdout.starts_with("You were not signed in"), "{again}");
    assert_eq!(person.dci(&["list-users"]).finish().code, 10);
}

#[test]
fn a_sign_in_is_sent_only_to_its_own_service() {
    let person = Person::signed_in("other-api");
    let other = sandbox();
    let finished = person.dci(&["list-users"]).env("DCI_API_BASE_URL", other.url()).finish();
    assert_eq!((finished.code, other.requests()), (10, 0), "{finished}");

    let no_api = ["DCI_AUTHORIZE_URL", "DCI_TOKEN_URL"];
    for (base_url, unset) in
        [(other.url(), &no_api[..]), ("", &[]), ("https://api.example.com", &[]), (other.url(), &no_api[..1])]
    {
        let login = person.dci(&["login", "--no-browser"]).env("DCI_API_BASE_URL", base_url);
        let finished = unset.iter().fold(login, |login, variable| login.env(variable, "")).finish();
        assert_eq!(finished.code, 2, "{base_url} {unset:?}: {finished}");
    }
    let finished = person.dci(&["login"]).env("DCI_TOKEN_URL", "http://token.example.com").finish();
    assert!(finished.code == 2 && finished.stderr.contains("not encrypted"), "{finished}");
}

#[test]
fn login_cannot_be_used_with_a_private_sandbox() {
    for args in [["--sandbox", "login"], ["--sandbox", "logout"]] {
        let finished = dci(&args).finish();
        assert_eq!(finished.code, 2, "{finished}");
    }
}
