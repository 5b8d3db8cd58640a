use std::str::FromStr;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// An API key, or an OAuth access token: what goes into `Authorization: Bearer …`.
///
/// It is never shown: `Debug` prints a placeholder, and the header is marked as sensitive.
///
/// ```
/// let key: dci::client::ApiKey = "s3cret".parse()?;
/// assert!(!format!("{key:?}").contains("s3cret"));
/// # Ok::<(), dci::client::InvalidApiKey>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

/// A text that cannot be an API key. The text is not part of the message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidApiKey {
    /// Nothing but white space.
    #[error("the API key is empty")]
    Empty,
    /// Something that a header cannot carry, such as a line break or a letter with an accent.
    #[error("the API key has characters other than visible ASCII")]
    NotVisibleAscii,
}

impl ApiKey {
    pub(super) fn authorization(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0.expose_secret()))
            .expect("an API key is visible ASCII, which a header can carry");
        value.set_sensitive(true);
        value
    }
}

impl ApiKey {
    /// The shortest key that is looked for in a text: a shorter one may be a common word.
    const MIN_REDACTED: usize = 12;

    /// The same of a header, which is a text too.
    pub(super) fn redacted_header(&self, value: &HeaderValue) -> Option<HeaderValue> {
        let redacted = self.redacted(Bytes::copy_from_slice(value.as_bytes()));
        HeaderValue::from_bytes(&redacted).ok()
    }

    /// The text with a placeholder for the key, if it is in there: a server may repeat what it was sent.
    pub(super) fn redacted(&self, text: Bytes) -> Bytes {
        let key = self.0.expose_secret();
        match str::from_utf8(&text) {
            Ok(text) if key.len() >= Self::MIN_REDACTED && text.contains(key) => text.replace(key, "[API key]").into(),
            _ => text,
        }
    }
}

impl FromStr for ApiKey {
    type Err = InvalidApiKey;

    /// White space around the key is left out: it comes from files and copied text.
    fn from_str(text: &str) -> Result<Self, InvalidApiKey> {
        let key = text.trim();
        if key.is_empty() {
            return Err(InvalidApiKey::Empty);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidApiKey::NotVisibleAscii);
        }
        Ok(Self(key.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_a_key_is_left_out() {
        let key: ApiKey = " abc\r\n".parse().expect("a key");
        assert_eq!(key.authorization(), "Bearer abc");
        assert!(key.authorization().is_sensitive());
    }

    #[test]
    fn a_key_that_a_server_repeats_is_not_shown() {
        let key: ApiKey = "0123456789ab".parse().expect("a key");
        assert_eq!(key.redacted(Bytes::from("key 0123456789ab is bad")), "key [API key] is bad");
        assert_eq!(key.redacted(Bytes::from(&b"\xff0123456789ab"[..])), &b"\xff0123456789ab"[..]);
        let short: ApiKey = "sandbox".parse().expect("a key");
        assert_eq!(short.redacted(Bytes::from("the sandbox")), "the sandbox");
    }

    #[test]
    fn what_a_header_cannot_carry_is_no_key() {
        assert_eq!(" \n".parse::<ApiKey>().err(), Some(InvalidApiKey::Empty));
        assert_eq!("a\nb".parse::<ApiKey>().err(), Some(InvalidApiKey::NotVisibleAscii));
        assert_eq!("schlüssel".parse::<ApiKey>().err(), Some(InvalidApiKey::NotVisibleAscii));
    }
}
