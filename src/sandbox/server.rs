//! Connections, and the faults that befall them. The HTTP server is hyper itself, since axum's cannot be told to
//! drop a connection.

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::response::IntoResponse;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;
use tower::ServiceExt;

use super::access::Refusal;
use super::api::Latency;
use super::fault::Misbehaviour;
use super::{World, api, authorization, control};
use crate::operation::Operation;

/// Serves until the sender of `stopped` is dropped; the connections end with the runtime.
pub(super) async fn serve(listener: TcpListener, world: Arc<World>, stopped: oneshot::Receiver<()>) {
    let listener =
        tokio::net::TcpListener::from_std(listener).expect("the runtime has I/O, the listener does not block");
    let router = api::router(Arc::clone(&world));
    let accept_all = async {
        loop {
            // A connection that was gone before it was accepted is no reason to stop.
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let (world, router) = (Arc::clone(&world), router.clone());
            let service = service_fn(move |request| answer(Arc::clone(&world), router.clone(), request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new());
            // What goes wrong on a connection, a dropped one above all, ends that connection only.
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    };
    tokio::select! {
        () = accept_all => {}
        _ = stopped => {}
    }
}

/// The connection is to be closed in place of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped")]
struct Dropped;

async fn answer(world: Arc<World>, router: Router, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let mut request = request.map(Body::new);
    if [control::PREFIX, authorization::PREFIX].iter().any(|prefix| request.uri().path().starts_with(prefix)) {
        return Ok(work(router, request).await);
    }
    let operation = Operation::of_request(request.method().as_str(), request.uri().path());
    let (misbehaviour, number) = {
        let mut state = world.state();
        state.requests += 1;
        (state.faults.strike(operation, || key_of(&request)), state.requests)
    };
    let mut response = match misbehaviour {
        None => work(router, request).await,
        Some(Misbehaviour::Latency(duration)) => {
            match operation {
                // Between claiming the key and the work, so that the key can be met in use.
                Some(operation) if operation.takes_idempotency_key => {
                    request.extensions_mut().insert(Latency(duration));
                }
                _ => world.sleep(duration).await,
            }
            work(router, request).await
        }
        Some(Misbehaviour::Status { status, retry_after }) => failure(status, retry_after),
        Some(Misbehaviour::Truncate) => truncated(work(router, request).await).await,
        Some(Misbehaviour::DropBefore) => return Err(Dropped),
        Some(Misbehaviour::DropAfter) => {
            work(router, request).await;
            return Err(Dropped);
        }
    };
    let request_id = HeaderValue::from_str(&format!("sandbox-{number}")).expect("a number fits into a header");
    response.headers_mut().insert("x-request-id", request_id);
    Ok(response)
}

/// What tells a request from others, whenever it arrives: its idempotency key, or else where it goes.
fn key_of(request: &Request<Body>) -> String {
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    key.map_or_else(|| format!("{} {}", request.method(), request.uri()), str::to_owned)
}

/// Lets the router answer, in a task of its own: a client that goes away does not undo work that has begun.
async fn work(router: Router, request: Request<Body>) -> Response<Body> {
    let answered = tokio::spawn(router.oneshot(request)).await;
    answered.map_or_else(
        |_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox itself failed").into_response(),
        |Ok(response)| response,
    )
}

/// An error as the service sends it, or, for the statuses that come from its edge, as a page of HTML.
fn failure(status: u16, retry_after: Option<String>) -> Response<Body> {
    let code = StatusCode::from_u16(status).expect("a fault has the status of an error");
    let mut response = match status {
        502..=504 | 524 => {
            let page = format!("<!DOCTYPE html><html><title>{code}</title><h1>{code}</h1></html>");
            (code, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
        }
        _ => Refusal::new(code, format!("the sandbox was told to answer {status}")).into_response(),
    };
    if let Some(value) = retry_after.and_then(|value| HeaderValue::from_str(&value).ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

/// The same response with half of its body, then the end of the connection.
async fn truncated(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, whole.len().into());
    let half = whole.slice(..whole.len() / 2);
    let sent = stream::iter([Ok::<_, Dropped>(Frame::data(half))]);
    let broken = stream::once(async {
        // The first half goes out while the rest is waited for.
        tokio::task::yield_now().await;
        Err(Dropped)
    });
    Response::from_parts(parts, Body::new(StreamBody::new(sent.chain(broken))))
}
