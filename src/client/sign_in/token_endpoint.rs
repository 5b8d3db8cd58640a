//! The token endpoint: exchanges codes and refresh tokens for access tokens.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::ACCEPT;
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use super::token_response::{OAuthError, Tokens};
use crate::client::duration::in_words;
use crate::client::error::root_cause;
use crate::client::error_body;
use crate::client::excerpt::excerpt;
use crate::client::http_client::http_client;
use crate::client::redaction::redacted_text;
use crate::client::response::{MAX_ERROR_BYTES, UnreadableBody, read_body};
use crate::client::{ApiError, ConfigError, CredentialsError, ErrorKind, RetryPolicy};

/// The registered client id. The client is public: it has no secret.
pub(super) const CLIENT_ID: &str = "cli";

/// The time for one request to the token endpoint.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest error text that is reported, in characters.
const MAX_TEXT: usize = 500;

/// The token endpoint of an authorization server.
///
/// A request is never retried: a refresh token may work only once, so a retry after a lost response could end the
/// sign-in.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    pub url: Url,
}

/// Why there are no tokens.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Unreadable(#[from] UnreadableBody),
    /// A status of 5xx or 429, or an error that is not an OAuth error.
    #[error("it returned {0}")]
    Status(StatusCode, Option<String>),
    #[error("it returned the error {}", .0.error)]
    OAuth(OAuthError),
    #[error("its response {0}")]
    Unexpected(&'static str),
}

impl TokenEndpoint {
    /// Exchanges an authorization code for tokens.
    pub async fn exchange(
        &self,
        code: &str,
        code_verifier: &SecretString,
        redirect_uri: &str,
    ) -> Result<Tokens, CredentialsError> {
        let code_verifier = code_verifier.expose_secret();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", code_verifier),
            ("client_id", CLIENT_ID),
            ("redirect_uri", redirect_uri),
        ];
        let tokens = self.send(&form).await;
        tokens.map_err(|failure| self.explain(failure, "the authorization code was rejected", &[code, code_verifier]))
    }

    /// Exchanges a refresh token for new tokens.
    pub async fn renew(&self, refresh_token: &SecretString) -> Result<Tokens, CredentialsError> {
        let refresh_token = refresh_token.expose_secret();
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", CLIENT_ID)];
        let rejected = "the sign-in expired: its refresh token is no longer valid";
        self.send(&form).await.map_err(|failure| self.explain(failure, rejected, &[refresh_token]))
    }

    /// Sends one request with its own HTTP client, since sign-in is rare.
    async fn send(&self, form: &[(&str, &str)]) -> Result<Tokens, Failure> {
        let http = http_client(&self.url, &RetryPolicy::default())?;
        let request = http.post(self.url.clone()).header(ACCEPT, "application/json").form(form).timeout(TIMEOUT);
        let started = Instant::now();
        let mut response = request.send().await?;
        let status = response.status();
        tracing::debug!("POST {}: {} in {}", self.url, status.as_u16(), in_words(started.elapsed()));
        let mut body = Bytes::new();
        read_body(&mut response, &mut body, MAX_ERROR_BYTES).await??;
        let failed = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        // Some servers return an error with 200, and others return tokens with 201.
        match OAuthError::parse(&body) {
            Some(error) if !failed => Err(Failure::OAuth(error)),
            None if status.is_success() => Tokens::parse(&body).map_err(Failure::Unexpected),
            _ => Err(Failure::Status(status, error_body::message(status, None, &body).ok())),
        }
    }

    /// Explains a failure without the body, which may contain a token.
    fn explain(&self, failure: Failure, rejected: &str, secrets: &[&str]) -> CredentialsError {
        // A server may repeat the secrets that it was sent.
        let redact =
            |text: String| excerpt(&secrets.iter().fold(text, |text, secret| redacted_text(secret, &text)), MAX_TEXT);
        match failure {
            Failure::OAuth(OAuthError { error, error_description }) => {
                let description = error_description.map(|text| format!(": {text}")).unwrap_or_default();
                let text = redact(format!("{error}{description}"));
                let (kind, problem) = match error.as_str() {
                    "invalid_grant" => (ErrorKind::Authentication, rejected.to_owned()),
                    // RFC 6749 has these for the authorization endpoint; servers use them here too.
                    "temporarily_unavailable" | "server_error" => (ErrorKind::Server, self.failed()),
                    _ => (ErrorKind::Authentication, self.failed()),
                };
                CredentialsError::new(kind, format!("{problem} ({text})"))
            }
            Failure::Unexpected(problem) => self.unexpected(problem),
            Failure::Unreadable(_) => self.unexpected("is too large"),
            Failure::Status(status, text) => {
                let kind = match ErrorKind::of_status(status.as_u16()) {
                    transient @ (ErrorKind::Server | ErrorKind::RateLimited) => transient,
                    // A 404 of the token endpoint, say, is not a 404 of the call.
                    _ => ErrorKind::UnexpectedResponse,
                };
                let text = text.map(|text| format!(": {}", redact(text))).unwrap_or_default();
                CredentialsError::new(kind, format!("the token endpoint {} returned {status}{text}", self.url))
            }
            Failure::Http(error) => {
                let why = root_cause(&error).unwrap_or_else(|| "the response timed out".to_owned());
                let error = ApiError::network(error);
                let explains_itself = matches!(error.kind(), ErrorKind::Untrusted | ErrorKind::Proxy);
                let why = if explains_itself { error.message() } else { &why };
                let message = format!("the token endpoint {} cannot be reached: {why}", self.url);
                CredentialsError::new(error.kind(), message).with_source(error)
            }
            Failure::Config(error) => {
                CredentialsError::new(ErrorKind::InvalidRequest, error.to_string()).with_source(error)
            }
        }
    }

    fn failed(&self) -> String {
        format!("the token endpoint {} returned no token", self.url)
    }

    fn unexpected(&self, problem: &str) -> CredentialsError {
        let message = format!("the response of the token endpoint {} {problem}", self.url);
        CredentialsError::new(ErrorKind::UnexpectedResponse, message)
    }
}
