//! A run that finds no connection ends, and says so once.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;

use crate::support::https_server::{HttpsServer, Trusted, authority, valid_for};
use crate::support::program::{Finished, dci_at, dci_on};
use crate::support::sandbox::{list_of, sandbox_with};
use crate::support::scripted_server::resent;

/// An address at which nothing listens.
fn unused_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// How many rows have each of these outcomes.
fn count(finished: &Finished, outcome: &str) -> usize {
    finished.json().as_array().expect("rows").iter().filter(|row| row["outcome"] == outcome).count()
}

#[test]
fn a_run_without_a_connection_ends_and_can_be_resumed() {
    for concurrency in ["1", "3", "64"] {
        let args = ["resend-invite", "-", "--max-attempts", "1", "--concurrency", concurrency];
        let finished = dci_at(&unused_url(), &args).stdin(list_of(1000)).finish();
        let most: usize = concurrency.parse().expect("a number");
        let failed = count(&finished, "failed");
        assert!((most..=2 * most).contains(&failed), "{failed} of {most} at once");
        assert_eq!((finished.code, count(&finished, "skipped")), (41, 1000 - failed));
        let last = finished.json()[999].clone();
        assert_eq!(last["message"], "not started: the API cannot be reached");
        let error = finished.error();
        assert!(error["retryable"] == true && error["hint"].to_string().contains("--resume"), "{error}");
    }
}

#[test]
fn a_service_that_disappears_ends_the_run() {
    let sandbox = sandbox_with(3000);
    let args = ["resend-invite", "-", "--max-attempts", "2"];
    let running = dci_on(&sandbox, &args).stdin(list_of(3000)).start();
    while sandbox.requests() < 50 {
        std::thread::yield_now();
    }
    drop(sandbox);
    let finished = running.finish();
    let (failed, skipped) = (count(&finished, "failed"), count(&finished, "skipped"));
    assert_eq!((finished.code, finished.json().as_array().map(Vec::len)), (41, Some(3000)));
    assert!((8..100).contains(&failed) && skipped > 1000, "{failed} failed, {skipped} skipped");
}

#[test]
fn look_ups_without_a_connection_end_the_command() {
    let addresses: Vec<String> = (0..1000).map(|number| format!("user-{number}@example.com")).collect();
    let args = ["resend-invite", "-", "--max-attempts", "1", "-v"];
    let finished = dci_at(&unused_url(), &args).stdin(addresses.join("\n")).finish();
    assert_eq!((finished.code, finished.stdout.as_str()), (41, ""));
    let attempts = finished.stderr.matches("attempt 1 of 1").count();
    assert!((8..=16).contains(&attempts), "{attempts} attempts");
}

#[test]
fn a_rejected_certificate_ends_the_run() {
    let server = HttpsServer::start(&valid_for("127.0.0.1"), &authority("Theirs"));
    let trusted = Trusted::of("rejected-run", &authority("Ours"));
    let run = dci_at(&server.url, &["resend-invite", "-", "--concurrency", "2"]).stdin(list_of(200));
    let finished = run.env("SSL_CERT_FILE", &trusted.file()).finish();
    let failed = count(&finished, "failed");
    assert!((2..=4).contains(&failed), "{failed} failed: {}", finished.error());
    assert_eq!(count(&finished, "skipped"), 200 - failed);
}

/// Retries get through: a service that restarts does not end the run.
#[test]
fn a_restart_does_not_end_the_run() {
    let mut listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let mut served = 0;
        while served < 60 {
            if served == 20 {
                drop(listener);
                std::thread::sleep(Duration::from_millis(100));
                listener = TcpListener::bind(address).expect("the port is still free");
            }
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut request);
            let closing = String::from_utf8(resent()).expect("UTF-8").replacen("\r\n", "\r\nconnection: close\r\n", 1);
            let _ = stream.write_all(closing.as_bytes());
            served += 1;
        }
    });
    let finished = dci_at(&format!("http://{address}"), &["resend-invite", "-"]).stdin(list_of(40)).finish();
    assert_eq!((finished.code, count(&finished, "resent")), (0, 40), "{finished}");
    drop(server);
}

#[test]
fn equal_failures_are_one_line_for_people() {
    let args = ["resend-invite", "-", "--max-attempts", "1", "--concurrency", "20", "-o", "table"];
    let finished = dci_at(&unused_url(), &args).stdin(list_of(20)).finish();
    assert_eq!(finished.code, 41, "{finished}");
    let [line] = finished.stdout.lines().collect::<Vec<_>>()[..] else { panic!("one line: {finished}") };
    assert!(line.starts_with("20 targets: cannot connect to the API: "), "{line}");
    assert!(line.ends_with(" (invite-1, invite-2, invite-3, invite-4, invite-5 and 15 more)"), "{line}");
    let json = dci_at(&unused_url(), &[&args[..6], &["-o", "json"]].concat()).stdin(list_of(20)).finish();
    let errors: Vec<Value> = json.json().as_array().expect("rows").iter().map(|row| row["error"].clone()).collect();
    assert!(errors.len() == 20 && errors.iter().all(Value::is_object), "{json}");
}
