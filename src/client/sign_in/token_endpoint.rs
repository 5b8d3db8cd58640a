use std::time::Duration;

use bytes::BytesMut;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, TokenResponse, TokenUrl,
};
use reqwest::{StatusCode, Url};

use crate::client::config::http_client;
use crate::client::error_body::excerpt;
use crate::client::response::{BodyTooLarge, read_body};
use crate::client::{AccessToken, ApiError, ConfigError, CredentialsError, ErrorKind, RetryPolicy};

/// How this program is registered. It has no secret.
const CLIENT_ID: &str = "cli";

/// The time for one request to the token endpoint.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most of what it says that is shown, in characters.
const MAX_SAID: usize = 500;

/// Where codes and refresh tokens become access tokens.
///
/// A request is made once: a refresh token that rotates works once, so that to try again after a lost answer would end
/// the sign-in.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    url: Url,
}

/// What it answers.
#[derive(Debug)]
pub(super) struct Tokens {
    pub access_token: AccessToken,
    pub refresh_token: Option<RefreshToken>,
    pub lifetime: Option<Duration>,
}

/// Why there was no answer of the token endpoint itself.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    TooLarge(#[from] BodyTooLarge),
    #[error("it answered {0}")]
    Status(StatusCode),
}

impl TokenEndpoint {
    pub fn new(url: Url) -> Self {
        Self { url }
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn client(&self) -> BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet> {
        BasicClient::new(ClientId::new(CLIENT_ID.to_owned())).set_token_uri(TokenUrl::from_url(self.url.clone()))
    }

    /// The tokens for a code that a browser brought back.
    pub async fn exchange(
        &self,
        code: &str,
        code_verifier: PkceCodeVerifier,
        redirect_uri: RedirectUrl,
    ) -> Result<Tokens, CredentialsError> {
        let answer = self
            .client()
            .set_redirect_uri(redirect_uri)
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(code_verifier)
            .request_async(&send)
            .await;
        self.tokens(answer, "the code was refused", code)
    }

    /// The tokens for a refresh token.
    pub async fn renew(&self, refresh_token: &RefreshToken) -> Result<Tokens, CredentialsError> {
        let answer = self.client().exchange_refresh_token(refresh_token).request_async(&send).await;
        self.tokens(answer, "the sign-in has ended, since its refresh token no longer works", refresh_token.secret())
    }

    fn tokens(
        &self,
        answer: Result<BasicTokenResponse, RequestTokenError<NoAnswer, BasicErrorResponse>>,
        refused: &str,
        secret: &str,
    ) -> Result<Tokens, CredentialsError> {
        let answer = answer.map_err(|error| self.explain(error, refused, secret))?;
        let access_token = answer.access_token().secret().parse().ok();
        match access_token.filter(|_| *answer.token_type() == BasicTokenType::Bearer) {
            Some(access_token) => Ok(Tokens {
                access_token,
                refresh_token: answer.refresh_token().cloned(),
                lifetime: answer.expires_in(),
            }),
            None => Err(self.unexpected("has a token that is of no known type")),
        }
    }

    /// Bodies are not shown: they may hold a token.
    fn explain(
        &self,
        error: RequestTokenError<NoAnswer, BasicErrorResponse>,
        refused: &str,
        secret: &str,
    ) -> CredentialsError {
        match error {
            RequestTokenError::ServerResponse(answer) => {
                let name = answer.error().as_ref();
                let said = answer.error_description().map(|text| format!(": {text}")).unwrap_or_default();
                // A server may repeat what it was sent.
                let said = excerpt(&format!("{name}{said}").replace(secret, "[credential]"), MAX_SAID);
                CredentialsError::new(ErrorKind::Authentication, format!("{refused} ({said})"))
            }
            RequestTokenError::Parse(error, _) if error.inner().is_data() => {
                self.unexpected("has no access token that can be read")
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => self.unexpected("is not JSON"),
            RequestTokenError::Request(NoAnswer::TooLarge(_)) => self.unexpected("is too large"),
            RequestTokenError::Request(NoAnswer::Status(status)) => {
                let kind = ErrorKind::of_status(status.as_u16());
                CredentialsError::new(kind, format!("the token endpoint {} answered {status}", self.url))
            }
            RequestTokenError::Request(NoAnswer::Http(error)) => {
                let error = ApiError::network(error);
                let message = format!("the token endpoint {} cannot be reached: {}", self.url, error.message());
                CredentialsError::new(error.kind(), message).because_of(error)
            }
            RequestTokenError::Request(NoAnswer::Config(error)) => {
                CredentialsError::new(ErrorKind::Network, error.to_string()).because_of(error)
            }
        }
    }

    fn unexpected(&self, problem: &str) -> CredentialsError {
        let message = format!("the answer of the token endpoint {} {problem}", self.url);
        CredentialsError::new(ErrorKind::UnexpectedAnswer, message)
    }
}

/// Sends one request, by a client of its own: it is seldom needed.
async fn send(request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
    let mut request = reqwest::Request::try_from(request)?;
    *request.timeout_mut() = Some(TIMEOUT);
    let http = http_client(request.url(), &RetryPolicy::default())?;
    let mut response = http.execute(request).await?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(NoAnswer::Status(status));
    }
    let mut body = BytesMut::new();
    read_body(&mut response, &mut body).await??;
    let mut answer = HttpResponse::new(body.into());
    *answer.status_mut() = status;
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}
