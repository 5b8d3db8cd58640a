use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::{AccessToken, ApiKey, ErrorKind};

/// A future that a [`Credentials`] returns.
pub type CredentialsFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CredentialsError>> + Send + 'a>>;

/// Where a client has its credential from. An [`ApiKey`] is one, and so is an [`AccessToken`], which is fixed. With the
/// feature `sign-in` a `sign_in::StoredSignIn` is the third: it renews itself.
///
/// ```
/// use dci::client::{AccessToken, ClientConfig, Credentials, CredentialsFuture};
///
/// #[derive(Debug)]
/// struct FromVault;
///
/// impl Credentials for FromVault {
///     fn get(&self) -> CredentialsFuture<'_, AccessToken> {
///         Box::pin(async { Ok("a token that was asked for".replace(' ', "-").parse().expect("visible ASCII")) })
///     }
/// }
///
/// let client = ClientConfig::from_credentials(FromVault).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Credentials: fmt::Debug + Send + Sync {
    /// What to send now. It is asked for once a call, so that what takes long is to be kept.
    fn get(&self) -> CredentialsFuture<'_, AccessToken>;

    /// Another one in place of one that the API refused with 401; none where there is no other. A call asks at most
    /// once, and is then made again.
    fn renew<'a>(&'a self, refused: &'a AccessToken) -> CredentialsFuture<'a, Option<AccessToken>> {
        let _ = refused;
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

/// Why there is no credential to send.
///
/// Its kind says what to do: [`Authentication`](ErrorKind::Authentication) to sign in again,
/// [`Network`](ErrorKind::Network) or [`Server`](ErrorKind::Server) to try again later. The call that it was for ends
/// with the same kind.
#[derive(Clone, Debug)]
pub struct CredentialsError {
    kind: ErrorKind,
    message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl CredentialsError {
    /// Without a cause. The message is shown: it has no secret in it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same with what caused it.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// What it means for the caller.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether it can pass by itself.
    #[must_use]
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
