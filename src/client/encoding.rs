//! The encodings of a body that was not requested: this client asks for none.

use std::fmt;

use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::error_body::excerpt;

/// The longest name that is kept, in characters.
const MAX_NAME: usize = 50;

/// How a body is encoded that is not UTF-8.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    /// Compressed, such as with `gzip`.
    Compressed(String),
    Utf16,
    Utf32,
}

impl Encoding {
    /// The encoding of a body, by its first bytes, or by its header if it is not text.
    pub fn of(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let named = match body {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some(Self::Utf32),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..] => {
                return Some(Self::Utf16);
            }
            [0x1f, 0x8b, ..] => "gzip",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => "bzip2",
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
            // The header of zlib, which is what `deflate` means.
            [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..] if !is_text(body) || *flags == 0x01 => "deflate",
            _ => "",
        };
        let declared = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let declared = declared.split(',').map(str::trim).rfind(|name| !name.is_empty());
        match (named, declared) {
            ("", Some(declared)) if !is_text(body) => {
                Some(Self::Compressed(excerpt(&declared.to_lowercase(), MAX_NAME)))
            }
            ("", _) => None,
            (named, _) => Some(Self::Compressed(named.to_owned())),
        }
    }
}

fn is_text(body: &[u8]) -> bool {
    str::from_utf8(body).is_ok_and(|text| !text.contains(|char: char| char.is_control() && !char.is_ascii_whitespace()))
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compressed(name) => write!(f, "compressed ({name})"),
            Self::Utf16 => f.write_str("encoded in UTF-16"),
            Self::Utf32 => f.write_str("encoded in UTF-32"),
        }
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
    fn an_encoding_is_named_by_the_body_or_its_header() {
        for (declared, body, name) in [
            (None, &b"\x1f\x8b\x08\0"[..], "compressed (gzip)"),
            (Some("gzip"), b"\x1f\x8b\x08\0", "compressed (gzip)"),
            (Some("BR"), b"\x0b\x02\x80{}\x03", "compressed (br)"),
            (Some("identity, br"), b"\x0b\x02\x80{}\x03", "compressed (br)"),
            (None, b"x\x9c\xab\x56", "compressed (deflate)"),
            (None, b"\x28\xb5\x2f\xfd\x04", "compressed (zstd)"),
            (None, b"\xff\xfe{\0}\0", "encoded in UTF-16"),
            (None, b"\0{\0}", "encoded in UTF-16"),
            (None, b"\xff\xfe\0\0", "encoded in UTF-32"),
        ] {
            assert_eq!(encoding(declared, body).as_deref(), Some(name), "{body:?}");
        }
    }

    #[test]
    fn text_is_not_encoded_whatever_its_header_says() {
        for declared in [None, Some("gzip"), Some("utf-8"), Some("")] {
            for text in [&b"{\"a\": 1}"[..], b"", b"x", "\u{feff}[]".as_bytes(), b"plain\ttext\r\n"] {
                assert_eq!(encoding(declared, text), None, "{text:?}");
            }
        }
    }
}
