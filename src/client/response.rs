//! Reads a whole response, and converts its body to one that the generated code can parse.

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use reqwest::{Response, ResponseBuilderExt, StatusCode};

use super::encoding::Encoding;
use super::error_body;
use super::excerpt::excerpt;
use super::{AccessToken, json_text};

/// The headers with the request id, in order of preference.
const REQUEST_ID: [&str; 3] = ["x-request-id", "x-doit-trace", "cf-ray"];

/// The largest body of a success, in bytes (256 MiB): a list of about a million users.
pub const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

/// The most of an error body that is read, in bytes (1 MiB).
pub(super) const MAX_ERROR_BYTES: usize = 1024 * 1024;

/// The longest request id that is kept, in characters.
const MAX_REQUEST_ID: usize = 200;

/// Why the body of a success cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnreadableBody {
    /// The body is larger than this many bytes.
    #[error("the response is larger than {} MiB, the limit of this client", .0 / 1024 / 1024)]
    TooLarge(usize),
    /// The body has an encoding that the client did not request.
    #[error("the response is {0}, which was not requested")]
    Encoded(Encoding),
}

/// The whole body as the server sent it, without a byte order mark: an extension of the [`Response`].
#[derive(Clone)]
pub(super) struct WholeBody(pub Bytes);

/// Reads the whole body of a response. The body of an error is converted to the form of the spec.
///
/// The status of an error survives an unreadable body. A success with an unreadable body fails when it is parsed.
pub(super) async fn read_whole(mut response: Response, token: Option<&AccessToken>) -> reqwest::Result<Response> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let mut body = Bytes::new();
    let read = if is_error {
        // The status matters most, so a message that breaks off or is too long is cut.
        let _ = read_body(&mut response, &mut body, MAX_ERROR_BYTES).await;
        Ok(())
    } else {
        read_body(&mut response, &mut body, MAX_BODY_BYTES).await?
    };
    if let Some(token) = token {
        token.redact_headers(response.headers_mut());
    }
    let encoding = Encoding::of(response.headers(), &body);
    let mut body = without_byte_order_mark(body);
    if let Some(redacted) = token.and_then(|token| token.redacted(&body)) {
        body = redacted.into();
    }
    if is_error {
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let normalized = error_body::normalize(status, media_type, encoding.as_ref(), &body);
        return Ok(rebuild(response, status, normalized.clone().into(), Some(normalized)));
    }
    if let Err(unreadable) =
        read.and_then(|()| encoding.map_or(Ok(()), |encoding| Err(UnreadableBody::Encoded(encoding))))
    {
        let unreadable = reqwest::Body::wrap_stream(futures_util::stream::iter([Err::<Bytes, _>(unreadable)]));
        return Ok(rebuild(response, status, unreadable, None));
    }
    let parsed = json_text::parseable(&body);
    Ok(rebuild(response, status, parsed.into(), Some(body)))
}

/// A response of the client's own. It has the headers of a response of the server.
pub(super) fn own_response(from: Response, status: StatusCode, body: Bytes) -> Response {
    rebuild(from, status, body.clone().into(), Some(body))
}

/// Reads the body up to a limit in bytes. `body` keeps what was read before an error.
pub(super) async fn read_body(
    response: &mut Response,
    body: &mut Bytes,
    limit: usize,
) -> reqwest::Result<Result<(), UnreadableBody>> {
    while let Some(mut chunk) = response.chunk().await? {
        let room = limit - body.len();
        let is_too_large = chunk.len() > room;
        chunk.truncate(room);
        // Most bodies are one chunk, which needs no copy.
        *body = if body.is_empty() { chunk } else { appended(std::mem::take(body), &chunk) };
        if is_too_large {
            return Ok(Err(UnreadableBody::TooLarge(limit)));
        }
    }
    Ok(Ok(()))
}

/// The bytes with more after them. The buffer grows in place if nothing else uses it.
fn appended(body: Bytes, more: &[u8]) -> Bytes {
    let mut body = body.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    body.extend_from_slice(more);
    body.freeze()
}

pub(super) fn without_byte_order_mark(body: Bytes) -> Bytes {
    if body.starts_with("\u{feff}".as_bytes()) { body.slice('\u{feff}'.len_utf8()..) } else { body }
}

fn rebuild(mut from: Response, status: StatusCode, body: reqwest::Body, whole: Option<Bytes>) -> Response {
    let url = from.url().clone();
    let rebuilt = http::Response::builder().status(status).version(from.version()).url(url).body(body);
    let mut rebuilt = rebuilt.expect("the parts of a response are valid");
    *rebuilt.headers_mut() = std::mem::take(from.headers_mut());
    // They belong to the body on the wire.
    rebuilt.headers_mut().remove(CONTENT_LENGTH);
    rebuilt.headers_mut().remove(TRANSFER_ENCODING);
    if let Some(whole) = whole {
        rebuilt.extensions_mut().insert(WholeBody(whole));
    }
    rebuilt.into()
}

/// The request id of the server.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = REQUEST_ID.iter().find_map(|name| headers.get(*name)?.to_str().ok())?;
    Some(excerpt(id, MAX_REQUEST_ID))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use reqwest::header::HeaderValue;

    use super::*;
    use crate::types;

    proptest! {
        #[test]
        fn a_status_survives_any_body(
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
            let response = runtime.block_on(read_whole(response.into(), None)).expect("the body is in memory");
            prop_assert_eq!(response.status().as_u16(), status);
            if (400..600).contains(&status) {
                let read: types::Error = runtime.block_on(response.json()).expect("a body in the form of the spec");
                prop_assert!(read.error.is_some_and(|message| !message.trim().is_empty()));
            } else if Encoding::of(&HeaderMap::new(), &body).is_none() {
                let kept = response.extensions().get::<WholeBody>().expect("the whole body").0.clone();
                prop_assert_eq!(kept, without_byte_order_mark(body.into()));
            }
        }
    }
}
