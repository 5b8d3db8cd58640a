//! Removing a secret from what a server sent, in every way in which JSON, a URL or HTML may write it.

use std::borrow::Cow;

use bytes::Bytes;

const PLACEHOLDER: &[u8] = b"[credential]";

/// The text with a placeholder for each occurrence of the secret, which is visible ASCII. Case is ignored.
///
/// JSON that has the secret in its strings stays JSON.
pub(super) fn redacted(secret: &str, text: Bytes) -> Bytes {
    let secret = Secret::new(secret);
    let mut redacted: Option<Vec<u8>> = None;
    let (mut at, mut copied) = (0, 0);
    while at < text.len() {
        match secret.length_at(&text[at..]) {
            Some(length) => {
                let redacted = redacted.get_or_insert_default();
                redacted.extend_from_slice(&text[copied..at]);
                redacted.extend_from_slice(PLACEHOLDER);
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    match redacted {
        Some(mut redacted) => {
            redacted.extend_from_slice(&text[copied..]);
            redacted.into()
        }
        None => text,
    }
}

/// The same for a text.
#[cfg(feature = "sign-in")]
pub(super) fn redacted_text(secret: &str, text: &str) -> String {
    String::from_utf8_lossy(&redacted(secret, Bytes::copy_from_slice(text.as_bytes()))).into_owned()
}

struct Secret<'a> {
    /// A backslash that is repeated counts once, here and in texts: JSON doubles it.
    characters: Cow<'a, [u8]>,
}

impl<'a> Secret<'a> {
    fn new(secret: &'a str) -> Self {
        let is_doubled = |pair: &[u8]| pair == br"\\";
        if !secret.as_bytes().windows(2).any(is_doubled) {
            return Self { characters: Cow::Borrowed(secret.as_bytes()) };
        }
        let mut characters = secret.as_bytes().to_vec();
        characters.dedup_by(|next, previous| *next == b'\\' && *previous == b'\\');
        Self { characters: Cow::Owned(characters) }
    }

    /// How many bytes the secret takes at the start of a text, if it is there.
    fn length_at(&self, text: &[u8]) -> Option<usize> {
        let first = *self.characters.first()?;
        // Most bytes of a text cannot begin it.
        if !(text[0].eq_ignore_ascii_case(&first) || matches!(text[0], b'\\' | b'%' | b'&')) {
            return None;
        }
        length_of(&self.characters, text)
    }
}

/// How many bytes the characters take at the start of a text, if they are there, each as it is or escaped.
fn length_of(characters: &[u8], text: &[u8]) -> Option<usize> {
    let Some((first, others)) = characters.split_first() else { return Some(0) };
    let backslashes = text.iter().take_while(|byte| **byte == b'\\').count();
    let lengths = [unescaped(*first, text, backslashes), escaped(*first, text, backslashes)];
    lengths.into_iter().flatten().find_map(|length| Some(length + length_of(others, &text[length..])?))
}

fn unescaped(wanted: u8, text: &[u8], backslashes: usize) -> Option<usize> {
    if wanted == b'\\' {
        return (backslashes > 0).then_some(backslashes);
    }
    text.get(backslashes)?.eq_ignore_ascii_case(&wanted).then_some(backslashes + 1)
}

fn escaped(wanted: u8, text: &[u8], backslashes: usize) -> Option<usize> {
    let (character, length) = match &text[backslashes..] {
        // `\u0061`, `\x61`
        [b'u' | b'U', rest @ ..] if backslashes > 0 => (number(rest.get(..4)?, 16)?, 5),
        [b'x' | b'X', rest @ ..] if backslashes > 0 => (number(rest.get(..2)?, 16)?, 3),
        // `%61`, also when its `%` is escaped again.
        [b'%', rest @ ..] => {
            let again = rest.chunks_exact(2).take_while(|pair| pair == b"25").count() * 2;
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

/// The character of an HTML entity, with the length of the entity; the text stands after its `&`.
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

    const SECRET: &str = r#"s3cr/t+K=y-"0\01&%41"#;

    fn redact(text: &[u8]) -> Vec<u8> {
        redacted(SECRET, Bytes::copy_from_slice(text)).to_vec()
    }

    fn escaped(escape: impl Fn(u8) -> String) -> String {
        SECRET.bytes().map(escape).collect()
    }

    #[test]
    fn a_secret_is_removed_however_it_is_escaped() {
        let in_json = serde_json::to_string(SECRET).expect("JSON");
        let in_json = in_json.trim_matches('"');
        let twice = serde_json::to_string(in_json).expect("JSON");
        for written in [
            SECRET.to_owned(),
            SECRET.to_uppercase(),
            in_json.to_owned(),
            in_json.replace('/', r"\/"),
            twice.trim_matches('"').to_owned(),
            escaped(|byte| format!("\\u{byte:04x}")),
            escaped(|byte| format!("\\u{byte:04X}")),
            escaped(|byte| format!("\\\\u{byte:04x}")),
            escaped(|byte| format!("%{byte:02x}")),
            escaped(|byte| format!("%{byte:02X}")),
            escaped(|byte| format!("%25{byte:02X}")),
            escaped(|byte| format!("&#{byte};")),
            escaped(|byte| format!("&#x{byte:x};")),
            SECRET.replace('&', "&amp;").replace('"', "&quot;"),
            SECRET.replace('%', "%25"),
        ] {
            for (before, after) in [(&b""[..], &b""[..]), (b"\xff the key ", b" is bad\xfe")] {
                let expected = [before, PLACEHOLDER, after].concat();
                assert_eq!(redact(&[before, written.as_bytes(), after].concat()), expected, "{written}");
            }
        }
    }

    #[test]
    fn what_is_not_the_secret_stays() {
        for text in ["", "s3cr", r"\u00", "%", "&", "%25", "&#;", "\\", "s3cr/t+K=y-\"0", "the key is bad"] {
            assert_eq!(redact(text.as_bytes()), text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn json_stays_json_and_keeps_the_rest(
            secret in "[!-~]{12,20}",
            before in any::<String>(),
            after in any::<String>(),
        ) {
            let json = json!({ "before": before, "text": format!("{before}{secret}{after}"), "after": [after] });
            let text = redacted(&secret, json.to_string().into());
            let read: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
            let shown = read["text"].as_str().expect("a text").to_lowercase();
            prop_assert!(shown.contains("[credential]") && !shown.contains(&secret.to_lowercase()));
        }
    }
}
