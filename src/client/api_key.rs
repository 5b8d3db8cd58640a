use std::str::FromStr;

use super::{AccessToken, InvalidAccessToken};

/// An API key, made in the DoiT console.
///
/// It is never shown: `Debug` prints a placeholder.
///
/// ```
/// let key: dci::client::ApiKey = "s3cret".parse()?;
/// assert!(!format!("{key:?}").contains("s3cret"));
/// # Ok::<(), dci::client::InvalidApiKey>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApiKey(AccessToken);

/// A text that cannot be an API key. The text is not part of the message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the API key cannot be one: {0}")]
pub struct InvalidApiKey(#[from] InvalidAccessToken);

impl ApiKey {
    /// What it is sent as.
    pub(super) fn access_token(&self) -> AccessToken {
        self.0.clone()
    }
}

impl FromStr for ApiKey {
    type Err = InvalidApiKey;

    /// White space around the key is left out: it comes from files and copied text.
    fn from_str(text: &str) -> Result<Self, InvalidApiKey> {
        Ok(Self(text.parse()?))
    }
}
