//! Redacts a secret in a response, also if JSON, a URL or HTML escapes it.

use std::borrow::Cow;

pub(super) const PLACEHOLDER: &str = "[credential]";

/// Replaces each occurrence of the secret, which is visible ASCII, with a placeholder. Case is ignored. `None` if the
/// text does not have it.
///
/// JSON with the secret in its strings stays valid.
pub(super) fn redacted(secret: &str, text: &[u8]) -> Option<Vec<u8>> {
    let mut secret = Cow::Borrowed(secret.as_bytes());
    // JSON doubles a backslash, so any number of them matches one.
    if secret.contains(&b'\\') {
        secret.to_mut().dedup_by(|next, previous| *next == b'\\' && *previous == b'\\');
    }
    let first = secret.first()?;
    // Fast path: most bytes cannot start the secret.
    let may_start = |byte: u8| byte.eq_ignore_ascii_case(first) || matches!(byte, b'\\' | b'%' | b'&');
    let mut redacted: Option<Vec<u8>> = None;
    let (mut at, mut copied) = (0, 0);
    while at < text.len() {
        match may_start(text[at]).then(|| length_of(&secret, &text[at..])).flatten() {
            Some(length) => {
                let redacted = redacted.get_or_insert_default();
                redacted.extend_from_slice(&text[copied..at]);
                redacted.extend_from_slice(PLACEHOLDER.as_bytes());
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    let mut redacted = redacted?;
    redacted.extend_from_slice(&text[copied..]);
    Some(redacted)
}

/// Redacts a string.
#[cfg(feature = "sign-in")]
pub(super) fn redacted_text(secret: &str, text: &str) -> String {
    match redacted(secret, text.as_bytes()) {
        Some(redacted) => String::from_utf8_lossy(&redacted).into_owned(),
        None => text.to_owned(),
    }
}

/// The most backslashes before a character: JSON in JSON in JSON has seven.
const MAX_BACKSLASHES: usize = 8;

/// The length of the characters at the start of a text, each as it is or escaped; `None` if they are not there.
fn length_of(characters: &[u8], text: &[u8]) -> Option<usize> {
    let Some((first, others)) = characters.split_first() else { return Some(0) };
    let backslashes = text.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    let is_length = |length: &usize| match first {
        b'\\' => *length <= backslashes,
        _ => *length == backslashes + 1 && text.get(backslashes).is_some_and(|byte| byte.eq_ignore_ascii_case(first)),
    };
    // JSON doubles a backslash: the last of an odd number escapes what follows.
    let (even, odd) = ((2..=MAX_BACKSLASHES).rev().step_by(2), (1..=MAX_BACKSLASHES + 1).rev().step_by(2));
    let mut lengths = even.chain(odd).filter(is_length).chain(escaped(*first, text, backslashes));
    lengths.find_map(|length| Some(length + length_of(others, &text[length..])?))
}

/// The length of an escaped character at the start of a text, with its backslashes.
fn escaped(wanted: u8, text: &[u8], backslashes: usize) -> Option<usize> {
    let (character, length) = match &text[backslashes..] {
        // `\u0061`, `\x61`
        [b'u' | b'U', rest @ ..] if backslashes > 0 => (number(rest.get(..4)?, 16)?, 5),
        [b'x' | b'X', rest @ ..] if backslashes > 0 => (number(rest.get(..2)?, 16)?, 3),
        // `%61`, also if its `%` is escaped again
        [b'%', rest @ ..] => {
            let again = rest.chunks_exact(2).take(MAX_BACKSLASHES).take_while(|pair| pair == b"25").count() * 2;
            match rest.get(again..again + 2).and_then(|pair| number(pair, 16)) {
                Some(character) if character == u32::from(wanted) => (character, again + 3),
                _ if wanted == b'%' && again > 0 => (u32::from(b'%'), again + 1),
                other => (other?, again + 3),
            }
        }
        [b'&', rest @ ..] => entity(rest)?,
        _ => return None,
    };
    let is_wanted = |byte: u8| byte.eq_ignore_ascii_case(&wanted);
    u8::try_from(character).is_ok_and(is_wanted).then_some(backslashes + length)
}

/// The character of an HTML entity and the length of the entity. The text starts after the `&`.
fn entity(text: &[u8]) -> Option<(u32, usize)> {
    let end = text.iter().take(10).position(|byte| *byte == b';')?;
    let character = match &text[..end] {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        _ => return None,
    };
    Some((character, end + 2))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SECRETS: [&str; 3] = [r#"s3cr/t+K=y-"0\01&%41"#, r#"a"quo\ted'k%ey/<&>"#, r#"\//""''%%++==\u0041"#];

    fn redact(secret: &str, text: &[u8]) -> Vec<u8> {
        redacted(secret, text).unwrap_or_else(|| text.to_vec())
    }

    #[test]
    fn every_escaped_form_of_a_secret_is_redacted() {
        for secret in SECRETS {
            let each = |escape: &dyn Fn(u8) -> String| secret.bytes().map(escape).collect::<String>();
            let in_json = |text: &str| {
                let json = serde_json::to_string(text).expect("JSON");
                json[1..json.len() - 1].to_owned()
            };
            let every_second = |escape: &dyn Fn(u8) -> String| -> String {
                let characters = secret.bytes().enumerate();
                let plain = |byte: u8| in_json(&char::from(byte).to_string());
                characters.map(|(index, byte)| if index % 2 == 0 { escape(byte) } else { plain(byte) }).collect()
            };
            for written in [
                secret.to_owned(),
                secret.to_uppercase(),
                in_json(secret),
                in_json(secret).replace('/', r"\/"),
                in_json(&in_json(secret)),
                each(&|byte| format!("\\u{byte:04x}")),
                each(&|byte| format!("\\u{byte:04X}")),
                each(&|byte| format!("\\\\u{byte:04x}")),
                every_second(&|byte| format!("\\u{byte:04x}")),
                each(&|byte| format!("%{byte:02x}")),
                each(&|byte| format!("%{byte:02X}")),
                each(&|byte| format!("%25{byte:02X}")),
                each(&|byte| format!("&#{byte};")),
                each(&|byte| format!("&#x{byte:x};")),
                secret.replace('&', "&amp;").replace('"', "&quot;"),
            ] {
                for (before, after) in [(&b""[..], &b""[..]), (b"\xff the key ", b" is bad\xfe")] {
                    let expected = [before, PLACEHOLDER.as_bytes(), after].concat();
                    let redacted = redact(secret, &[before, written.as_bytes(), after].concat());
                    assert_eq!(String::from_utf8_lossy(&redacted), String::from_utf8_lossy(&expected), "{written}");
                }
            }
        }
    }

    #[test]
    fn other_text_is_unchanged() {
        for text in ["", "s3cr", r"\u00", "%", "&", "%25", "&#;", "\\", "s3cr/t+K=y-\"0", "the key is bad"] {
            assert_eq!(redact(SECRETS[0], text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn a_quote_after_a_backslash_stays_escaped() {
        let json = json!([r#"a!a0a0!AA!0\""#]).to_string();
        assert_eq!(redact(r"a!a0a0!AA!0\", json.as_bytes()), br#"["[credential]\""]"#);
    }

    proptest! {
        #[test]
        fn json_stays_valid_and_keeps_the_rest(
            secret in "[!-~]{12,20}",
            before in any::<String>(),
            after in any::<String>(),
        ) {
            let json = json!({ "before": before, "text": format!("{before}{secret}{after}"), "after": [after] });
            let text = redacted(&secret, json.to_string().as_bytes()).expect("the secret is in it");
            let read: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
            let text = read["text"].as_str().expect("a text").to_lowercase();
            prop_assert!(text.contains(PLACEHOLDER) && !text.contains(&secret.to_lowercase()));
        }
    }
}
