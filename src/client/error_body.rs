//! The bodies of error responses. The document promises `{"error": "…"}`; an edge may send a page of HTML.

use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::types;

/// The longest text of a body that is not JSON which goes into a message, in characters.
const MAX_EXCERPT: usize = 200;

/// Whether the generated code can read the body, and finds a message in it.
pub(super) fn is_as_documented(body: &[u8]) -> bool {
    let error = serde_json::from_slice(body).ok().and_then(|types::Error { error }| error);
    error.is_some_and(|message| !message.trim().is_empty())
}

/// A body that the document promises, with what can be told from the one that came.
pub(super) fn rewrite(status: StatusCode, media_type: Option<&str>, body: &[u8]) -> Bytes {
    let message = match serde_json::from_slice::<Value>(body) {
        Ok(value) => message_in(&value).map_or_else(|| unreadable(status, "unknown JSON"), str::to_owned),
        Err(_) => message_of_text(status, media_type, body),
    };
    let mut rewritten = json!({ "error": message });
    if let Some(code) = code_in(body) {
        rewritten["code"] = code.into();
    }
    rewritten.to_string().into()
}

/// The machine-readable code in an error body, where the service sends one beside the message.
pub(super) fn code_in(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    ["/code", "/error/code"].iter().find_map(|place| value.pointer(place)?.as_str()).map(str::to_owned)
}

fn message_in(value: &Value) -> Option<&str> {
    let places = ["/error", "/error/message", "/message", "/errors/0/message", "/detail"];
    places.iter().filter_map(|place| value.pointer(place)?.as_str()).find(|text| !text.trim().is_empty())
}

fn message_of_text(status: StatusCode, media_type: Option<&str>, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return unreadable(status, "an empty body");
    }
    if text.starts_with('<') || media_type.is_some_and(|media_type| media_type.contains("html")) {
        return unreadable(status, "an HTML page");
    }
    if text.contains('\0') || text.contains(char::REPLACEMENT_CHARACTER) {
        return unreadable(status, "binary data");
    }
    excerpt(text, MAX_EXCERPT)
}

/// The beginning of a text, in characters.
pub(super) fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn unreadable(status: StatusCode, what: &str) -> String {
    format!("the server answered {} with {what} in place of a message", named(status))
}

/// The status and what it is called, if it has a name.
pub(super) fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(media_type: &str, body: &str) -> String {
        let rewritten = rewrite(StatusCode::BAD_GATEWAY, Some(media_type), body.as_bytes());
        assert!(is_as_documented(&rewritten));
        serde_json::from_slice::<Value>(&rewritten).expect("JSON")["error"].as_str().expect("a text").to_owned()
    }

    #[test]
    fn a_documented_body_is_one_with_a_message() {
        assert!(is_as_documented(br#"{"error": "no", "code": "x"}"#));
        for other in [
            r#"{"error": " "}"#,
            r#"{"error": "a", "error": "b"}"#,
            "",
            "{}",
            "[]",
            "null",
            r#"{"error": {"message": "no"}}"#,
            r#"{"message": "no"}"#,
            "<html>",
        ] {
            assert!(!is_as_documented(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn messages_are_found_where_other_services_put_them() {
        assert_eq!(message("application/json", r#"{"error": {"message": "quota"}}"#), "quota");
        assert_eq!(message("application/json", r#"{"message": "quota"}"#), "quota");
        assert_eq!(message("text/plain", " upstream timed out\n"), "upstream timed out");
    }

    #[test]
    fn a_code_is_kept() {
        for body in [r#"{"code": "x", "message": "no"}"#, r#"{"error": {"code": "x", "message": "no"}}"#] {
            let rewritten = rewrite(StatusCode::BAD_REQUEST, None, body.as_bytes());
            assert_eq!(code_in(&rewritten).as_deref(), Some("x"));
        }
    }

    #[test]
    fn what_is_no_message_is_named() {
        let start = "the server answered 502 Bad Gateway with";
        assert_eq!(message("text/html", "<html>"), format!("{start} an HTML page in place of a message"));
        assert_eq!(message("application/json", ""), format!("{start} an empty body in place of a message"));
        assert_eq!(message("application/json", "[1]"), format!("{start} unknown JSON in place of a message"));
        assert_eq!(message("text/plain", "a\0b"), format!("{start} binary data in place of a message"));
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(message("text/plain", &"ü".repeat(1000)).chars().count(), MAX_EXCERPT + 1);
    }
}
