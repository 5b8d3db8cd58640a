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

/// Where the browser comes back to: loopback, and nothing else. `localhost` may mean either address.
pub(super) struct Listeners {
    port: u16,
    listeners: Vec<TcpListener>,
}

/// How long a browser has to take its page.
const PARTING: Duration = Duration::from_secs(1);

/// What came back, or why something else is none of it.
type CallbackResult = Result<Callback, InvalidCallback>;

#[derive(Clone)]
struct CallbackState {
    request: Arc<AuthorizationRequest>,
    heard: mpsc::Sender<CallbackResult>,
}

/// Listens on this port of both addresses; 0 means a free one.
pub(super) async fn listen(port: u16) -> io::Result<Listeners> {
    // One that is free at one address may be in use at the other.
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
        // Somebody else would hear what is for us.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
        // A machine without IPv6.
        Err(_) => vec![ipv4],
    };
    Ok(Listeners { port, listeners })
}

/// What a person is told when the port cannot be listened on.
pub(super) fn cannot_listen(port: u16, error: &io::Error) -> CliError {
    let problem = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {port} of this machine is in use, and the browser is to come back to it")
        }
        _ => format!("port {port} of this machine cannot be listened on: {error}"),
    };
    CliError::other(problem).hint(
        "End what listens there, perhaps another dci login; or add --no-browser and paste the code; or, where the \
         authorization server accepts another port, add --port.",
    )
}

impl Listeners {
    /// Nobody comes back.
    pub fn none(port: u16) -> Self {
        Self { port, listeners: Vec::new() }
    }

    /// Whether anybody who comes back is heard.
    pub fn are_some(&self) -> bool {
        !self.listeners.is_empty()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the answer, and shows the browser a page about it. What is no answer to this request is passed to
    /// `no_answer`, and waited on.
    pub async fn answer(self, request: &Arc<AuthorizationRequest>, no_answer: impl Fn(InvalidCallback)) -> Callback {
        let (sender, mut heard) = mpsc::channel(1);
        let (stop, _) = watch::channel(());
        let ear = CallbackState { request: Arc::clone(request), heard: sender };
        let router = Router::new().route("/", get(handle_callback)).with_state(ear);
        let mut servers = JoinSet::new();
        for listener in self.listeners {
            let mut stopped = stop.subscribe();
            let until = async move { drop(stopped.changed().await) };
            servers.spawn(serve(listener, router.clone()).with_graceful_shutdown(until).into_future());
        }
        loop {
            match heard.recv().await {
                Some(Ok(answer)) => {
                    heard.close();
                    drop(stop);
                    let _ = tokio::time::timeout(PARTING, servers.join_all()).await;
                    return answer;
                }
                Some(Err(problem)) => no_answer(problem),
                None => unreachable!("the router has a sender"),
            }
        }
    }
}

async fn handle_callback(State(ear): State<CallbackState>, method: Method, uri: Uri) -> Response {
    // Whoever only looks does not use the code up.
    if method == Method::HEAD {
        return StatusCode::NO_CONTENT.into_response();
    }
    // The path is `/`, so that with a query it makes a URL.
    let Ok(url) = Url::parse(&format!("http://localhost{uri}")) else { return StatusCode::BAD_REQUEST.into_response() };
    let heard = Callback::read(&url, &ear.request);
    let page = match &heard {
        Ok(answer) => page::of_answer(answer).into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, page::of_no_answer(problem)).into_response(),
    };
    // The first answer counts, and nobody waits for another.
    let _ = ear.heard.send(heard).await;
    page
}
