//! The HTTP server, which injects the faults. It uses hyper directly: axum's server cannot drop a connection.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::response::IntoResponse;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;
use tower::ServiceExt;

use super::api::Latency;
use super::app_state::AppState;
use super::error_response::ErrorResponse;
use super::fault::FaultKind;
use super::{api, authorization, control, origin};
use crate::operation::Operation;

/// The wait after a failed accept, for example without free file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// How long a request body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum size of a request body, in bytes.
const MAX_BODY: usize = 2 << 20;

/// Serves until the sender of `stopped` is dropped. Dropping the runtime then closes the connections.
pub(super) async fn serve(listener: TcpListener, app: Arc<AppState>, stopped: oneshot::Receiver<()>) {
    let listener =
        tokio::net::TcpListener::from_std(listener).expect("the runtime has I/O, the listener does not block");
    let router = api::router(Arc::clone(&app));
    let accept_all = async {
        loop {
            let (stream, _) = accept_next(|| listener.accept()).await;
            let _ = stream.set_nodelay(true);
            let (app, router) = (Arc::clone(&app), router.clone());
            let service = service_fn(move |request| handle(Arc::clone(&app), router.clone(), request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new());
            // An error, such as a dropped connection, ends this connection only.
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    };
    tokio::select! {
        () = accept_all => {}
        _ = stopped => {}
    }
}

/// Accepts the next connection. An error does not end the server.
async fn accept_next<C, F: Future<Output = io::Result<C>>>(accept: impl Fn() -> F) -> C {
    loop {
        match accept().await {
            Ok(connection) => return connection,
            Err(error) if is_connection_error(&error) => {}
            // Such as EMFILE: the connection still waits, so an immediate retry would only spin.
            Err(_) => tokio::time::sleep(ACCEPT_BACKOFF).await,
        }
    }
}

/// Whether the connection was gone before it was accepted.
fn is_connection_error(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Makes hyper close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped")]
struct Dropped;

async fn handle(app: Arc<AppState>, router: Router, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let mut request = request.map(Body::new);
    if let Err(error) = origin::check(&request) {
        return Ok(error.into_response());
    }
    if [control::PREFIX, authorization::PREFIX].iter().any(|prefix| request.uri().path().starts_with(prefix)) {
        return Ok(process(router, request).await);
    }
    let operation = Operation::of_request(request.method().as_str(), request.uri().path());
    let (fault, number) = {
        let mut inner = app.lock();
        inner.requests += 1;
        (inner.faults.take(operation, || request_key(&request)), inner.requests)
    };
    let mut response = match fault {
        None => process(router, request).await,
        Some(FaultKind::Latency(duration)) => {
            match operation {
                // The latency starts after the key is claimed, so that a second request finds the key in use.
                Some(operation) if operation.takes_idempotency_key => {
                    request.extensions_mut().insert(Latency(duration));
                }
                _ => app.sleep(duration).await,
            }
            process(router, request).await
        }
        Some(FaultKind::Status { status, retry_after }) => error_status(status, retry_after),
        Some(FaultKind::Truncate) => truncate(process(router, request).await).await,
        Some(FaultKind::DropBefore) => return Err(Dropped),
        Some(FaultKind::DropAfter) => {
            process(router, request).await;
            return Err(Dropped);
        }
    };
    let request_id = HeaderValue::from_str(&format!("sandbox-{number}")).expect("a number fits into a header");
    response.headers_mut().insert("x-request-id", request_id);
    Ok(response)
}

/// Identifies a request whatever its order: its idempotency key, otherwise its method and URI.
fn request_key(request: &Request<Body>) -> String {
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    key.map_or_else(|| format!("{} {}", request.method(), request.uri()), str::to_owned)
}

/// Lets the router process the request in its own task, so that it completes even if the client disconnects.
async fn process(router: Router, request: Request<Body>) -> Response<Body> {
    let request = match read_body(request).await {
        Ok(request) => request,
        // The rest of the body must not be read as the next request.
        Err(error) => return ([(CONNECTION, "close")], error).into_response(),
    };
    let response = tokio::spawn(router.oneshot(request)).await;
    response.map_or_else(
        |_| ErrorResponse::new(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox failed").into_response(),
        |Ok(response)| response,
    )
}

/// Reads the whole body of a request.
async fn read_body(request: Request<Body>) -> Result<Request<Body>, ErrorResponse> {
    let (parts, body) = request.into_parts();
    let seconds = BODY_TIMEOUT.as_secs();
    let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await;
    let body = body.map_err(|_| {
        ErrorResponse::new(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {seconds} seconds"))
    })?;
    let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => {
            ErrorResponse::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {} MiB", MAX_BODY >> 20))
        }
        None => ErrorResponse::bad_request(format!("cannot read the body: {error}")),
    })?;
    Ok(Request::from_parts(parts, body.to_bytes().into()))
}

/// An error response: an HTML page for the statuses that a gateway sends, otherwise JSON.
fn error_status(status: u16, retry_after: Option<String>) -> Response<Body> {
    let code = StatusCode::from_u16(status).expect("a fault has an error status");
    let mut response = match status {
        502..=504 | 524 => {
            let page = format!("<!DOCTYPE html><html><title>{code}</title><h1>{code}</h1></html>");
            (code, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
        }
        _ => ErrorResponse::new(code, format!("injected fault: status {status}")).into_response(),
    };
    if let Some(value) = retry_after.and_then(|value| HeaderValue::from_str(&value).ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

/// Sends half of the response body, then closes the connection.
async fn truncate(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let first_half = stream::iter([Ok::<_, Dropped>(Frame::data(half))]);
    let broken = stream::once(async {
        // Let hyper send the first half before the error.
        tokio::task::yield_now().await;
        Err(Dropped)
    });
    Response::from_parts(parts, Body::new(StreamBody::new(first_half.chain(broken))))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn accepting_backs_off_without_file_descriptors() {
        let start = Instant::now();
        // EMFILE and ENFILE, by their numbers on Unix.
        let outcomes = [Err(24), Err(23), Err(24), Ok("a connection")];
        let outcomes = RefCell::new(outcomes.into_iter());
        let accept = || async {
            let outcome = outcomes.borrow_mut().next().expect("no more than needed");
            outcome.map_err(io::Error::from_raw_os_error)
        };
        assert_eq!(accept_next(accept).await, "a connection");
        assert_eq!(start.elapsed(), 3 * ACCEPT_BACKOFF);
    }

    #[tokio::test(start_paused = true)]
    async fn accepting_does_not_wait_for_a_lost_connection() {
        let start = Instant::now();
        let outcomes = RefCell::new([Err(ErrorKind::ConnectionAborted.into()), Ok(1)].into_iter());
        assert_eq!(accept_next(|| async { outcomes.borrow_mut().next().expect("no more") }).await, 1);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_panic_in_the_sandbox_is_a_500() {
        async fn broken() {
            panic!("on purpose");
        }
        let router = Router::new().route("/", axum::routing::get(broken));
        let response = process(router, Request::new(Body::empty())).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_request_body_times_out_after_30_s() {
        let start = Instant::now();
        // A byte every 5 seconds is not enough.
        let slow = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        for body in [Body::from_stream(slow), Body::from_stream(stream::pending::<io::Result<String>>())] {
            let response = process(Router::new(), Request::new(body)).await;
            assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
            assert_eq!(response.headers()[CONNECTION], "close");
        }
        assert_eq!(start.elapsed(), 2 * BODY_TIMEOUT);
    }
}
