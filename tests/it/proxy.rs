//! The proxy variables of the environment.

use std::io::{Write, copy};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;
use std::thread;

use crate::support::https_server::{HttpsServer, Trusted, authority, valid_for};
use crate::support::person::Person;
use crate::support::program::{Run, dci, dci_at};
use crate::support::scripted_server::{ScriptedServer, response};

/// A proxy that connects to this server for any host.
fn connecting_to(server: &HttpsServer) -> ScriptedServer {
    let address = server.url.replace("https://", "");
    ScriptedServer::start(move |client| {
        let mut server = TcpStream::connect(&address).expect("a server");
        let _ = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut from, mut to) = (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
        let upwards = thread::spawn(move || {
            let _ = copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
        let _ = copy(&mut server, client);
        let _ = client.shutdown(Shutdown::Both);
        upwards.join().expect("it ends");
    })
}

/// A proxy that sends this response to CONNECT.
fn refusing(status: &str) -> ScriptedServer {
    ScriptedServer::responding(response(status, "text/html", "<html>"))
}

/// A call to an HTTPS server that does not exist.
fn call(url: &str) -> Run {
    dci_at(url, &["resend-invite", "3f2a9c", "--max-attempts", "2", "-o", "json"])
}

#[test]
fn a_call_uses_the_proxy_and_its_password() {
    let authority = authority("Ours");
    let (server, trusted) = (HttpsServer::start(&valid_for("127.0.0.1"), &authority), Trusted::of("proxy", &authority));
    for (name, others) in [
        ("HTTPS_PROXY", &[][..]),
        ("https_proxy", &["HTTPS_PROXY", "ALL_PROXY"][..]),
        ("HTTPS_PROXY", &["https_proxy", "all_proxy", "no_proxy", "NO_PROXY"]),
        ("ALL_PROXY", &["https_proxy", "HTTPS_PROXY", "all_proxy"]),
        ("all_proxy", &["https_proxy", "HTTPS_PROXY"]),
    ] {
        let proxy = connecting_to(&server);
        let url = proxy.url.replace("http://", "http://user%40x:p%40ss@");
        let call = others.iter().fold(call(&server.url), |call, other| call.env(other, ""));
        // In CGI, HTTP_PROXY is a request header; REQUEST_METHOD shows that.
        let call = call.env("REQUEST_METHOD", "GET");
        let finished = call.env(name, &url).env("SSL_CERT_FILE", &trusted.file()).finish();
        assert_eq!(finished.code, 0, "{name}: {finished}");
        let requests = proxy.requests();
        assert!(requests[0].starts_with(&server.url.replace("https://", "CONNECT ")), "{}", requests[0]);
        // user@x:p@ss
        assert!(requests[0].to_lowercase().contains("basic dxnlckb4onbac3m="), "{}", requests[0]);
    }
}

/// On Windows it is the same variable.
#[cfg(not(windows))]
#[test]
fn the_lower_case_variable_takes_precedence() {
    let (lower, upper) = (refusing("403 Forbidden"), refusing("403 Forbidden"));
    let call = call("https://api.example.invalid").env("https_proxy", &lower.url).env("HTTPS_PROXY", &upper.url);
    let finished = call.env("ALL_PROXY", "not used, and so not looked at").finish();
    assert!(finished.code == 41 && finished.stderr.contains("https_proxy"), "{finished}");
    assert!(upper.requests().is_empty());
}

/// How messages name a variable. On Windows, the case of its name does not matter.
fn shown(name: &str) -> String {
    if cfg!(windows) { name.to_uppercase() } else { name.to_owned() }
}

#[test]
fn an_invalid_proxy_is_refused_and_not_shown() {
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority("Ours"));
    for (name, value) in [
        ("HTTPS_PROXY", " http://u:hunter2@127.0.0.1:1"),
        ("HTTPS_PROXY", "http://u:hunter2@127.0.0.1:1 "),
        ("https_proxy", "\thttp://u:hunter2@127.0.0.1:1"),
        ("https_proxy", "http://u:hunter2@127.0.0.1:1\n"),
        ("ALL_PROXY", "\"http://u:hunter2@127.0.0.1:1\""),
        ("all_proxy", "'http://u:hunter2@127.0.0.1:1'"),
        ("HTTPS_PROXY", "http://u:hunter2@127.0.0.1:99999"),
        ("HTTPS_PROXY", "http://u:hunter2@"),
        ("HTTPS_PROXY", "hunter2://127.0.0.1:1"),
        ("HTTPS_PROXY", "socks5://"),
        ("HTTPS_PROXY", " "),
    ] {
        let finished = call(&server.url).env(name, value).finish();
        assert_eq!(finished.code, 2, "{name}={value:?}: {finished}");
        let message = finished.error()["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with(&shown(name)) && !finished.stderr.contains("hunter2"), "{finished}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0, "nothing was sent");
}

#[test]
fn no_proxy_lists_hosts_to_reach_directly() {
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority("Ours"));
    let proxy = refusing("403 Forbidden");
    let address = server.url.replace("https://", "");
    let lists = ["*", "127.0.0.1", &address, "a.example b.example 127.0.0.1", "a.example,127.0.0.0/8"];
    for (name, list) in lists.iter().flat_map(|list| [("NO_PROXY", list), ("no_proxy", list)]) {
        let finished = call(&server.url).env("HTTPS_PROXY", &proxy.url).env(name, list).finish();
        assert!(finished.stderr.contains("its issuer is not trusted"), "{name}={list}: {finished}");
    }
    assert!(proxy.requests().is_empty());

    for list in ["127.0.0.1:1", "localhost", "a.example"] {
        let finished = call(&server.url).env("HTTPS_PROXY", &proxy.url).env("NO_PROXY", list).finish();
        assert!(finished.stderr.contains("403"), "{list}: {finished}");
    }
    for list in ["\"127.0.0.1\"", "127.0.0.1:port", "127.0.0.1/99", "https://127.0.0.1"] {
        let finished = call(&server.url).env("HTTPS_PROXY", &proxy.url).env("NO_PROXY", list).finish();
        assert!(finished.code == 2 && finished.stderr.contains("NO_PROXY"), "{list}: {finished}");
    }
}

#[test]
fn an_error_names_the_proxy_response_to_connect() {
    for (status, expected, attempts) in [
        ("407 Proxy Authentication Required", "407 Proxy Authentication Required", 1),
        ("403 Forbidden", "403 Forbidden", 1),
        ("404 Not Found", "404 Not Found", 1),
        ("302 Found", "302 Found", 1),
        ("200", "unexpected end of file", 2),
        ("502 Bad Gateway", "502 Bad Gateway", 2),
        ("503 Service Unavailable", "503 Service Unavailable", 2),
        ("429 Too Many Requests", "429 Too Many Requests", 2),
    ] {
        let proxy = match status {
            "200" => ScriptedServer::responding(""),
            status => refusing(status),
        };
        let url = proxy.url.replace("http://", "http://u:hunter2@");
        let finished = call("https://api.example.invalid").env("HTTPS_PROXY", &url).finish();
        assert_eq!(finished.code, 41, "{finished}");
        let error = finished.error();
        let (message, hint) = (error["message"].to_string(), error["hint"].to_string());
        assert!(message.contains(expected) && message.contains("HTTPS_PROXY"), "{finished}");
        assert!(hint.contains("proxy") && !hint.contains("api.example.invalid"), "{hint}");
        assert_eq!((&error["attempts"], &error["retryable"]), (&attempts.into(), &(attempts > 1).into()), "{error}");
        assert!(!finished.stderr.contains("hunter2"), "{finished}");
        assert!(proxy.requests().iter().all(|request| request.to_lowercase().contains("basic dtpodw50zxiy")));
    }
}

#[test]
fn an_unreachable_proxy_is_named_by_its_variable() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = address.expect("a free port");
    // The SOCKS client does not report a cause.
    for (scheme, expected) in
        [("http", "Connection refused"), ("https", "Connection refused"), ("socks5h", "failed to create")]
    {
        let proxy = format!("{scheme}://{address}");
        let finished = call("https://api.example.invalid").env("all_proxy", &proxy).finish();
        let message = finished.error()["message"].to_string();
        assert!(message.contains("all_proxy") && message.contains(expected), "{finished}");
        assert_eq!(finished.code, 41, "{finished}");
    }
}

