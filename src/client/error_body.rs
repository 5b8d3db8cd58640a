//! The bodies of error responses. The spec promises `{"error": "…"}`; other services and proxies have other forms.

use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use super::encoding::Encoding;
use super::json_text;

/// The names under which services say what is wrong, in the order in which they are shown. They are compared without
/// regard to case, `_` and `-`.
const TELLING: [&str; 17] = [
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

/// What people can do without beside a text.
const TECHNICAL: [&str; 9] =
    ["code", "instance", "path", "requestid", "status", "statuscode", "timestamp", "traceid", "type"];

/// The longest text of a body that is not JSON, in characters.
const MAX_TEXT: usize = 2000;

/// The longest title of an HTML page, in characters.
const MAX_TITLE: usize = 200;

/// A body that the spec promises, with what the server said in the one that it sent.
pub(super) fn documented(
    status: StatusCode,
    media_type: Option<&str>,
    encoding: Option<&Encoding>,
    body: &Bytes,
) -> Bytes {
    if let Some(encoding) = encoding {
        let message = instead_of_message(status, &format!("a body that is {encoding}, which was not requested"));
        return json!({ "error": message }).to_string().into();
    }
    let body = json_text::parseable(body);
    let value: Option<Value> = serde_json::from_slice(&body).ok();
    let said = value.as_ref().and_then(|value| said(value, Depth::Top));
    let message = match (&value, said) {
        // The body is what the spec promises.
        (Some(value), Some(said)) if value["error"] == *said => return body,
        (Some(_), Some(said)) => said,
        (Some(_), None) => instead_of_message(status, "empty JSON"),
        (None, _) => message_of_text(status, media_type, &body),
    };
    let mut documented = json!({ "error": message });
    if let Some(code) = value.as_ref().and_then(code_of) {
        documented["code"] = code.into();
    }
    documented.to_string().into()
}

/// The machine-readable code in an error body, where the service sends one beside the message.
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

/// What a value says, in one line: texts under the names that services use for them, or else all that is in it.
fn said(value: &Value, depth: Depth) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()).map(|trimmed| {
            // A documented message stays as it was sent.
            if depth == Depth::Top { text.clone() } else { trimmed }
        }),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(|value| said(value, Depth::Inner)).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        Value::Object(members) => said_by_members(members, depth),
    }
}

fn said_by_members(members: &Map<String, Value>, depth: Depth) -> Option<String> {
    let mut telling: Vec<(usize, &String, String)> = members
        .iter()
        .filter(|(_, value)| !value.is_boolean() && !value.is_number())
        .filter_map(|(name, value)| {
            let place = TELLING.iter().position(|telling| *telling == plain_name(name))?;
            // The only text of a documented body stays as it was sent.
            let text = if value.is_string() { said(value, depth) } else { said(value, Depth::Inner) };
            Some((place, name, text?))
        })
        .collect();
    telling.sort_by_key(|(place, ..)| *place);
    let mut texts: Vec<&str> = Vec::new();
    for (.., text) in &telling {
        if !texts.iter().any(|known| known.contains(text.as_str())) {
            texts.push(text);
        }
    }
    let is_other = |name: &String| {
        let is_needed = telling.is_empty() || depth == Depth::Inner && !TECHNICAL.contains(&&*plain_name(name));
        is_needed && !telling.iter().any(|(_, told, _)| *told == name)
    };
    let others = members.iter().filter(|(name, _)| is_other(name));
    let others: Vec<String> =
        others.filter_map(|(name, value)| Some(format!("{name}: {}", said(value, Depth::Inner)?))).collect();
    match (texts.join(": "), others.join(", ")) {
        (texts, others) if texts.is_empty() && others.is_empty() => None,
        (texts, others) if others.is_empty() => Some(texts),
        (texts, others) if texts.is_empty() => Some(others),
        (texts, others) => Some(format!("{texts} ({others})")),
    }
}

fn plain_name(name: &str) -> String {
    name.chars().filter(|char| !matches!(char, '_' | '-' | '@' | '$')).flat_map(char::to_lowercase).collect()
}

