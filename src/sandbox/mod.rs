//! An in-memory DoiT on loopback, for trying `dci` and for tests.
//!
//! A [`Sandbox`] serves every operation of the spec. It has users, invites, tokens, an outbox of sent emails and a store
//! of idempotency keys. It starts on a free port, injects a [`Fault`] when you ask for it, and stops when it is dropped.
//! Give each test its own, so that tests can run in parallel.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use dci::sandbox::{AcceptError, Fault, Sandbox};
//!
//! let sandbox = Sandbox::start()?;
//! sandbox.add_invited("invite-ada", "ada@example.com");
//! sandbox.inject(Fault::status(503).on("resendInvite").times(2));
//! // … run your code with the base URL sandbox.url() and the API key sandbox.api_key() …
//! # let (url, key) = (sandbox.url(), sandbox.api_key());
//! assert_eq!(sandbox.requests(), 0, "or as many as your code sent");
//! assert!(sandbox.outbox().is_empty(), "or one email for each invite that was sent");
//! assert_eq!(sandbox.accept("a token from an email"), Err(AcceptError::UnknownToken));
//! sandbox.advance(Duration::from_secs(48 * 3600)); // Every invite expires.
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Users
//!
//! | email | id | state |
//! | --- | --- | --- |
//! | `pending@example.com` | `invite-pending` | invited; the link works for 47 more hours |
//! | `expired@example.com` | `invite-expired` | invited; the link expired a day ago |
//! | `cancelled@example.com` | `invite-cancelled` | invited, then cancelled |
//! | `active@example.com` | `user-active` | accepted the invite |
//!
//! # API keys
//!
//! | API key | permissions |
//! | --- | --- |
//! | `sandbox` | all, for the customer `customer-example` |
//! | `sandbox-viewer` | read-only, for the same customer; changes get 403 |
//! | `sandbox-partner` | all, for `customer-example` and `customer-other`: a request must choose one |
//!
//! # Limits
//!
//! - It listens on `127.0.0.1` only. A request whose `Host` is not a loopback name or address gets 421, and a request
//!   from a web page of another origin gets 403.
//! - A request body may have 2 MiB, else it gets 413. It must arrive within 30 seconds, else it gets 408.
//! - A key is remembered for 24 hours. Where the service's response is unknown, the sandbox chooses one: 422 for a key
//!   that was used for a different request, and 409 while the first request with a key is in progress.
//!
//! # Signing in
//!
//! The sandbox is also an authorization server: authorization code flow with PKCE (`S256`), client id `cli`, no client
//! secret, and a redirect to any port of `localhost`, `127.0.0.1` or `[::1]`. It is as strict as RFC 9700. Its requests
//! do not count as [requests](Sandbox::requests) to the API, and faults do not apply to them.
//!
//! At [`authorize_url`](Sandbox::authorize_url) the user chooses an account: `admin@example.com`, `viewer@example.com`
//! or `partner@example.net`. They have the permissions of the three API keys, in this order. A test chooses with
//! `&decision=admin@example.com` in the URL, or denies access with `&decision=deny`.
//!
//! At [`token_url`](Sandbox::token_url) the code is exchanged for an access token and a refresh token:
//!
//! | | valid | note |
//! | --- | --- | --- |
//! | code | 60 s, once | a second use revokes the tokens issued for it |
//! | access token | 300 s | a `Bearer` token of the API; then 401 |
//! | refresh token | until used | gets new tokens; a second use revokes all tokens of the sign-in |
//!
//! [`advance`](Sandbox::advance) makes codes and access tokens expire, and [`renewals`](Sandbox::renewals) counts the
//! exchanged refresh tokens.

mod access;
mod account;
mod api;
mod app_state;
mod authorization;
mod consent;
mod control;
mod error_response;
mod fault;
mod grants;
mod idempotency;
mod invite;
mod origin;
mod server;
mod users;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use jiff::SignedDuration;
use tokio::sync::oneshot;

pub use fault::{Fault, InvalidFault};
pub use invite::{AcceptError, Email};

use app_state::AppState;

/// A running sandbox. Dropping it stops the server and closes its connections.
#[derive(Debug)]
pub struct Sandbox {
    app: Arc<AppState>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Sandbox {
    /// Starts on a free port of `127.0.0.1`, in its own thread.
    pub fn start() -> io::Result<Self> {
        Self::start_on(0)
    }

    /// Starts on this port of `127.0.0.1`; 0 picks a free one. Fails if the port is in use or not permitted.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let app = Arc::new(AppState::new());
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = server::serve(listener, Arc::clone(&app), stopped);
        let thread = thread::Builder::new().name("dci-sandbox".into()).spawn(move || runtime.block_on(server))?;
        Ok(Self { app, url, stop: Some(stop), thread: Some(thread) })
    }

    /// The base URL of the API, such as `http://127.0.0.1:49152`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API key with all permissions.
    pub fn api_key(&self) -> &'static str {
        account::FULL_API_KEY
    }

    /// The authorization endpoint, where the user signs in, such as `http://127.0.0.1:49152/oauth/authorize`.
    pub fn authorize_url(&self) -> String {
        format!("{}{}", self.url, authorization::AUTHORIZE)
    }

    /// The token endpoint, which exchanges codes and refresh tokens, such as `http://127.0.0.1:49152/oauth/token`.
    pub fn token_url(&self) -> String {
        format!("{}{}", self.url, authorization::TOKEN)
    }

    /// Adds a user who is invited now, without sending an email. Replaces a user with the same id.
    pub fn add_invited(&self, id: &str, email: &str) {
        let now = self.app.now();
        self.app.lock().users.seed_invited(id, email, now);
    }

    /// The emails sent so far, oldest first.
    pub fn outbox(&self) -> Vec<Email> {
        self.app.lock().users.outbox.clone()
    }

    /// Accepts an invite with the token of an email, and returns the user's new id. The invite no longer exists.
    pub fn accept(&self, token: &str) -> Result<String, AcceptError> {
        let now = self.app.now();
        self.app.lock().users.accept(token, now)
    }

    /// Injects a fault into the next requests that it applies to. Faults apply in the order of injection.
    pub fn inject(&self, fault: Fault) {
        self.app.lock().faults.inject(fault);
    }

    /// Injects random faults into this percentage of requests; 0 stops it. The faults of [`inject`](Self::inject)
    /// take precedence.
    ///
    /// A fault is a status (429, 500, 502 or 503), a connection closed before or after processing, or a truncated body.
    /// The same seed repeats the same faults for requests with the same idempotency keys.
    pub fn inject_at_random(&self, percent: u8, seed: u64) {
        self.app.lock().faults.inject_at_random(percent, seed);
    }

    /// Moves the sandbox's clock forward, for example until an invite expires or a latency ends.
    pub fn advance(&self, by: std::time::Duration) {
        self.app.advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }

    /// How many requests the API received, including those with a fault.
    pub fn requests(&self) -> u64 {
        self.app.lock().requests
    }

    /// How many times a refresh token was exchanged for new tokens.
    pub fn renewals(&self) -> u64 {
        self.app.lock().grants.renewals
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
