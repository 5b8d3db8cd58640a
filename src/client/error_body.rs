//! Finds the message in the body of an error. The spec has `{"error": "…"}`; other services and proxies have other
//! forms.

use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use super::encoding::Encoding;
use super::excerpt::excerpt;
use super::json_text;

/// The properties that hold a message, in the order in which they are printed. Case, `_`, `-`, `@` and `$` are
/// ignored.
const MESSAGE_NAMES: [&str; 17] = [
    "error",
    "errors",
    "fault",
    "faultstring",
    "title",
    "message",
    "messages",
    "errormessage",
    "msg",
    "detail",
    "details",
    "reason",
    "description",
    "errordescription",
    "cause",
    "causes",
    "text",
];

/// The properties that are omitted if there is a message.
const TECHNICAL: [&str; 9] =
    ["code", "instance", "path", "requestid", "status", "statuscode", "timestamp", "traceid", "type"];

/// The longest text of a body that is not JSON, in characters.
const MAX_TEXT: usize = 2000;

/// The longest title of an HTML page, in characters.
const MAX_TITLE: usize = 200;

/// The body in the form of the spec, with the message of the server.
pub(super) fn normalize(
    status: StatusCode,
    media_type: Option<&str>,
    encoding: Option<&Encoding>,
    body: &Bytes,
) -> Bytes {
    if let Some(encoding) = encoding {
        let message = no_message(status, &format!("a body that is {encoding}, which was not requested"));
        return json!({ "error": message }).to_string().into();
    }
    let message = message(status, media_type, body).unwrap_or_else(|what| no_message(status, &what));
    let mut normalized = json!({ "error": message });
    if let Some(code) = code_in(&json_text::parseable(body)) {
        normalized["code"] = code.into();
    }
    normalized.to_string().into()
}

/// The message in the body of an error. `Err` says what the body is instead.
pub(super) fn message(status: StatusCode, media_type: Option<&str>, body: &Bytes) -> Result<String, String> {
    match serde_json::from_slice(&json_text::parseable(body)) {
        Ok(value) => message_in(&value, Depth::Top).ok_or_else(|| "empty JSON".to_owned()),
        Err(_) => message_of_text(status, media_type, body),
    }
}

/// The machine-readable code in an error body; `None` if it has none.
pub(super) fn code_in(body: &[u8]) -> Option<String> {
    code_of(&serde_json::from_slice(body).ok()?).map(|code| excerpt(code, MAX_TITLE))
}

fn code_of(value: &Value) -> Option<&str> {
    ["/code", "/error/code"].iter().find_map(|place| value.pointer(place)?.as_str())
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Depth {
    Top,
    Inner,
}

/// The message in a value, in one line: the texts of [`MESSAGE_NAMES`], or else all of the value.
fn message_in(value: &Value, depth: Depth) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(|value| message_in(value, Depth::Inner)).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        Value::Object(members) => message_in_object(members, depth),
    }
}

fn message_in_object(members: &Map<String, Value>, depth: Depth) -> Option<String> {
    let mut messages: Vec<(usize, &String, String)> = members
        .iter()
        .filter(|(_, value)| !value.is_boolean() && !value.is_number())
        .filter_map(|(name, value)| {
            let place = MESSAGE_NAMES.iter().position(|known| *known == normalized_name(name))?;
            Some((place, name, message_in(value, Depth::Inner)?))
        })
        .collect();
    messages.sort_by_key(|(place, ..)| *place);
    let mut texts: Vec<&str> = Vec::new();
    for (.., text) in &messages {
        if !texts.iter().any(|known| known.contains(text.as_str())) {
            texts.push(text);
        }
    }
    let is_other = |name: &String| {
        let is_needed = messages.is_empty() || depth == Depth::Inner && !TECHNICAL.contains(&&*normalized_name(name));
        is_needed && !messages.iter().any(|(_, known, _)| *known == name)
    };
    let others = members.iter().filter(|(name, _)| is_other(name));
    let others: Vec<String> =
        others.filter_map(|(name, value)| Some(format!("{name}: {}", message_in(value, Depth::Inner)?))).collect();
    match (texts.join(": "), others.join(", ")) {
        (texts, others) if texts.is_empty() && others.is_empty() => None,
        (texts, others) if others.is_empty() => Some(texts),
        (texts, others) if texts.is_empty() => Some(others),
        (texts, others) => Some(format!("{texts} ({others})")),
    }
}

fn normalized_name(name: &str) -> String {
    name.chars().filter(|char| !matches!(char, '_' | '-' | '@' | '$')).flat_map(char::to_lowercase).collect()
}

fn message_of_text(status: StatusCode, media_type: Option<&str>, body: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return Err("an empty body".to_owned());
    }
    let is_declared = media_type.is_some_and(|media_type| media_type.to_lowercase().contains("html"));
    if text.starts_with('<') && (is_declared || is_html(text)) {
        let title = title(text).filter(|title| *title != status_text(status));
        let title = title.map(|title| format!(" ({title})")).unwrap_or_default();
        return Err(format!("an HTML page{title}"));
    }
    let invalid = text.chars().filter(|char| *char == char::REPLACEMENT_CHARACTER).count();
    if text.contains('\0') || invalid * 4 > text.chars().count() {
        return Err("binary data".to_owned());
    }
    Ok(excerpt(text, MAX_TEXT))
}

