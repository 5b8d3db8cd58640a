//! An in-memory DoiT on loopback: all operations of the document, with users, invites, tokens, an outbox of sent
//! emails and an idempotency store that behave as the service's do.
//!
//! It is there to try `dci` on, and to test against: it starts on a free port, [misbehaves](Fault) when told to,
//! and stops when it is dropped. Each test has one of its own, so that tests run at once and in any order.
//!
//! # In your tests
//!
//! Start it, put in who is needed, let it misbehave, point your code at it, and read what it did:
//!
//! ```
//! use std::time::Duration;
//!
//! use dci::sandbox::{AcceptError, Fault, Sandbox};
//!
//! let sandbox = Sandbox::start()?;
//! sandbox.add_invited("invite-ada", "ada@example.com");
//! sandbox.inject(Fault::status(503).on("resendInvite").times(2));
//! // … your code, with the base URL sandbox.url() and the API key sandbox.api_key() …
//! # let (url, key) = (sandbox.url(), sandbox.api_key());
//! assert_eq!(sandbox.requests(), 0, "or as many as your code sent");
//! assert!(sandbox.outbox().is_empty(), "or an email for each invite that was sent");
//! assert_eq!(sandbox.accept("a token from an email"), Err(AcceptError::UnknownToken));
//! sandbox.advance(Duration::from_secs(48 * 3600)); // Its clock is its own: the links are dead now.
//! drop(sandbox); // It stops.
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Who is in it
//!
//! | email | id | state |
//! | --- | --- | --- |
//! | `pending@example.com` | `invite-pending` | invited, the link works for 47 hours more |
//! | `expired@example.com` | `invite-expired` | invited, the link expired a day ago |
//! | `cancelled@example.com` | `invite-cancelled` | invited, then cancelled |
//! | `active@example.com` | `user-active` | has accepted |
//!
//! | API key | may |
//! | --- | --- |
//! | `sandbox` | do everything, for the customer `customer-example` |
//! | `sandbox-viewer` | read, for the same customer; changes get 403 |
//! | `sandbox-partner` | do everything, for `customer-example` and `customer-other`: it must name one |
//!
//! # What is its own choice
//!
//! Where the service's response is unknown, the sandbox chooses one. A key that was used for a different request is
//! refused with 422, and a key whose request is still under way with 409: the spec has neither, and other services do
//! so. A body that has not arrived after 30 seconds gets 408.
//!
//! It listens on loopback only, refuses a request whose `Host` is not a loopback name or address (421), and one from
//! the page of another origin in a browser (403).
//!
//! # Signing in
//!
//! It is an authorization server too, for the authorization code flow with PKCE (`S256`), the client id `cli`, no
//! secret, and a redirect to a port of `localhost`, `127.0.0.1` or `[::1]`. What it asks for is as strict as RFC 9700 is,
//! and nothing of it counts as a [request](Sandbox::requests) or is struck by a [fault](Fault).
//!
//! At [`authorize_url`](Sandbox::authorize_url) a person chooses an account, each with what its API key may:
//! `admin@example.com` (`sandbox`), `viewer@example.com` (`sandbox-viewer`) or `partner@example.net`
//! (`sandbox-partner`). A test chooses by adding `&decision=admin@example.com` to the request, or `&decision=deny`.
//!
//! At [`token_url`](Sandbox::token_url) the code becomes an access token and a refresh token:
//!
//! | | works | |
//! | --- | --- | --- |
//! | code | 60 s, once | a second use revokes the tokens that it was exchanged for |
//! | access token | 300 s | as a `Bearer` token of the API; then 401 |
//! | refresh token | without limit, once | brings new tokens; a second use revokes all that came of the same code |
//!
//! [`advance`](Sandbox::advance) makes codes and access tokens expire, and [`renewals`](Sandbox::renewals) counts how
//! often a refresh token was exchanged.

mod access;
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

/// A running sandbox. Dropping it stops it, and closes the connections that are open.
#[derive(Debug)]
pub struct Sandbox {
    app: Arc<AppState>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Sandbox {
    /// Starts on a free port of `127.0.0.1`, in a thread of its own.
    ///
    /// # Errors
    ///
    /// When no port can be listened on, or no thread be started.
    pub fn start() -> io::Result<Self> {
        Self::start_on(0)
    }

    /// Starts on this port of `127.0.0.1`; 0 means a free one.
    ///
    /// # Errors
    ///
    /// When the port is taken or may not be listened on, or no thread can be started.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let app = Arc::new(AppState::new());
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&app);
        let thread = thread::Builder::new()
            .name("dci-sandbox".into())
            .spawn(move || runtime.block_on(server::serve(listener, served, stopped)))?;
        Ok(Self { app, url, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API key that may do everything.
    #[must_use]
    pub fn api_key(&self) -> &'static str {
        access::FULL_API_KEY
    }

    /// Where a person is sent to sign in, such as `http://127.0.0.1:49152/oauth/authorize`.
    #[must_use]
    pub fn authorize_url(&self) -> String {
        format!("{}{}", self.url, authorization::AUTHORIZE)
    }

    /// Where codes and refresh tokens are exchanged, such as `http://127.0.0.1:49152/oauth/token`.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}{}", self.url, authorization::TOKEN)
    }

    /// Adds a user who is invited now, in place of one with the same id. No email goes out.
    pub fn add_invited(&self, id: &str, email: &str) {
        let now = self.app.now();
        self.app.lock().users.seed_invited(id, email, now);
    }

    /// The emails sent so far, oldest first.
    #[must_use]
    pub fn outbox(&self) -> Vec<Email> {
        self.app.lock().users.outbox().to_vec()
    }

    /// Follows the link of an invitation: its user is active from now on, and the invite is gone.
    ///
    /// Returns the id of the user.
    ///
    /// # Errors
    ///
    /// When the token is unknown, which a later email makes of it, or the invite has expired or was cancelled.
    pub fn accept(&self, token: &str) -> Result<String, AcceptError> {
        let now = self.app.now();
        self.app.lock().users.accept(token, now)
    }

    /// Lets requests go wrong from now on. Faults apply in the order in which they were injected.
    pub fn inject(&self, fault: Fault) {
        self.app.lock().faults.inject(fault);
    }

    /// Lets this share of all requests go wrong from now on, in ways chosen at random: 429, 500, 502 or 503, a
    /// connection dropped before the work or after it, a body that breaks off. The same seed brings the same
    /// faults on requests with the same idempotency keys. 0 ends it.
    pub fn inject_at_random(&self, percent: u8, seed: u64) {
        self.app.lock().faults.inject_at_random(percent, seed);
    }

    /// Moves the sandbox's clock forward, for example past the end of an invite, or of a latency.
    pub fn advance(&self, by: std::time::Duration) {
        self.app.advance(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }

    /// How many requests to the API have arrived, those that a fault answered among them.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.app.lock().requests
    }

    /// How many refresh tokens were exchanged for new tokens.
    #[must_use]
    pub fn renewals(&self) -> u64 {
        self.app.lock().grants.renewals()
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
