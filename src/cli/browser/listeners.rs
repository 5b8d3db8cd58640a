//! Receives the browser's redirect on loopback.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve};
use reqwest::Url;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::callback::{Callback, InvalidCallback};
use super::page;
use crate::cli::error::CliError;
use crate::client::sign_in::AuthorizationRequest;

/// Listeners on both loopback addresses, since `localhost` can be either.
pub(super) struct Listeners {
    pub port: u16,
    listeners: Vec<TcpListener>,
}

/// How long the browser may take to load the final page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(1);

type CallbackResult = Result<Callback, InvalidCallback>;

#[derive(Clone)]
struct CallbackState {
    request: Arc<AuthorizationRequest>,
    sender: mpsc::Sender<CallbackResult>,
}

/// Listens on this port of both addresses; 0 picks a free one.
pub(super) async fn listen(port: u16) -> io::Result<Listeners> {
    // A port that is free on one address may be in use on the other.
    let attempts = if port == 0 { 16 } else { 1 };
    for _ in 1..attempts {
        match listen_once(port).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            outcome => return outcome,
        }
    }
    listen_once(port).await
}

async fn listen_once(port: u16) -> io::Result<Listeners> {
    let ipv4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = ipv4.local_addr()?.port();
    let listeners = match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(ipv6) => vec![ipv4, ipv6],
        // Another program would receive the callback.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
        // This machine has no IPv6.
        Err(_) => vec![ipv4],
    };
    Ok(Listeners { port, listeners })
}

/// The error of the command if the port cannot be listened on.
pub(super) fn cannot_listen(port: u16, error: &io::Error) -> CliError {
    let problem = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("cannot receive the browser's redirect: port {port} is in use")
        }
        _ => format!("cannot receive the browser's redirect on port {port}: {error}"),
    };
    CliError::other(problem).hint(
        "Stop the program that uses the port (perhaps another dci login), add --no-browser to paste the code, or choose \
         another port with --port if the authorization server accepts it.",
    )
}

impl Listeners {
    /// Listens on nothing: no callback arrives.
    pub fn empty(port: u16) -> Self {
        Self { port, listeners: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Waits for a valid callback and shows the browser a page about it. Passes each invalid one to `on_invalid`.
    pub async fn callback(self, request: &Arc<AuthorizationRequest>, on_invalid: impl Fn(InvalidCallback)) -> Callback {
        let (sender, mut callbacks) = mpsc::channel(1);
        let (stop, _) = watch::channel(());
        let state = CallbackState { request: Arc::clone(request), sender };
        let router = Router::new().route("/", get(handle_callback)).with_state(state);
        let mut servers = JoinSet::new();
        for listener in self.listeners {
            let mut stopped = stop.subscribe();
            let until = async move { drop(stopped.changed().await) };
            servers.spawn(serve(listener, router.clone()).with_graceful_shutdown(until).into_future());
        }
        loop {
            match callbacks.recv().await {
                Some(Ok(callback)) => {
                    callbacks.close();
                    drop(stop);
                    let _ = tokio::time::timeout(PAGE_TIMEOUT, servers.join_all()).await;
                    return callback;
                }
                Some(Err(problem)) => on_invalid(problem),
                None => unreachable!("the router has a sender"),
            }
        }
    }
}

async fn handle_callback(State(state): State<CallbackState>, method: Method, uri: Uri) -> Response {
    // A HEAD request, such as a link preview, does not count.
    if method == Method::HEAD {
        return StatusCode::NO_CONTENT.into_response();
    }
    // `uri` is the path `/` and the query.
    let Ok(url) = Url::parse(&format!("http://localhost{uri}")) else { return StatusCode::BAD_REQUEST.into_response() };
    let result = Callback::parse(&url, &state.request);
    let page = match &result {
        Ok(callback) => page::of_callback(callback).into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, page::of_invalid_callback(problem)).into_response(),
    };
    // Fails after the first valid callback, which is the one that counts.
    let _ = state.sender.send(result).await;
    page
}
