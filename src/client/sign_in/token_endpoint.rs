//! The token endpoint: exchanges codes and refresh tokens for access tokens.

use std::time::{Duration, Instant};

use bytes::Bytes;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, TokenResponse, TokenUrl,
};
use reqwest::{StatusCode, Url};
use serde_json::{Map, Value};

use crate::client::duration::in_words;
use crate::client::error::root_cause;
use crate::client::error_body;
use crate::client::excerpt::excerpt;
use crate::client::http_client::http_client;
use crate::client::json_text::parseable;
use crate::client::redaction::redacted_text;
use crate::client::response::{MAX_ERROR_BYTES, UnreadableBody, read_body, without_byte_order_mark};
use crate::client::{AccessToken, ApiError, ConfigError, CredentialsError, ErrorKind, RetryPolicy};

/// The registered client id. The client is public: it has no secret.
const CLIENT_ID: &str = "cli";

/// The time for one request to the token endpoint.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest error text that is reported, in characters.
const MAX_TEXT: usize = 500;

const NO_TOKEN: &str = "has no valid access token";

/// The token endpoint of an authorization server.
///
/// A request is never retried: a refresh token may work only once, so a retry after a lost response could end the
/// sign-in.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    pub url: Url,
}

/// The tokens in a response.
#[derive(Debug)]
pub(super) struct Tokens {
    pub access_token: AccessToken,
    pub refresh_token: Option<RefreshToken>,
    pub lifetime: Option<Duration>,
}

/// Why there is no OAuth response.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Unreadable(#[from] UnreadableBody),
    /// A status of 5xx or 429, or an error that is not an OAuth error.
    #[error("it returned {0}")]
    Status(StatusCode, Option<String>),
}

impl TokenEndpoint {
    pub fn client(&self) -> BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet> {
        BasicClient::new(ClientId::new(CLIENT_ID.to_owned())).set_token_uri(TokenUrl::from_url(self.url.clone()))
    }

    /// Exchanges an authorization code for tokens.
    pub async fn exchange(
        &self,
        code: &str,
        code_verifier: PkceCodeVerifier,
        redirect_uri: RedirectUrl,
    ) -> Result<Tokens, CredentialsError> {
        let verifier = code_verifier.secret().clone();
        let response = self
            .client()
            .set_redirect_uri(redirect_uri)
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(code_verifier)
            .request_async(&send)
            .await;
        self.tokens(response, "the authorization code was rejected", &[code, &verifier])
    }

    /// Exchanges a refresh token for new tokens.
    pub async fn renew(&self, refresh_token: &RefreshToken) -> Result<Tokens, CredentialsError> {
        let response = self.client().exchange_refresh_token(refresh_token).request_async(&send).await;
        self.tokens(response, "the sign-in expired: its refresh token is no longer valid", &[refresh_token.secret()])
    }

    fn tokens(
        &self,
        response: Result<BasicTokenResponse, RequestTokenError<TokenError, BasicErrorResponse>>,
        rejected: &str,
        secrets: &[&str],
    ) -> Result<Tokens, CredentialsError> {
        let response = response.map_err(|error| self.explain(error, rejected, secrets))?;
        if *response.token_type() != BasicTokenType::Bearer {
            return Err(self.unexpected("has a token of an unknown type"));
        }
        Ok(Tokens {
            access_token: response.access_token().secret().parse().map_err(|_| self.unexpected(NO_TOKEN))?,
            refresh_token: response.refresh_token().filter(|token| !token.secret().is_empty()).cloned(),
            lifetime: response.expires_in(),
        })
    }

