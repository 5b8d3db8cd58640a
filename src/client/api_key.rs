//! An API key.

use std::str::FromStr;

use super::{AccessToken, InvalidAccessToken};

/// An API key, created in the DoiT console.
///
/// `Debug` prints a placeholder.
///
/// ```
/// let key: dci::client::ApiKey = "s3cret".parse()?;
/// assert!(!format!("{key:?}").contains("s3cret"));
/// # Ok::<(), dci::client::InvalidApiKey>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApiKey(AccessToken);

/// The text is not a valid API key. The message does not contain it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid API key: {0}")]
pub struct InvalidApiKey(#[from] InvalidAccessToken);

impl ApiKey {
    /// The key as it is sent.
    pub(super) fn access_token(&self) -> AccessToken {
        self.0.clone()
    }

    /// Tells this key from other keys, without the key.
    #[cfg(feature = "cli")]
    pub(crate) fn fingerprint(&self) -> uuid::Uuid {
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, self.0.expose().as_bytes())
    }
}

impl FromStr for ApiKey {
    type Err = InvalidApiKey;

    /// Ignores white space around the key, as files and copied text have it.
    fn from_str(text: &str) -> Result<Self, InvalidApiKey> {
        Ok(Self(text.parse()?))
    }
}
