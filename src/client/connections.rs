//! Sending a request over kept or new connections.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Request, Response};
use tokio::time::Instant;

use super::causes::causes;
use crate::operation::Operation;

/// Sends requests over kept connections, or over new ones.
///
/// A server may close a kept connection at any moment, and the client notices only when it sends a request. This is not
/// a failure: the request is sent again at once, on a new connection. A request that must not be sent twice always gets
/// a new connection.
pub(super) struct Connections {
    /// The HTTP client that keeps no connections.
    new: LazyLock<reqwest::Client, Box<dyn FnOnce() -> reqwest::Client + Send>>,
    /// There was a response, so its connection may be kept.
    may_be_kept: AtomicBool,
}

/// The outcome of sending a request.
pub(super) struct Sent {
    pub outcome: reqwest::Result<Response>,
    /// Whether the request was sent on a closed connection before. The server may have received it.
    pub was_resent: bool,
}

impl Connections {
    /// `new` makes an HTTP client that keeps no connections. It is called when one is needed.
    pub fn new(new: impl FnOnce() -> reqwest::Client + Send + 'static) -> Self {
        Self { new: LazyLock::new(Box::new(new)), may_be_kept: AtomicBool::new(false) }
    }

    /// Sends the request. `kept` is the HTTP client that keeps connections.
    pub async fn send(
        &self,
        kept: &reqwest::Client,
        request: &Request,
        operation: &Operation,
        timeout: Duration,
    ) -> Sent {
        let started = Instant::now();
        let copy = || {
            let mut copy = request.try_clone().expect("the generated client sends bodies from memory");
            *copy.timeout_mut() = Some(timeout.saturating_sub(started.elapsed()));
            copy
        };
        let may_be_kept = self.may_be_kept.load(Ordering::Relaxed);
        let first = if may_be_kept && !operation.is_repeatable() { &*self.new } else { kept };
        let mut outcome = first.execute(copy()).await;
        let was_resent = may_be_kept && operation.is_repeatable() && outcome.as_ref().is_err_and(was_closed);
        if was_resent {
            tracing::debug!("the server closed the connection, sending again on a new one");
            outcome = self.new.execute(copy()).await;
        }
        if outcome.is_ok() {
            self.may_be_kept.store(true, Ordering::Relaxed);
        }
        Sent { outcome, was_resent }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("may_be_kept", &self.may_be_kept).finish_non_exhaustive()
    }
}

/// Whether the connection ended before a response began.
fn was_closed(error: &reqwest::Error) -> bool {
    let is_close = |cause: &(dyn StdError + 'static)| {
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            return error.is_incomplete_message() || error.is_canceled() || error.is_closed();
        }
        cause.downcast_ref::<io::Error>().is_some_and(|error| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
        })
    };
    !error.is_connect() && !error.is_timeout() && causes(error).any(is_close)
}
