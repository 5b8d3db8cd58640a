use std::time::SystemTime;

use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use reqwest::Url;

use super::SignIn;
use super::token_endpoint::TokenEndpoint;
use crate::client::config::{http_client, variable};
use crate::client::endpoint::{endpoint, is_loopback};
use crate::client::{ConfigError, CredentialsError, DEFAULT_BASE_URL, RetryPolicy, env};

const AUTHORIZE_URL: &str = "https://console.doit.com/sign-in/oauth";
const TOKEN_URL: &str = "https://console.doit.com/api/auth/token";

/// Where people sign in, and where codes and refresh tokens become access tokens.
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    authorize_url: Url,
    token_url: Url,
}

/// One signing in, from opening the browser until it brings back a code.
#[derive(Debug)]
pub struct AuthorizationRequest {
    url: Url,
    redirect_uri: RedirectUrl,
    state: CsrfToken,
    code_verifier: PkceCodeVerifier,
    token_endpoint: TokenEndpoint,
}

impl AuthorizationServer {
    /// The server at these two URLs (`https`, or `http` on loopback).
    ///
    /// # Errors
    ///
    /// When one of them cannot be such a URL.
    pub fn new(authorize_url: &str, token_url: &str) -> Result<Self, ConfigError> {
        let parse = |variable, url| {
            endpoint(url).map_err(|invalid| ConfigError::Endpoint { variable, problem: invalid.to_string() })
        };
        Ok(Self {
            authorize_url: parse(env::AUTHORIZE_URL, authorize_url)?,
            token_url: parse(env::TOKEN_URL, token_url)?,
        })
    }

    /// The server for the API at `base_url`: DoiT's own, or what `DCI_AUTHORIZE_URL` and `DCI_TOKEN_URL` name (`https`,
    /// or `http` on loopback; an empty variable counts as unset).
    ///
    /// # Errors
    ///
    /// When a variable cannot be such a URL, when one of the proxies or certificates cannot be used, and when the token of one service would go to another: DoiT's own to
    /// another API, or a sandbox's to one that is not on this machine.
    pub fn from_env(base_url: &Url) -> Result<Self, ConfigError> {
        let named = [variable(env::AUTHORIZE_URL)?, variable(env::TOKEN_URL)?];
        let is_of_doit = base_url.as_str().trim_end_matches('/') == DEFAULT_BASE_URL;
        let server = match &named {
            [Some(authorize_url), Some(token_url)] => Self::new(authorize_url, token_url)?,
            [None, None] if is_of_doit => Self::new(AUTHORIZE_URL, TOKEN_URL)?,
            _ => return Err(ConfigError::AuthorizationServer("of another API has to be named")),
        };
        if [&server.authorize_url, &server.token_url].into_iter().any(|url| is_loopback(url) != is_loopback(base_url)) {
            return Err(ConfigError::AuthorizationServer("and the API are not both on this machine"));
        }
        // What is wrong with proxies and certificates is said before anybody signs in.
        for url in [&server.token_url, base_url] {
            http_client(url, &RetryPolicy::default())?;
        }
        Ok(server)
    }

    /// Begins to sign in; the browser comes back to `http://localhost:{port}`.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "a port makes a URL")]
    pub fn begin(&self, port: u16) -> AuthorizationRequest {
        let redirect_uri = RedirectUrl::new(format!("http://localhost:{port}")).expect("a URL");
        let (code_challenge, code_verifier) = PkceCodeChallenge::new_random_sha256();
        let token_endpoint = TokenEndpoint::new(self.token_url.clone());
        let (url, state) = token_endpoint
            .client()
            .set_auth_uri(AuthUrl::from_url(self.authorize_url.clone()))
            .set_redirect_uri(redirect_uri.clone())
            .authorize_url(CsrfToken::new_random)
            .set_pkce_challenge(code_challenge)
            .url();
        AuthorizationRequest { url, redirect_uri, state, code_verifier, token_endpoint }
    }
}

impl AuthorizationRequest {
    /// Where the browser is to go.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether an answer with this `state` is one to this request, and not to another one, or made up.
    #[must_use]
    pub fn has_state(&self, state: &str) -> bool {
        self.state.secret() == state
    }

    /// Makes a sign-in of the code that the browser brought back.
    ///
    /// # Errors
    ///
    /// When the token endpoint refuses the code ([`Authentication`](crate::client::ErrorKind::Authentication)), cannot
    /// be reached, or answers with anything but a token.
    pub async fn exchange(&self, code: &str) -> Result<SignIn, CredentialsError> {
        let asked_at = SystemTime::now();
        let code_verifier = PkceCodeVerifier::new(self.code_verifier.secret().clone());
        let tokens = self.token_endpoint.exchange(code, code_verifier, self.redirect_uri.clone()).await?;
        Ok(SignIn::new(self.token_endpoint.clone(), tokens, asked_at))
    }
}
