//! Detects an encoding of a body. The client requests none, so every encoding is an error.

use std::fmt;

use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use serde::de::IgnoredAny;

use super::excerpt::excerpt;

/// The longest name that is kept, in characters.
const MAX_NAME: usize = 50;

/// The encoding of a body in words, such as `encoded as gzip`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Encoding(String);

impl Encoding {
    /// Detects the encoding from the first bytes of the body, or from the header if the body is not JSON.
    pub fn of(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let found = match body {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some(Self("encoded in UTF-32".to_owned())),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..] => {
                return Some(Self("encoded in UTF-16".to_owned()));
            }
            [0x1f, 0x8b, ..] => Some("gzip"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => Some("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("xz"),
            // `deflate` means zlib, and this is its header.
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] if !is_text(body) => Some("deflate"),
            _ => None,
        };
        let declared = declared(headers).filter(|_| found.is_some() || !is_json(body));
        let name = declared.or_else(|| found.map(str::to_owned))?;
        Some(Self(format!("encoded as {name}")))
    }
}

/// The encodings in the header; `None` if there are none.
fn declared(headers: &HeaderMap) -> Option<String> {
    let names = headers.get(CONTENT_ENCODING)?.to_str().ok()?.to_lowercase();
    let is_named = |name: &&str| !["", "identity", "utf-8", "none"].contains(name);
    let names: Vec<&str> = names.split(',').map(str::trim).filter(is_named).collect();
    (!names.is_empty()).then(|| excerpt(&names.join(", "), MAX_NAME))
}

fn is_json(body: &[u8]) -> bool {
    body.is_empty()
        || serde_json::from_slice::<IgnoredAny>(body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)).is_ok()
}

fn is_text(body: &[u8]) -> bool {
    str::from_utf8(body).is_ok_and(|text| !text.contains(|char: char| char.is_control() && !char.is_ascii_whitespace()))
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn encoding(declared: Option<&'static str>, body: &[u8]) -> Option<String> {
        let headers = declared.map(|name| (CONTENT_ENCODING, HeaderValue::from_static(name)));
        Encoding::of(&headers.into_iter().collect(), body).map(|encoding| encoding.to_string())
    }

    #[test]
    fn the_body_or_its_header_names_the_encoding() {
        for (declared, body, name) in [
            (None, &b"\x1f\x8b\x08\0"[..], "encoded as gzip"),
            (Some("gzip"), b"\x1f\x8b\x08\0", "encoded as gzip"),
            (Some("BR"), b"\x0b\x02\x80{}\x03", "encoded as br"),
            (Some("identity, br"), b"\x0b\x02\x80{}\x03", "encoded as br"),
            (Some("gzip, br"), b"\x0b\x02\x80{}\x03", "encoded as gzip, br"),
            (Some("x-gzip"), b"\x1f\x8b\x08\0", "encoded as x-gzip"),
            (Some("rot13"), b"{\"n\": 1", "encoded as rot13"),
            (None, b"x\x9c\xab\x56", "encoded as deflate"),
            (None, b"\x28\xb5\x2f\xfd\x04", "encoded as zstd"),
            (None, b"\xff\xfe{\0}\0", "encoded in UTF-16"),
            (None, b"\0{\0}", "encoded in UTF-16"),
            (None, b"\xff\xfe\0\0", "encoded in UTF-32"),
        ] {
            assert_eq!(encoding(declared, body).as_deref(), Some(name), "{body:?}");
        }
    }

    #[test]
    fn json_is_not_encoded_whatever_the_header_says() {
        for declared in [None, Some("gzip"), Some("utf-8"), Some("")] {
            for text in [&b"{\"a\": 1}"[..], b"", "\u{feff}[]".as_bytes()] {
                assert_eq!(encoding(declared, text), None, "{text:?}");
            }
        }
        for text in [&b"x"[..], b"plain\ttext\r\n", b"<html>"] {
            assert_eq!(encoding(None, text), None, "{text:?}");
        }
    }
}
