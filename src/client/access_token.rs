//! The secret in the header `Authorization`.

use std::str::FromStr;

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::redaction::{PLACEHOLDER, redacted};

/// An OAuth access token, sent as `Authorization: Bearer …`. An [`ApiKey`](super::ApiKey) is sent in the same way.
///
/// `Debug` prints a placeholder, and the header is marked as sensitive. As [`Credentials`](super::Credentials), it
/// cannot be renewed.
///
/// ```
/// let token: dci::client::AccessToken = "s3cret".parse()?;
/// assert!(!format!("{token:?}").contains("s3cret"));
/// # Ok::<(), dci::client::InvalidAccessToken>(())
/// ```
#[derive(Clone, Debug)]
pub struct AccessToken(SecretString);

/// Why a text is not a valid access token or API key. The message does not contain the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAccessToken {
    /// Empty, or only white space.
    #[error("it is empty")]
    Empty,
    /// Characters that a header cannot carry, such as a line break or an accented letter.
    #[error("it has characters other than visible ASCII")]
    NotVisibleAscii,
}

const SCHEME: &str = "Bearer ";

impl AccessToken {
    /// The shortest token that is redacted: a shorter one may be a common word.
    const MIN_REDACTED: usize = 12;

    pub(super) fn authorization(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("{SCHEME}{}", self.0.expose_secret()))
            .expect("a token is visible ASCII, which a header can carry");
        value.set_sensitive(true);
        value
    }

    /// The token in the header of a request.
    pub(super) fn of_authorization(value: &HeaderValue) -> Option<Self> {
        value.to_str().ok()?.strip_prefix(SCHEME)?.parse().ok()
    }

    #[cfg(feature = "sign-in")]
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Replaces the token with a placeholder: a server may repeat the token in a response.
    pub(super) fn redacted(&self, text: &[u8]) -> Option<Vec<u8>> {
        let token = self.0.expose_secret();
        if token.len() < Self::MIN_REDACTED { None } else { redacted(token, text) }
    }

    /// Redacts all headers of a response.
    pub(super) fn redact_headers(&self, headers: &mut HeaderMap) {
        for header in headers.values_mut() {
            if let Some(redacted) = self.redacted(header.as_bytes()) {
                *header = HeaderValue::from_bytes(&redacted).unwrap_or(HeaderValue::from_static(PLACEHOLDER));
            }
        }
    }
}

/// Whether two are the same token.
impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for AccessToken {}

impl FromStr for AccessToken {
    type Err = InvalidAccessToken;

    /// Ignores white space around the token, as files and copied text have it.
    fn from_str(text: &str) -> Result<Self, InvalidAccessToken> {
        let token = text.trim();
        if token.is_empty() {
            return Err(InvalidAccessToken::Empty);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidAccessToken::NotVisibleAscii);
        }
        Ok(Self(token.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> AccessToken {
        text.parse().expect("a token")
    }

    #[test]
    fn white_space_around_a_token_is_ignored() {
        let token = token(" abc\r\n");
        assert_eq!(token.authorization(), "Bearer abc");
        assert!(token.authorization().is_sensitive());
        assert_eq!(AccessToken::of_authorization(&token.authorization()), Some(token));
    }

    #[test]
    fn a_repeated_token_is_redacted() {
        let long = token("0123456789ab");
        assert_eq!(long.redacted(b"key 0123456789ab is bad").as_deref(), Some(&b"key [credential] is bad"[..]));
        assert_eq!(token("sandbox").redacted(b"the sandbox"), None);
    }

    #[test]
    fn characters_that_a_header_cannot_carry_are_invalid() {
        assert_eq!(" \n".parse::<AccessToken>(), Err(InvalidAccessToken::Empty));
        assert_eq!("a\nb".parse::<AccessToken>(), Err(InvalidAccessToken::NotVisibleAscii));
        assert_eq!("schlüssel".parse::<AccessToken>(), Err(InvalidAccessToken::NotVisibleAscii));
    }
}
