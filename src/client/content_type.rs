//! The `Content-Type` of a request.

use reqwest::Request;
use reqwest::header::{CONTENT_TYPE, HeaderValue};

use crate::operation::Operation;

/// Sets the media type of the body to that of the spec: the generator knows only some.
pub(super) fn set_content_type(request: &mut Request, operation: &Operation) -> Result<(), String> {
    let (Some(content), Some(body)) = (operation.request, request.body()) else { return Ok(()) };
    let body = body.as_bytes().ok_or("a streamed body cannot be retried; use bytes")?;
    let media_type = match content.media_type {
        "multipart/form-data" => match boundary(body) {
            Some(boundary) => format!("multipart/form-data; boundary=\"{boundary}\""),
            None => return Err("invalid multipart body: it must begin with its boundary".to_owned()),
        },
        other => other.to_owned(),
    };
    if let Ok(value) = HeaderValue::from_str(&media_type) {
        request.headers_mut().insert(CONTENT_TYPE, value);
    }
    Ok(())
}

/// The boundary of a multipart body: its first line without the two dashes.
fn boundary(body: &[u8]) -> Option<&str> {
    let line = body.strip_prefix(b"--")?.split(|byte| *byte == b'\r').next()?;
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    (1..=70)
        .contains(&line.len())
        .then_some(line)
        .filter(|line| line.iter().all(is_allowed))
        .and_then(|line| str::from_utf8(line).ok())
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;
    use crate::operation::Content;

    fn content_type(media_type: &'static str, body: &'static str) -> Result<Option<String>, String> {
        let request = Some(Content { media_type, schema: "{}" });
        let operation = Operation { request, ..*Operation::UPDATE_USER };
        let mut request = Request::new(Method::PATCH, "http://127.0.0.1/".parse().expect("a URL"));
        *request.body_mut() = Some(body.into());
        set_content_type(&mut request, &operation)?;
        Ok(request.headers().get(CONTENT_TYPE).map(|value| value.to_str().expect("visible").to_owned()))
    }

    #[test]
    fn the_media_type_is_that_of_the_spec() {
        assert_eq!(
            content_type("application/merge-patch+json", "{}"),
            Ok(Some("application/merge-patch+json".to_owned()))
        );
        let form = "--x-1\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x-1--\r\n";
        assert_eq!(
            content_type("multipart/form-data", form),
            Ok(Some("multipart/form-data; boundary=\"x-1\"".to_owned()))
        );
        assert!(content_type("multipart/form-data", "not a form").is_err());
    }
}
