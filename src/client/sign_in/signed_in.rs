//! A sign-in: its tokens, and whose they are.

use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use uuid::Uuid;

use super::token_endpoint::TokenEndpoint;
use super::token_response::Tokens;
use crate::client::{AccessToken, CredentialsError, ErrorKind};

/// A token is renewed when it expires within this time, so that it does not expire during a call.
const RENEWAL_MARGIN: Duration = Duration::from_secs(60);

/// A sign-in: an access token, its expiry, and the refresh token that renews it.
///
/// `Debug` prints no token.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: Option<SecretString>,
    pub(super) expires_at: Option<SystemTime>,
    /// The issuer of the tokens. A refresh token is sent to no other server.
    pub(super) token_endpoint: TokenEndpoint,
    pub(super) email: Option<String>,
    pub(super) tenant: Option<String>,
    /// Stays the same when the sign-in is renewed.
    pub(super) id: Uuid,
}

impl SignIn {
    pub(super) fn new(token_endpoint: TokenEndpoint, tokens: Tokens, now: SystemTime) -> Self {
        let Tokens { access_token, refresh_token, lifetime } = tokens;
        let expires_at = lifetime.and_then(|lifetime| now.checked_add(lifetime));
        Self { access_token, refresh_token, expires_at, token_endpoint, email: None, tenant: None, id: Uuid::new_v4() }
    }

    /// Sets the email address of the user, as the operation `validate` returns it.
    #[must_use]
    pub fn with_email(self, email: Option<String>) -> Self {
        Self { email, ..self }
    }

    /// Sets the customer to keep with the sign-in.
    #[must_use]
    pub fn with_tenant(self, tenant: Option<String>) -> Self {
        Self { tenant, ..self }
    }

    /// The access token. As [`Credentials`](crate::client::Credentials), it is not renewed.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The email address of the user; `None` if the API did not return it.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The id of the customer that is kept with the sign-in, for
    /// [`ClientConfig::with_tenant`](crate::client::ClientConfig::with_tenant); `None` if the user chose none.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// When the access token expires; `None` if the server did not say.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// Whether there is a refresh token.
    pub fn is_renewable(&self) -> bool {
        self.refresh_token.is_some()
    }

    pub(super) fn is_expired(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|expiry| expiry <= now)
    }

    pub(super) fn expires_soon(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|expiry| expiry <= now + RENEWAL_MARGIN)
    }

    /// Whether both belong to the same user: one is a renewal of the other, or the email addresses are equal.
    pub(super) fn is_same_user(&self, other: &Self) -> bool {
        let is_known = self.email.is_some() && self.token_endpoint.url == other.token_endpoint.url;
        self.id == other.id || (is_known && self.email == other.email)
    }

    /// Renews the sign-in: returns it with new tokens.
    pub(super) async fn renew(&self) -> Result<Self, CredentialsError> {
        let Some(refresh_token) = &self.refresh_token else {
            let message = "the sign-in expired, and it has no refresh token";
            return Err(CredentialsError::new(ErrorKind::Authentication, message));
        };
        let requested_at = SystemTime::now();
        let tokens = self.token_endpoint.renew(refresh_token).await?;
        let Self { access_token, refresh_token, expires_at, .. } =
            Self::new(self.token_endpoint.clone(), tokens, requested_at);
        // A server that does not rotate refresh tokens sends none.
        let refresh_token = refresh_token.or_else(|| self.refresh_token.clone());
        Ok(Self { access_token, refresh_token, expires_at, ..self.clone() })
    }
}
