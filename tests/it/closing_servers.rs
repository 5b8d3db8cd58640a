//! Servers that close idle connections: the request is sent again at once on a new one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::program::{Finished, dci_at};
use crate::support::scripted_server::response;

/// Responds to a request, given its first line and its number on the connection.
type Respond = dyn Fn(&str, usize, &mut TcpStream) -> Connection + Send + Sync;

enum Connection {
    Stays,
    Closes,
}

/// A server with a thread for each connection.
struct ClosingServer {
    url: String,
    /// The first lines of all requests.
    requests: Arc<Mutex<Vec<String>>>,
}

impl ClosingServer {
    fn start(respond: impl Fn(&str, usize, &mut TcpStream) -> Connection + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (recorded, respond): (_, Arc<Respond>) = (Arc::clone(&requests), Arc::new(respond));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, recorded, respond) =
                    (stream.expect("a connection"), Arc::clone(&recorded), Arc::clone(&respond));
                thread::spawn(move || {
                    for number in 1.. {
                        let Some(line) = read_request(&mut stream) else { break };
                        recorded.lock().expect("no panic").push(line.clone());
                        if matches!(respond(&line, number, &mut stream), Connection::Closes) {
                            break;
                        }
                    }
                });
            }
        });
        Self { url, requests }
    }

    fn requests(&self, begin: &str) -> usize {
        self.requests.lock().expect("no panic").iter().filter(|line| line.starts_with(begin)).count()
    }
}

/// The first line of the next request; `None` at the end of the connection.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    Some(String::from_utf8_lossy(&bytes).lines().next()?.to_owned())
}

/// Sends a success to any operation of these tests.
fn respond(line: &str, stream: &mut TcpStream) {
    let body = if line.contains("/roles") {
        r#"{"roles": [{"id": "r1", "name": "Admin"}]}"#
    } else {
        r#"{"message": "done", "inviteId": "x", "users": []}"#
    };
    let status = if line.contains("/invite ") { "201 Created" } else { "200 OK" };
    let _ = stream.write_all(&response(status, "application/json", body));
}

/// Closes each connection after its response, without `Connection: close`.
fn closing_after_each() -> ClosingServer {
    ClosingServer::start(|line, _, stream| {
        respond(line, stream);
        Connection::Closes
    })
}

/// Closes each connection when it is reused, like a load balancer that dropped it.
fn closing_when_used_again() -> ClosingServer {
    ClosingServer::start(|line, number, stream| {
        if number > 1 {
            return Connection::Closes;
        }
        respond(line, stream);
        Connection::Stays
    })
}

fn list_of(targets: usize) -> String {
    (0..targets).map(|number| format!("target-{number}")).collect::<Vec<_>>().join("\n")
}

fn assert_success_without_a_wait(finished: &Finished) {
    assert_eq!(finished.code, 0, "{finished}");
    assert!(!finished.stderr.contains("trying again"), "{finished}");
}

#[test]
fn a_closed_idle_connection_does_not_fail_or_delay_a_call() {
    for command in [&["resend-invite"][..], &["cancel-invite", "--yes"], &["delete-user", "--yes"]] {
        for server in [closing_after_each(), closing_when_used_again()] {
            for concurrency in ["1", "64"] {
                let args = ["-", "-v", "--max-attempts", "1", "--concurrency", concurrency];
                let run = dci_at(&server.url, &[command, &args].concat()).stdin(list_of(100));
                assert_success_without_a_wait(&run.finish());
            }
        }
    }
}

#[test]
fn a_request_without_a_key_uses_a_new_connection() {
    for server in [closing_after_each(), closing_when_used_again()] {
        for _ in 0..10 {
            let args = ["invite-user", "new@example.com", "--role", "Admin", "-v"];
            assert_success_without_a_wait(&dci_at(&server.url, &args).finish());
        }
        assert_eq!(server.requests("POST"), 10, "each was sent once");
    }
}

#[test]
fn a_server_that_never_responds_fails_after_all_attempts() {
    for command in [&["resend-invite", "x"][..], &["delete-user", "x", "--yes"]] {
        let server = ClosingServer::start(|_, _, _| Connection::Closes);
        let finished = dci_at(&server.url, &[command, &["--max-attempts", "2"]].concat()).finish();
        assert_eq!(finished.code, 41, "{finished}");
        assert_eq!((&finished.error()["attempts"], server.requests("")), (&2.into(), 2));
        assert_eq!(finished.error()["retryable"], true);
    }
}

#[test]
fn a_server_that_stops_responding_fails_after_all_attempts() {
    let server = ClosingServer::start(|line, _, stream| {
        if line.starts_with("DELETE") {
            return Connection::Closes;
        }
        let users = r#"{"users": [{"id": "x", "email": "a@example.com", "status": "active"}]}"#;
        let _ = stream.write_all(&response("200 OK", "application/json", users));
        Connection::Stays
    });
    let finished = dci_at(&server.url, &["delete-user", "a@example.com", "--yes", "--max-attempts", "2"]).finish();
    assert_eq!((finished.code, &finished.error()["attempts"]), (41, &2.into()), "{finished}");
    assert!((3..=4).contains(&server.requests("DELETE")), "{}", server.requests("DELETE"));
}

#[test]
fn not_found_after_an_unknown_outcome_means_deleted() {
    let delete = |lost: usize| {
        let attempts = Mutex::new(0);
        let server = ClosingServer::start(move |_, _, stream| {
            let mut attempts = attempts.lock().expect("no panic");
            *attempts += 1;
            if *attempts > lost {
                let _ = stream.write_all(&response("404 Not Found", "application/json", r#"{"error": "not found"}"#));
            }
            Connection::Closes
        });
        dci_at(&server.url, &["delete-user", "x", "--yes"]).finish()
    };
    let finished = delete(1);
    assert_eq!(finished.code, 0, "{finished}");
    assert!(finished.json()["message"].to_string().contains("no longer exists"), "{finished}");
    assert_eq!(delete(0).code, 20);
}
