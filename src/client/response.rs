use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use reqwest::{Response, ResponseBuilderExt};

use super::{AccessToken, error_body};

/// The headers in which the service names a request.
const REQUEST_ID: [&str; 3] = ["x-request-id", "x-doit-trace", "cf-ray"];

/// The largest body of an answer, in bytes (10 MiB).
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The body of a success is larger than [`MAX_BODY_BYTES`].
#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {} MiB", MAX_BODY_BYTES / 1024 / 1024)]
pub(super) struct BodyTooLarge;

/// The whole body of an answer, kept beside the [`Response`] for errors that the generated code does not read.
#[derive(Clone)]
pub(super) struct WholeBody(pub Bytes);

/// The response with its whole body read, and with a body that the document promises if it is an error.
///
/// The status of an error survives whatever its body is; a success that is too large fails when it is read.
pub(super) async fn complete(mut response: Response, token: Option<&AccessToken>) -> reqwest::Result<Response> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let mut body = BytesMut::new();
    let too_large = match read_body(&mut response, &mut body).await {
        Ok(read) => read.is_err(),
        // The status says what is to be known; the message is only lost.
        Err(_) if is_error => false,
        Err(broken_off) => return Err(broken_off),
    };
    let mut body = body.freeze();
    if let Some(token) = token {
        body = token.redacted(body);
        for name in REQUEST_ID {
            if let Some(value) = response.headers_mut().get_mut(name) {
                token.redact_header(value);
            }
        }
    }

    if too_large && !is_error {
        let failing = reqwest::Body::wrap_stream(futures_util::stream::iter([Err::<Bytes, _>(BodyTooLarge)]));
        return Ok(rebuild(response, failing, None));
    }
    if is_error && !error_body::is_as_documented(&body) {
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let rewritten = error_body::rewrite(status, media_type, &body);
        return Ok(rebuild(response, rewritten.clone().into(), Some(rewritten)));
    }
    Ok(rebuild(response, body.clone().into(), Some(body)))
}

/// Reads the body up to [`MAX_BODY_BYTES`]; what came before it broke off is kept.
pub(super) async fn read_body(
    response: &mut Response,
    body: &mut BytesMut,
) -> reqwest::Result<Result<(), BodyTooLarge>> {
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Ok(Err(BodyTooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Ok(()))
}

fn rebuild(mut from: Response, body: reqwest::Body, whole: Option<Bytes>) -> Response {
    let url = from.url().clone();
    let rebuilt = http::Response::builder().status(from.status()).version(from.version()).url(url).body(body);
    let mut rebuilt = rebuilt.expect("what was read is valid");
    *rebuilt.headers_mut() = std::mem::take(from.headers_mut());
    // They told how long the body on the wire was.
    rebuilt.headers_mut().remove(CONTENT_LENGTH);
    rebuilt.headers_mut().remove(TRANSFER_ENCODING);
    if let Some(whole) = whole {
        rebuilt.extensions_mut().insert(WholeBody(whole));
    }
    rebuilt.into()
}

/// What the server calls the request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    REQUEST_ID.iter().find_map(|name| headers.get(*name)?.to_str().ok()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use reqwest::StatusCode;
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::types;

    proptest! {
        #[test]
        fn a_status_survives_any_body_and_an_error_gets_a_message(
            status in 100_u16..1000,
            media_type in prop::option::of(any::<Vec<u8>>()),
            body in prop_oneof![any::<Vec<u8>>(), any::<String>().prop_map(String::into_bytes), Just(br#"{"error":"#.to_vec())],
        ) {
            let mut response = http::Response::new(reqwest::Body::from(body.clone()));
            *response.status_mut() = StatusCode::from_u16(status).expect("three digits");
            if let Some(value) = media_type.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()) {
                response.headers_mut().insert(CONTENT_TYPE, value);
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let completed = runtime.block_on(complete(response.into(), None)).expect("the body is in memory");
            prop_assert_eq!(completed.status().as_u16(), status);
            if (400..600).contains(&status) {
                let read: types::Error = runtime.block_on(completed.json()).expect("a body as documented");
                prop_assert!(read.error.is_some_and(|message| !message.trim().is_empty()));
            } else {
                prop_assert_eq!(runtime.block_on(completed.bytes()).expect("in memory"), body);
            }
        }
    }
}