    /// Explains a failure without the body, which may contain a token.
    fn explain(
        &self,
        error: RequestTokenError<TokenError, BasicErrorResponse>,
        rejected: &str,
        secrets: &[&str],
    ) -> CredentialsError {
        // A server may repeat the secrets that it was sent.
        let redact =
            |text: String| excerpt(&secrets.iter().fold(text, |text, secret| redacted_text(secret, &text)), MAX_TEXT);
        match error {
            RequestTokenError::ServerResponse(response) => {
                let name = response.error().as_ref();
                let description = response.error_description().map(|text| format!(": {text}")).unwrap_or_default();
                let text = redact(format!("{name}{description}"));
                let (kind, problem) = match name {
                    "invalid_grant" => (ErrorKind::Authentication, rejected.to_owned()),
                    // RFC 6749 has these for the authorization endpoint; servers use them here too.
                    "temporarily_unavailable" | "server_error" => (ErrorKind::Server, self.failed()),
                    _ => (ErrorKind::Authentication, self.failed()),
                };
                CredentialsError::new(kind, format!("{problem} ({text})"))
            }
            RequestTokenError::Parse(error, _) if error.inner().is_data() => self.unexpected(NO_TOKEN),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => self.unexpected("is not JSON"),
            RequestTokenError::Request(TokenError::Unreadable(_)) => self.unexpected("is too large"),
            RequestTokenError::Request(TokenError::Status(status, text)) => {
                let kind = match ErrorKind::of_status(status.as_u16()) {
                    transient @ (ErrorKind::Server | ErrorKind::RateLimited) => transient,
                    // A 404 of the token endpoint, say, is not a 404 of the call.
                    _ => ErrorKind::UnexpectedResponse,
                };
                let text = text.map(|text| format!(": {}", redact(text))).unwrap_or_default();
                CredentialsError::new(kind, format!("the token endpoint {} returned {status}{text}", self.url))
            }
            RequestTokenError::Request(TokenError::Http(error)) => {
                let why = root_cause(&error).unwrap_or_else(|| "the response timed out".to_owned());
                let error = ApiError::network(error);
                let explains_itself = matches!(error.kind(), ErrorKind::Untrusted | ErrorKind::Proxy);
                let why = if explains_itself { error.message() } else { &why };
                let message = format!("the token endpoint {} cannot be reached: {why}", self.url);
                CredentialsError::new(error.kind(), message).with_source(error)
            }
            RequestTokenError::Request(TokenError::Config(error)) => {
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

/// Sends one request with its own HTTP client, since sign-in is rare.
async fn send(request: HttpRequest) -> Result<HttpResponse, TokenError> {
    let mut request = reqwest::Request::try_from(request)?;
    *request.timeout_mut() = Some(TIMEOUT);
    let http = http_client(request.url(), &RetryPolicy::default())?;
    let (url, started) = (request.url().clone(), Instant::now());
    let mut response = http.execute(request).await?;
    let status = response.status();
    tracing::debug!("POST {url}: {} in {}", status.as_u16(), in_words(started.elapsed()));
    let mut body = Bytes::new();
    read_body(&mut response, &mut body, MAX_ERROR_BYTES).await??;
    if status.is_success() {
        let mut response = HttpResponse::new(in_standard_form(&body).unwrap_or_else(|| body.to_vec()));
        // Some servers return an error with 200, and others return tokens with 201.
        if is_error_response(response.body()) {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        return Ok(response);
    }
    let failed = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    if failed || !is_error_response(&body) {
        return Err(TokenError::Status(status, error_body::message(status, None, &body).ok()));
    }
    let mut response = HttpResponse::new(body.into());
    *response.status_mut() = status;
    Ok(response)
}

/// Whether the body is an error of RFC 6749, without a token.
fn is_error_response(body: &[u8]) -> bool {
    let body: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    body.is_some_and(|body| {
        body.get("error").and_then(Value::as_str).is_some_and(|error| !error.is_empty())
            && !body.contains_key("access_token")
            && serde_json::from_value::<BasicErrorResponse>(body.into()).is_ok()
    })
}

/// Normalizes a response to the form of RFC 6749; `None` if it is not a JSON object.
fn in_standard_form(body: &Bytes) -> Option<Vec<u8>> {
    let body = parseable(&without_byte_order_mark(body.clone()));
    let Value::Object(mut members) = serde_json::from_slice(&body).ok()? else { return None };
    // It is not used, and some servers write it as a list.
    members.remove("scope");
    members.retain(|name, value| !value.is_null() && (name != "refresh_token" || value.is_string()));
    members.entry("token_type").or_insert_with(|| "bearer".into());
    if let Some(seconds) = members.remove("expires_in").as_ref().and_then(seconds) {
        members.insert("expires_in".to_owned(), seconds.into());
    }
    serde_json::to_vec(&members).ok()
}

/// A lifetime in seconds, which some servers write as text or with a fraction; `None` if it is invalid. The token is
/// then used until the API rejects it.
fn seconds(value: &Value) -> Option<u64> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        number => number.as_f64()?,
    };
    Duration::try_from_secs_f64(seconds).ok().map(|lifetime| lifetime.as_secs()).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_lifetime_is_accepted() {
        for (value, expected) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600 "), Some(3600)),
            (json!(3600.0), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!("3600.0"), Some(3600)),
            (json!("3.6e3"), Some(3600)),
            (json!(0), None),
            (json!(-1), None),
            (json!("-3600"), None),
            (json!(1e300), None),
            (json!("inf"), None),
            (json!("NaN"), None),
            (json!(""), None),
            (json!("soon"), None),
            (json!(true), None),
            (json!([3600]), None),
            (json!({"seconds": 3600}), None),
        ] {
            assert_eq!(seconds(&value), expected, "{value}");
        }
    }
}
