//! Where a client gets its credential from: [`Credentials`].

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::{AccessToken, ApiKey, ErrorKind};

/// The future that a method of [`Credentials`] returns.
pub type CredentialsFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CredentialsError>> + Send + 'a>>;

/// A source of credentials for a client.
///
/// [`ApiKey`] and [`AccessToken`] are fixed credentials. With the feature `sign-in`, `sign_in::StoredSignIn` is one
/// that renews itself.
///
/// ```
/// use dci::client::{AccessToken, ClientConfig, Credentials, CredentialsFuture};
///
/// #[derive(Debug)]
/// struct FromVault;
///
/// impl Credentials for FromVault {
///     fn get(&self) -> CredentialsFuture<'_, AccessToken> {
///         Box::pin(async { Ok("a-token-from-the-vault".parse().expect("visible ASCII")) })
///     }
/// }
///
/// let client = ClientConfig::from_credentials(FromVault).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Credentials: fmt::Debug + Send + Sync {
    /// The credential to send. Each call asks once, so cache what is slow.
    fn get(&self) -> CredentialsFuture<'_, AccessToken>;

    /// Another credential after the API rejected this one with 401; `None` if there is no other. A call asks at most
    /// once, and then retries.
    fn renew<'a>(&'a self, rejected: &'a AccessToken) -> CredentialsFuture<'a, Option<AccessToken>> {
        let _ = rejected;
        Box::pin(async { Ok(None) })
    }
}

impl Credentials for AccessToken {
    fn get(&self) -> CredentialsFuture<'_, AccessToken> {
        Box::pin(async { Ok(self.clone()) })
    }
}

impl Credentials for ApiKey {
    fn get(&self) -> CredentialsFuture<'_, AccessToken> {
        Box::pin(async { Ok(self.access_token()) })
    }
}

/// Why there is no credential.
///
/// The kind says what to do: sign in again after [`Authentication`](ErrorKind::Authentication), retry later after
/// [`Network`](ErrorKind::Network) or [`Server`](ErrorKind::Server). The call fails with the same kind.
#[derive(Clone, Debug)]
pub struct CredentialsError {
    kind: ErrorKind,
    message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl CredentialsError {
    /// An error without a source. The message is printed: it must not contain a secret.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Sets the source of the error.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// What the error means for the caller.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether a retry may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Network | ErrorKind::Server | ErrorKind::RateLimited)
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for CredentialsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
