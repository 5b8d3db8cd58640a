use std::fmt;
use std::time::{Duration, SystemTime};

use oauth2::RefreshToken;
use uuid::Uuid;

use super::token_endpoint::{TokenEndpoint, Tokens};
use crate::client::{AccessToken, CredentialsError, ErrorKind};

/// Before its end a token is renewed for so long: a call that begins with it is to end with it.
const MARGIN: Duration = Duration::from_secs(60);

/// Somebody who has signed in: a token, until when it works, and what renews it.
///
/// `Debug` shows no token.
#[derive(Clone)]
pub struct SignIn {
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) expires_at: Option<SystemTime>,
    /// Where it was made, and nowhere else is it renewed: a refresh token is for the server that issued it.
    pub(super) token_endpoint: TokenEndpoint,
    pub(super) email: Option<String>,
    /// What stays the same when it is renewed.
    pub(super) id: Uuid,
}

impl SignIn {
    pub(super) fn new(token_endpoint: TokenEndpoint, tokens: Tokens, now: SystemTime) -> Self {
        let Tokens { access_token, refresh_token, lifetime } = tokens;
        let expires_at = lifetime.and_then(|lifetime| now.checked_add(lifetime));
        Self { access_token, refresh_token, expires_at, token_endpoint, email: None, id: Uuid::new_v4() }
    }

    /// The same with who it is, as `validate` tells.
    #[must_use]
    pub fn of(self, email: Option<String>) -> Self {
        Self { email, ..self }
    }

    /// What to send. As [`Credentials`](crate::client::Credentials) it is not renewed.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// Who signed in, if the API said so.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// When the access token stops working, unless it is renewed; none where the server did not say.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// Whether it renews itself.
    #[must_use]
    pub fn is_renewable(&self) -> bool {
        self.refresh_token.is_some()
    }

    pub(super) fn has_ended(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    pub(super) fn ends_soon(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now + MARGIN)
    }

    /// Whether another one is of the same person: the same, renewed, or one of somebody with the same email.
    pub(super) fn is_of_whom(&self, other: &Self) -> bool {
        let is_known = self.email.is_some() && self.token_endpoint.url() == other.token_endpoint.url();
        self.id == other.id || (is_known && self.email == other.email)
    }

    /// The same sign-in with new tokens.
    pub(super) async fn renewed(&self) -> Result<Self, CredentialsError> {
        let Some(refresh_token) = &self.refresh_token else {
            let message = "the sign-in has ended, and there is no refresh token to renew it";
            return Err(CredentialsError::new(ErrorKind::Authentication, message));
        };
        let asked_at = SystemTime::now();
        let tokens = self.token_endpoint.renew(refresh_token).await?;
        let renewed = Self::new(self.token_endpoint.clone(), tokens, asked_at).of(self.email.clone());
        // A server that does not rotate sends none.
        let refresh_token = renewed.refresh_token.clone().or_else(|| self.refresh_token.clone());
        Ok(Self { refresh_token, id: self.id, ..renewed })
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("email", &self.email)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
