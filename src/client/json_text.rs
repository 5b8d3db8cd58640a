//! Makes JSON parseable that has lone surrogates or bytes that are not UTF-8.

use bytes::Bytes;
use memchr::memchr_iter;

/// Replaces with U+FFFD what a Rust string cannot hold, so that the rest can be parsed.
pub(super) fn parseable(body: &Bytes) -> Bytes {
    let mut text = match str::from_utf8(body) {
        Ok(_) if !may_have_surrogates(body) => return body.clone(),
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let mut at = 0;
    while let Some(backslash) = text[at..].find('\\').map(|found| at + found) {
        at = backslash + 2;
        match (surrogate(&text[backslash..]), surrogate(text.get(backslash + 6..).unwrap_or_default())) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at = backslash + 12,
            (Some(_), _) => text.replace_range(backslash..backslash + 6, "\\ufffd"),
            (None, _) if !text.is_char_boundary(at) || at > text.len() => break,
            (None, _) => {}
        }
    }
    text.into()
}

fn may_have_surrogates(body: &[u8]) -> bool {
    memchr_iter(b'\\', body).any(|at| body[at..].get(..3).is_some_and(|start| start.eq_ignore_ascii_case(br"\ud")))
}

/// The surrogate that is escaped at the start of the text; `None` if there is none.
fn surrogate(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok().filter(|unit| (0xd800..=0xdfff).contains(unit))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parsed(body: &[u8]) -> Value {
        serde_json::from_slice(&parseable(&Bytes::copy_from_slice(body))).expect("JSON")
    }

    #[test]
    fn lone_surrogates_and_invalid_utf8_are_replaced() {
        assert_eq!(
            parsed(br#"["\ud800", "a\uDFFFb", "\ud83d\ude00", "\ud83d\ud83d\ude00", "\\ud800"]"#),
            serde_json::json!(["\u{fffd}", "a\u{fffd}b", "😀", "\u{fffd}😀", "\\ud800"])
        );
        assert_eq!(parsed(b"[\"a\xffb\"]"), serde_json::json!(["a\u{fffd}b"]));
    }

    #[test]
    fn everything_else_is_unchanged() {
        for body in
            ["", "{}", r#"{"a": "\u00e9 \\ \" \/ é"}"#, r#"{"a": "\ud83d\ude00"}"#, r"\", r"\ud", r"\ud8\u", "\\é"]
        {
            assert_eq!(parseable(&Bytes::from(body)), body);
        }
    }
}
