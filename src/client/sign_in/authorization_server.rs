//! Starting a sign-in, and exchanging its code.

use std::time::SystemTime;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::SignIn;
use super::pkce::{code_challenge, random_secret};
use super::token_endpoint::{CLIENT_ID, TokenEndpoint};
use crate::client::endpoint::{endpoint, is_loopback};
use crate::client::env::variable;
use crate::client::http_client::http_client;
use crate::client::{ConfigError, CredentialsError, DEFAULT_BASE_URL, RetryPolicy, env};

const AUTHORIZE_URL: &str = "https://console.doit.com/sign-in/oauth";
const TOKEN_URL: &str = "https://console.doit.com/api/auth/token";

/// An authorization server: its sign-in page and its token endpoint.
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    authorize_url: Url,
    token_endpoint: TokenEndpoint,
}

/// A sign-in that has been started and waits for its authorization code.
#[derive(Debug)]
pub struct AuthorizationRequest {
    url: Url,
    redirect_uri: String,
    state: SecretString,
    code_verifier: SecretString,
    token_endpoint: TokenEndpoint,
}

impl AuthorizationServer {
    /// The server with this sign-in page and this token endpoint: `https`, or `http` for a loopback address.
    pub fn new(authorize_url: &str, token_url: &str) -> Result<Self, ConfigError> {
        let parse = |variable, url| endpoint(url).map_err(|problem| ConfigError::Variable { variable, problem });
        Ok(Self {
            authorize_url: parse(env::AUTHORIZE_URL, authorize_url)?,
            token_endpoint: TokenEndpoint { url: parse(env::TOKEN_URL, token_url)? },
        })
    }

    /// The server for the API at `base_url`: the one in `DCI_AUTHORIZE_URL` and `DCI_TOKEN_URL`, or else DoiT's. An
    /// empty variable counts as unset.
    ///
    /// Fails if a token of one service would be sent to another: DoiT's to another API, or that of a local server to a
    /// remote API. Also fails if a variable of the proxies or certificates is invalid.
    pub fn from_env(base_url: &Url) -> Result<Self, ConfigError> {
        let urls = [variable(env::AUTHORIZE_URL)?, variable(env::TOKEN_URL)?];
        let is_doit = base_url.as_str().trim_end_matches('/') == DEFAULT_BASE_URL;
        let server = match &urls {
            [Some(authorize_url), Some(token_url)] => Self::new(authorize_url, token_url)?,
            [None, None] if is_doit => Self::new(AUTHORIZE_URL, TOKEN_URL)?,
            _ => {
                return Err(ConfigError::AuthorizationServer(
                    "the authorization server for this API needs both DCI_AUTHORIZE_URL and DCI_TOKEN_URL",
                ));
            }
        };
        let token_url = &server.token_endpoint.url;
        if [&server.authorize_url, token_url].into_iter().any(|url| is_loopback(url) != is_loopback(base_url)) {
            return Err(ConfigError::AuthorizationServer(
                "the authorization server and the API are not both on this machine",
            ));
        }
        // Reports invalid proxies and certificates before the user signs in.
        for url in [token_url, base_url] {
            http_client(url, &RetryPolicy::default())?;
        }
        Ok(server)
    }

    /// Starts a sign-in, which redirects the browser to `http://localhost:{port}`.
    pub fn begin(&self, port: u16) -> AuthorizationRequest {
        let redirect_uri = format!("http://localhost:{port}");
        let (state, code_verifier) = (random_secret(), random_secret());
        let mut url = self.authorize_url.clone();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("state", state.expose_secret()),
            ("code_challenge", &code_challenge(&code_verifier)),
            ("code_challenge_method", "S256"),
            ("redirect_uri", &redirect_uri),
        ]);
        let token_endpoint = self.token_endpoint.clone();
        AuthorizationRequest { url, redirect_uri, state, code_verifier, token_endpoint }
    }
}

impl AuthorizationRequest {
    /// The URL to open in the browser.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether a callback with this `state` belongs to this request. Another one is stale or forged.
    pub fn has_state(&self, state: &str) -> bool {
        self.state.expose_secret() == state
    }

    /// Exchanges the authorization code from the browser for a sign-in.
    pub async fn exchange(&self, code: &str) -> Result<SignIn, CredentialsError> {
        let requested_at = SystemTime::now();
        let tokens = self.token_endpoint.exchange(code, &self.code_verifier, &self.redirect_uri).await?;
        Ok(SignIn::new(self.token_endpoint.clone(), tokens, requested_at))
    }
}
