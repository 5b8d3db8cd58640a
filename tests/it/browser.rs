//! How `dci login` gets a code: it opens a browser, and receives its redirect or a pasted code.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::support::person::{Page, Person, decided, visit};
use crate::support::program::{API_KEY, PATH_SEPARATOR};

/// This program with arguments, as a browser.
fn this_program(arguments: &str) -> String {
    format!("{} {arguments}", env::current_exe().expect("a path").display())
}

/// A browser that writes its URL to a file, which is complete when it appears, and runs while the file exists.
fn browser() -> String {
    // The path of the test would have a separator of `BROWSER` in it.
    this_program("--ignored the_browser %s")
}

/// Waits until the browser has written its URL.
fn opened(file: &Path) -> String {
    let started = Instant::now();
    let url = loop {
        match fs::read_to_string(file) {
            Ok(url) => break url,
            Err(_) => assert!(started.elapsed() < Duration::from_secs(60), "no browser is opened"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    if cfg!(windows) {
        // A child has the pipes of its parent there, so they stay open until the browser ends.
        fs::remove_file(file).expect("write access");
    }
    url
}

#[test]
#[ignore = "this is the browser that other tests start"]
fn the_browser() {
    let Ok(file) = env::var("OPENED") else { return };
    let url = env::args().next_back().expect("a URL");
    let part = format!("{file}.part");
    fs::write(&part, format!("{url} {}", env::var("DCI_API_KEY").unwrap_or_default())).expect("write access");
    fs::rename(part, &file).expect("write access");
    for _ in 0..12_000 {
        if !Path::new(&file).exists() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_callback_with_another_state_is_ignored() {
    let person = Person::new("state");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).start();
    let url = Person::address(&mut login);
    let good = decided(&url, "admin@example.com");
    let (start, state) = good.split_once("state=").expect("a state");
    for forged in [start.to_owned(), format!("{start}state=x{state}"), format!("{good}&state=x")] {
        let Page { status, body, .. } = visit(&forged);
        assert!(status == 400 && body.contains("does not belong to this sign-in"), "{forged}: {body}");
    }
    assert_eq!(visit(&good).status, 200);
    let finished = login.finish();
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!(finished.stderr.matches("Still waiting.").count(), 1, "it is printed once: {finished}");
}

#[test]
fn an_error_without_a_state_is_shown_and_login_waits() {
    let person = Person::new("stateless");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).start();
    let good = decided(&Person::address(&mut login), "admin@example.com");
    let (start, _) = good.split_once('?').expect("a query");
    for query in [
        "error=invalid_scope&error_description=no%20such%20scope%1B%5B2J",
        "error=server_error&state=forged",
        "error=temporarily_unavailable",
        "error=access_denied&error_description=a&error_description=b",
    ] {
        assert_eq!(visit(&format!("{start}?{query}")).status, 400);
    }
    for number in 0..50 {
        visit(&format!("{start}?error=e{number}"));
    }
    visit(&format!("{start}?error={}", "x".repeat(5000)));
    assert_eq!(visit(&good).status, 200);
    let finished = login.finish();
    assert_eq!(finished.code, 0, "{finished}");
    for expected in ["invalid_scope: no such scope", "server_error", "temporarily_unavailable", "access_denied"] {
        assert!(finished.stderr.contains(expected), "{expected}: {finished}");
    }
    assert!(!finished.stderr.contains('\u{1b}') && finished.stderr.len() < 5000, "{finished}");
}

#[test]
fn a_code_or_its_whole_address_can_be_pasted() {
    for form in ["address", "without-scheme", "query", "quoted", "code"] {
        let person = Person::new(&format!("paste-{form}"));
        let mut login = person.dci(&["login", "--no-browser", "--port", "0", "-o", "json"]).start_with_stdin_open();
        let url = Person::address(&mut login);
        login.wait_for("here:");
        let callback = decided(&url, "viewer@example.com");
        let code = callback.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
        login.type_line("");
        for forged in
            ["http://localhost:1/?code=x&state=forged", "code=x", "http://localhost:1/", "two words", "\u{e9}"]
        {
            login.type_line(forged);
            login.wait_for("Paste again:");
        }
        login.type_line(&match form {
            "address" => callback.clone(),
            "without-scheme" => callback.replace("http://", ""),
            "query" => callback.split('?').nth(1).expect("a query").to_owned(),
            "quoted" => format!("'{callback}'"),
            _ => code.to_owned(),
        });
        let finished = login.finish();
        assert_eq!(finished.json()["email"], "viewer@example.com", "{finished}");
    }
}

#[test]
fn login_opens_the_browser_of_the_user() {
    let person = Person::new("browser");
    let file = person.folder.join("opened");
    let login = person.dci(&["login", "--port", "0"]).env("BROWSER", &browser()).env("DCI_API_KEY", API_KEY);
    let login = login.env("OPENED", file.to_str().expect("UTF-8")).start();
    let url = opened(&file);
    assert!(!url.contains(API_KEY), "{url}");
    assert_eq!(visit(&decided(url.trim(), "admin@example.com")).status, 200);
    // A browser that keeps running is not waited for.
    assert_eq!(login.finish().code, 0);
}

/// Writes an executable shell script.
#[cfg(unix)]
fn program(person: &Person, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let program = person.folder.join(name);
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    program.to_str().expect("UTF-8").to_owned()
}

#[cfg(unix)]
#[test]
fn without_a_browser_the_code_can_be_pasted_at_once() {
    for (name, script) in [("exit", "exit 3"), ("killed", "kill -9 $$"), ("missing", "")] {
        let person = Person::new(&format!("browser-{name}"));
        let browser = match name {
            "missing" => "/there/is/no/browser:neither-here %s".to_owned(),
            name => program(&person, name, script),
        };
        let login = person.dci(&["login", "--port", "0"]).env("BROWSER", &browser).env("PATH", "/nowhere");
        let mut login = login.start_with_stdin_open();
        let url = Person::address(&mut login);
        login.wait_for("here:");
        login.type_line(&decided(&url, "admin@example.com"));
        let finished = login.finish();
        assert_eq!(finished.code, 0, "{name}: {finished}");
    }
}

#[test]
fn if_a_browser_fails_login_opens_the_next() {
    let person = Person::new("browser-next");
    let file = person.folder.join("opened");
    let browsers = [this_program("--no-such-flag"), "no-such-browser %s".to_owned(), browser()];
    let login = person.dci(&["login", "--port", "0"]).env("BROWSER", &browsers.join(&PATH_SEPARATOR.to_string()));
    let login = login.env("OPENED", file.to_str().expect("UTF-8")).start();
    let url = opened(&file);
    assert_eq!(visit(&decided(url.trim(), "admin@example.com")).status, 200);
    let finished = login.finish();
    assert_eq!(finished.code, 0, "{finished}");
}

#[test]
fn a_denied_sign_in_is_shown_in_browser_and_terminal() {
    let person = Person::new("denied");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).start();
    let page = visit(&decided(&Person::address(&mut login), "deny"));
    assert!(page.body.contains("Sign-in failed"), "{}", page.body);
    let finished = login.finish();
    assert_eq!(finished.code, 10, "{finished}");
    assert!(finished.stderr.contains("the sign-in was denied in the browser"), "{finished}");
    assert!(!person.file().exists());
}

#[test]
fn texts_of_the_authorization_server_are_escaped() {
    let person = Person::new("escaped");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0", "-o", "table"]).start();
    let good = decided(&Person::address(&mut login), "deny");
    let hostile = "%3Cscript%3Ealert(1)%3C/script%3E%1B%5B2J";
    let (start, _) = good.split_once("error_description=").expect("a description");
    let state = good.rsplit("state=").next().expect("a state");
    let page = visit(&format!("{start}error_description={hostile}&state={state}"));
    assert!(!page.body.contains("<script") && page.body.contains("&lt;script"), "{}", page.body);
    let finished = login.finish();
    assert!(!finished.stderr.contains('\u{1b}') && finished.stderr.contains("<script>"), "{finished}");
}

#[test]
fn a_port_in_use_is_refused_with_the_flags_that_help() {
    let person = Person::new("port");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let finished = person.dci(&["login", "--port", &port]).finish();
    assert_eq!(finished.code, 1, "{finished}");
    let error = finished.error();
    assert!(error["message"].as_str().is_some_and(|message| message.contains("is in use")), "{error}");
    assert!(
        error["hint"].as_str().is_some_and(|hint| hint.contains("--port") && hint.contains("--no-browser")),
        "{error}"
    );

    let hopeless = person.dci(&["login", "--port", &port, "--no-browser"]).finish();
    assert!(hopeless.code == 10 && hopeless.stderr.contains("stdin ended"), "{hopeless}");
    let mut login = person.dci(&["login", "--port", &port, "--no-browser"]).start_with_stdin_open();
    login.wait_for("the code must be pasted.");
    let url = Person::address(&mut login);
    login.type_line(&decided(&url, "admin@example.com"));
    assert_eq!(login.finish().code, 0);
}
