//! Sign-in with a browser: the sandbox is the authorization server, the test is the browser.
#![cfg(unix)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::person::{Page, Person, decided, visit};
use crate::support::program::{API_KEY, dci};
use crate::support::sandbox::sandbox;
use crate::support::scripted_server::{ScriptedServer, response};

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

#[test]
fn the_file_and_its_folder_are_private() {
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
fn the_user_s_browser_is_opened() {
    let person = Person::new("browser");
    let opened = person.folder.join("opened");
    let script = format!("echo \"$1\" > '{0}.part' && mv '{0}.part' '{0}'", opened.display());
    let browser = program(&person, "browser", &script);
    let login = person.dci(&["login", "--port", "0"]).env("BROWSER", &browser).env("PATH", "/usr/bin:/bin").start();
    let url = loop {
        match fs::read_to_string(&opened) {
            Ok(url) => break url.trim().to_owned(),
            Err(_) => std::thread::yield_now(),
        }
    };
    assert_eq!(visit(&decided(&url, "admin@example.com")).status, 200);
    assert_eq!(login.finish().code, 0);
}

/// Writes an executable shell script.
fn program(person: &Person, name: &str, script: &str) -> String {
    let program = person.folder.join(name);
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    program.to_str().expect("UTF-8").to_owned()
}

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
fn if_a_browser_fails_the_next_is_opened() {
    let person = Person::new("browser-next");
    let opened = person.folder.join("opened");
    let failing = program(&person, "failing", "exit 1");
    let working = program(&person, "working", &format!("echo \"$2 $DCI_API_KEY\" > '{}'; sleep 60", opened.display()));
    let login = person.dci(&["login", "--port", "0"]).env("BROWSER", &format!("{failing}:{working} --new %s"));
    let login = login.env("PATH", "/usr/bin:/bin").env("DCI_API_KEY", API_KEY).start();
    let url = loop {
        match fs::read_to_string(&opened) {
            Ok(url) if url.ends_with('\n') => break url.trim().to_owned(),
            _ => std::thread::yield_now(),
        }
    };
    assert!(!url.contains(API_KEY), "{url}");
    assert_eq!(visit(&decided(&url, "admin@example.com")).status, 200);
    // A browser that keeps running is not waited for.
    let finished = login.finish();
    assert_eq!(finished.code, 0, "{finished}");
}

#[test]
fn login_with_several_customers_says_to_choose_one() {
    let person = Person::new("partner");
    let mut login = person.dci(&["login", "--no-browser", "--port", "0", "-o", "table"]).start();
    visit(&decided(&Person::address(&mut login), "partner@example.net"));
    let finished = login.finish();
    assert!(finished.code == 0 && finished.stdout.contains("choose one with --tenant"), "{finished}");
    assert_eq!(person.dci(&["list-users", "--tenant", "customer-other"]).finish().code, 0);
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

#[test]
fn login_times_out() {
    let person = Person::new("time");
    let finished = person.dci(&["login", "--no-browser", "--port", "0", "--timeout", "50ms"]).finish();
    assert_eq!(finished.code, 10, "{finished}");
    assert!(finished.stderr.contains("timed out"), "{}", finished);
    assert!(!person.file().exists());
}

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

#[test]
fn a_token_response_without_a_token_is_refused() {
    let json = |body| response("200 OK", "application/json", body);
    let error = |status, body| response(status, "application/json", body);
    let page = |status| response(status, "text/html", "<html>");
    for (name, response, code, problem) in [
        ("html", response("200 OK", "text/html", "<html>s3cret"), 1, "is not JSON"),
        ("broken", json("{\"access_token\": \"s3cret"), 1, "is not JSON"),
        ("none", json(r#"{"token_type": "Bearer"}"#), 1, "has no valid access token"),
        ("odd", json(r#"{"access_token": 7, "token_type": "Bearer", "x": "s3cret"}"#), 1, "has no valid access token"),
        ("empty", json(r#"{"access_token": "", "token_type": "Bearer"}"#), 1, "has no valid access token"),
        ("mac", json(r#"{"access_token": "s3cret", "token_type": "mac"}"#), 1, "of an unknown type"),
        (
            "refused",
            error("400 Bad Request", r#"{"error": "invalid_grant"}"#),
            10,
            "the authorization code was rejected",
        ),
        (
            "client",
            error("401 Unauthorized", r#"{"error": "invalid_client"}"#),
            10,
            "returned no token (invalid_client)",
        ),
        (
            "busy",
            error("400 Bad Request", r#"{"error": "temporarily_unavailable"}"#),
            40,
            "returned no token (temporarily_unavailable)",
        ),
        ("failed", error("503 Service Unavailable", r#"{"error": "Unavailable"}"#), 40, "returned 503"),
        ("limited", error("429 Too Many Requests", r#"{"error": "slow_down"}"#), 50, "returned 429"),
        ("edge", page("403 Forbidden"), 1, "returned 403"),
        ("moved", page("302 Found"), 1, "returned 302"),
        ("down", page("503 Service Unavailable"), 40, "returned 503"),
    ] {
        let person = Person::new(&format!("token-{name}"));
        let server = ScriptedServer::responding(response);
        let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_TOKEN_URL", &server.url).start();
        visit(&decided(&Person::address(&mut login), "admin@example.com"));
        let finished = login.finish();
        assert!(finished.code == code && finished.stderr.contains(problem), "{name}: {finished}");
        finished.assert_without("s3cret");
        assert!(!person.file().exists(), "{name}");
        let request = server.requests().concat();
        assert!(request.contains("code_verifier=") && !request.to_lowercase().contains("authorization:"), "{request}");
    }
}

#[test]
fn token_responses_of_various_servers_are_read() {
    // This API accepts any token.
    let api = ScriptedServer::responding(response("200 OK", "application/json", r#"{"email":"a@example.com"}"#));
    for (name, media_type, rest, is_known) in [
        ("text", "application/json", r#""token_type":"Bearer","expires_in":"3600""#, true),
        ("fraction", "application/json", r#""token_type":"Bearer","expires_in":3600.0"#, true),
        ("text-fraction", "application/json", r#""token_type":"Bearer","expires_in":"3599.5""#, true),
        ("null", "application/json", r#""token_type":"Bearer","expires_in":null,"refresh_token":null"#, false),
        ("absent", "application/json", r#""token_type":"bearer""#, false),
        ("negative", "application/json", r#""token_type":"Bearer","expires_in":-1"#, false),
        ("huge", "application/json", r#""token_type":"Bearer","expires_in":99999999999999999999999"#, false),
        ("no-number", "application/json", r#""token_type":"Bearer","expires_in":"soon""#, false),
        ("no-type", "application/json", r#""expires_in":3600"#, true),
        ("scopes", "application/json", r#""token_type":"BEARER","scope":["a","b"],"expires_in":3600"#, true),
        ("refresh", "application/json", r#""token_type":"Bearer","refresh_token":false,"expires_in":3600"#, true),
        ("plain", "text/plain", r#""token_type":"Bearer","expires_in":3600"#, true),
    ] {
        let person = Person::new(&format!("answer-{name}"));
        let body = format!(r#"{{"access_token":"made-up-token",{rest}}}"#);
        let server = ScriptedServer::responding(response("200 OK", media_type, &body));
        let login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_TOKEN_URL", &server.url);
        let mut login = login.env("DCI_API_BASE_URL", &api.url).start();
        visit(&decided(&Person::address(&mut login), "admin@example.com"));
        let finished = login.finish();
        assert_eq!(finished.code, 0, "{name}: {finished}");
        assert_eq!(finished.json()["expiresAt"].is_string(), is_known, "{name}: {finished}");
    }
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
fn a_rejected_token_is_not_stored() {
    let person = Person::new("refused-token");
    let tokens = r#"{"access_token": "made-up-token", "token_type": "bearer"}"#;
    let server = ScriptedServer::responding(response("200 OK", "application/json", tokens));
    let mut login = person.dci(&["login", "--no-browser", "--port", "0"]).env("DCI_TOKEN_URL", &server.url).start();
    visit(&decided(&Person::address(&mut login), "admin@example.com"));
    let finished = login.finish();
    assert_eq!(finished.code, 10, "{finished}");
    assert!(!person.file().exists());
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