fn is_html(text: &str) -> bool {
    let start: String = text.chars().take(1000).flat_map(char::to_lowercase).collect();
    start.starts_with("<!doctype html") || start.contains("<html") || start.contains("<head") || start.contains("<body")
}

/// The title of an HTML page, in one line.
fn title(page: &str) -> Option<String> {
    // ASCII only, so that positions stay the same.
    let lower = page.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let start = tag + lower[tag..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let words: Vec<&str> = page[start..end].split_whitespace().collect();
    (!words.is_empty()).then(|| excerpt(&words.join(" "), MAX_TITLE))
}

fn no_message(status: StatusCode, what: &str) -> String {
    format!("the server returned {} with {what} instead of a message", status_text(status))
}

/// The status, with its name if it has one.
pub(super) fn status_text(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn message(media_type: &str, body: impl AsRef<[u8]>) -> String {
        let body = Bytes::copy_from_slice(body.as_ref());
        let body = normalize(StatusCode::BAD_GATEWAY, Some(media_type), None, &body);
        serde_json::from_slice::<Value>(&body).expect("JSON")["error"].as_str().expect("a text").to_owned()
    }

    #[test]
    fn the_message_is_found_in_every_form_of_json() {
        for (body, expected) in [
            (r#"{"error": " no\n", "code": "x", "path": "/x"}"#, "no"),
            (r#"{"error": "first", "error": "second"}"#, "second"),
            (r#"{"error": {"message": "quota"}}"#, "quota"),
            (r#"{"message": "quota"}"#, "quota"),
            (r#"{"Message": "quota", "__type": "Limit"}"#, "quota"),
            (r#"{"errors": ["email is invalid", "role is unknown"]}"#, "email is invalid; role is unknown"),
            (r#"{"errors": {"email": ["is invalid"]}}"#, "email: is invalid"),
            (r#"{"errors": [{"field": "email", "message": "is invalid"}]}"#, "is invalid (field: email)"),
            (r#"{"type": "https://x", "title": "Invalid", "status": 400, "detail": "no email"}"#, "Invalid: no email"),
            (r#"{"message": ["a", "b"]}"#, "a; b"),
            (r#"{"error": {"reason": "too many"}}"#, "too many"),
            (r#"{"error": "invalid_grant", "error_description": "expired"}"#, "invalid_grant: expired"),
            (r#"{"error": "Bad Request", "message": "no email", "path": "/x"}"#, "Bad Request: no email"),
            (r#"{"error": "no", "message": "no"}"#, "no"),
            (r#"{"fault": {"faultstring": "quota", "detail": {"errorcode": "x"}}}"#, "quota: errorcode: x"),
            (
                r#"{"detail": [{"loc": ["body", "email"], "msg": "field required"}]}"#,
                "field required (loc: body; email)",
            ),
            (r#"{"error": true, "info": {"why": "quota"}}"#, "error: true, info: why: quota"),
            (r#"{"error": 7, "note": "quota"}"#, "error: 7, note: quota"),
            (r#"{"success": false, "result": "quota"}"#, "success: false, result: quota"),
            (r#""quota""#, "quota"),
            (r#"["quota", {"more": "text"}]"#, "quota; more: text"),
            ("[1]", "1"),
            (r#"{"error": "half \ud800"}"#, "half \u{fffd}"),
        ] {
            assert_eq!(message("application/json", body), expected, "{body}");
        }
        assert_eq!(message("application/json", b"{\"error\": \"a\xffb\"}"), "a\u{fffd}b");
    }

    #[test]
    fn other_text_is_the_message() {
        for (text, expected) in [
            (" upstream timed out\n", "upstream timed out"),
            ("<Error><Message>quota</Message></Error>", "<Error><Message>quota</Message></Error>"),
            ("{\"error\": \"breaks o", "{\"error\": \"breaks o"),
        ] {
            assert_eq!(message("text/plain", text), expected);
        }
        assert_eq!(message("text/html", "not a page"), "not a page");
        assert_eq!(message("text/plain", b"ung\xfcltig"), "ung\u{fffd}ltig");
    }

    #[test]
    fn a_body_without_a_message_is_named() {
        let start = "the server returned 502 Bad Gateway with";
        for (media_type, body, what) in [
            ("text/html", &b"<html>"[..], "an HTML page"),
            ("text/plain", b"<!DOCTYPE html><TITLE>\n Bad\n gateway </TITLE>", "an HTML page (Bad gateway)"),
            ("application/json", b"", "an empty body"),
            ("application/json", b"{}", "empty JSON"),
            ("application/json", b"[null, {\"error\": \" \"}]", "empty JSON"),
            ("text/plain", b"a\0b", "binary data"),
            ("text/plain", b"\xfe\xff\xfe\xffab", "binary data"),
        ] {
            assert_eq!(message(media_type, body), format!("{start} {what} instead of a message"));
        }
        let encoding = Encoding::of(&HeaderMap::new(), b"\xff\xfe");
        let body = normalize(StatusCode::BAD_GATEWAY, None, encoding.as_ref(), &Bytes::new());
        assert!(String::from_utf8_lossy(&body).contains("a body that is encoded in UTF-16"), "{body:?}");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(message("text/plain", "ü".repeat(5000)).chars().count(), MAX_TEXT + 1);
    }
}