#[test]
fn login_refuses_invalid_proxies_before_it_begins() {
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority("Ours"));
    for (name, value) in [("HTTPS_PROXY", " http://u:hunter2@127.0.0.1:1"), ("SSL_CERT_FILE", "/there/is/no/such.pem")]
    {
        let login = dci(&["login", "--no-browser", "--port", "0"]).env("DCI_API_BASE_URL", &server.url);
        let login = login.env("DCI_AUTHORIZE_URL", &server.url).env("DCI_TOKEN_URL", &server.url);
        let finished = login.env(name, value).finish();
        assert_eq!(finished.code, 2, "{finished}");
        assert!(finished.stderr.contains(name) && !finished.stderr.contains("hunter2"), "{finished}");
        assert!(!finished.stderr.contains("Sign in at"), "{finished}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[test]
fn a_renewal_uses_the_proxy_and_reports_its_error() {
    let person = Person::signed_in("proxy");
    let proxy = refusing("403 Forbidden");
    person.set("tokenUrl", "https://token.example.invalid/");
    person.set("expiresAt", 1);
    let finished = person.dci(&["list-users"]).env("HTTPS_PROXY", &proxy.url).finish();
    assert_eq!(finished.code, 41, "{finished}");
    let message = finished.error()["message"].to_string();
    assert!(message.contains("403 Forbidden") && message.contains("HTTPS_PROXY"), "{finished}");
    assert!(proxy.requests()[0].starts_with("CONNECT token.example.invalid:443 "));

    let finished = person.dci(&["list-users"]).env("HTTPS_PROXY", "socks9://x").finish();
    assert!(finished.code == 2 && finished.stderr.contains("HTTPS_PROXY"), "{finished}");
}