fn message_of_text(status: StatusCode, media_type: Option<&str>, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return instead_of_message(status, "an empty body");
    }
    let is_declared = media_type.is_some_and(|media_type| media_type.to_lowercase().contains("html"));
    if text.starts_with('<') && (is_declared || is_html(text)) {
        let title = title(text).filter(|title| *title != named(status));
        let title = title.map(|title| format!(" ({title})")).unwrap_or_default();
        return instead_of_message(status, &format!("an HTML page{title}"));
    }
    let (odd, all) = (text.chars().filter(|char| *char == char::REPLACEMENT_CHARACTER).count(), text.chars().count());
    if text.contains('\0') || odd * 4 > all {
        return instead_of_message(status, "binary data");
    }
    excerpt(text, MAX_TEXT)
}

fn is_html(text: &str) -> bool {
    let start: String = text.chars().take(1000).flat_map(char::to_lowercase).collect();
    start.starts_with("<!doctype html") || start.contains("<html") || start.contains("<head") || start.contains("<body")
}

/// The title of an HTML page, in one line.
fn title(page: &str) -> Option<String> {
    // As long as the page: what has another length in lower case is not ASCII.
    let lower = page.to_ascii_lowercase();
    let begun = lower.find("<title")?;
    let begun = begun + lower[begun..].find('>')? + 1;
    let end = begun + lower[begun..].find("</title")?;
    let words: Vec<&str> = page[begun..end].split_whitespace().collect();
    (!words.is_empty()).then(|| excerpt(&words.join(" "), MAX_TITLE))
}

/// The beginning of a text, in characters.
pub(super) fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn instead_of_message(status: StatusCode, what: &str) -> String {
    format!("the server answered {} with {what} instead of a message", named(status))
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

    fn rewritten(media_type: &str, body: &[u8]) -> Bytes {
        documented(StatusCode::BAD_GATEWAY, Some(media_type), None, &Bytes::copy_from_slice(body))
    }

    fn message(media_type: &str, body: impl AsRef<[u8]>) -> String {
        let body = rewritten(media_type, body.as_ref());
        serde_json::from_slice::<Value>(&body).expect("JSON")["error"].as_str().expect("a text").to_owned()
    }

    #[test]
    fn a_documented_body_stays_as_it_is() {
        for body in [r#"{"error": "no", "code": "x"}"#, r#"{ "error": " no\n", "path": "/x" }"#] {
            assert_eq!(rewritten("application/json", body.as_bytes()), body);
        }
    }

    #[test]
    fn what_a_server_said_is_found_in_every_form_of_json() {
        for (body, said) in [
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
            assert_eq!(message("application/json", body), said, "{body}");
        }
        assert_eq!(message("application/json", b"{\"error\": \"a\xffb\"}"), "a\u{fffd}b");
    }

    #[test]
    fn other_text_is_the_message() {
        for (text, said) in [
            (" upstream timed out\n", "upstream timed out"),
            ("<Error><Message>quota</Message></Error>", "<Error><Message>quota</Message></Error>"),
            ("{\"error\": \"breaks o", "{\"error\": \"breaks o"),
        ] {
            assert_eq!(message("text/plain", text), said);
        }
        assert_eq!(message("text/html", "not a page"), "not a page");
        assert_eq!(message("text/plain", b"ung\xfcltig"), "ung\u{fffd}ltig");
    }

    #[test]
    fn a_code_is_kept() {
        for body in [r#"{"code": "x", "message": "no"}"#, r#"{"error": {"code": "x", "message": "no"}}"#] {
            assert_eq!(code_in(&rewritten("application/json", body.as_bytes())).as_deref(), Some("x"));
        }
    }

    #[test]
    fn what_is_not_a_message_is_named() {
        let start = "the server answered 502 Bad Gateway with";
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
        let compressed = documented(StatusCode::BAD_GATEWAY, None, Some(&Encoding::Utf16), &Bytes::new());
        assert!(String::from_utf8_lossy(&compressed).contains("a body that is encoded in UTF-16"), "{compressed:?}");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(message("text/plain", "ü".repeat(5000)).chars().count(), MAX_TEXT + 1);
    }
}
