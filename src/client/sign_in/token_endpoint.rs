use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, TokenResponse, TokenUrl,
};
use reqwest::{StatusCode, Url};
use serde_json::{Map, Value};

use crate::client::config::http_client;
use crate::client::duration::in_words;
use crate::client::error_body::{self, excerpt};
use crate::client::failure::causes;
use crate::client::json_text::parseable;
use crate::client::redaction::redacted_text;
use crate::client::response::{MAX_ERROR_BYTES, UnreadableBody, read_body};
use crate::client::tls::failure_in_words;
use crate::client::{AccessToken, ApiError, ConfigError, CredentialsError, ErrorKind, RetryPolicy};

/// How this program is registered. It has no secret.
const CLIENT_ID: &str = "cli";

/// The time for one request to the token endpoint.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most of what it says that is shown, in characters.
const MAX_SAID: usize = 500;

const NO_TOKEN: &str = "has no access token that can be read";

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
enum TokenError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Unreadable(#[from] UnreadableBody),
    /// It failed, or this has no error of OAuth in it.
    #[error("it answered {0}")]
    Status(StatusCode, Option<String>),
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
        let verifier = code_verifier.secret().clone();
        let answer = self
            .client()
            .set_redirect_uri(redirect_uri)
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(code_verifier)
            .request_async(&send)
            .await;
        self.tokens(answer, "the code was refused", &[code, &verifier])
    }

    /// The tokens for a refresh token.
    pub async fn renew(&self, refresh_token: &RefreshToken) -> Result<Tokens, CredentialsError> {
        let answer = self.client().exchange_refresh_token(refresh_token).request_async(&send).await;
        self.tokens(answer, "the sign-in has ended, since its refresh token no longer works", &[refresh_token.secret()])
    }

    fn tokens(
        &self,
        answer: Result<BasicTokenResponse, RequestTokenError<TokenError, BasicErrorResponse>>,
        refused: &str,
        sent: &[&str],
    ) -> Result<Tokens, CredentialsError> {
        let answer = answer.map_err(|error| self.explain(error, refused, sent))?;
        if *answer.token_type() != BasicTokenType::Bearer {
            return Err(self.unexpected("has a token that is of no known type"));
        }
        Ok(Tokens {
            access_token: answer.access_token().secret().parse().map_err(|_| self.unexpected(NO_TOKEN))?,
            refresh_token: answer.refresh_token().filter(|token| !token.secret().is_empty()).cloned(),
            lifetime: answer.expires_in(),
        })
    }

    /// Bodies are not shown: they may hold a token.
    fn explain(
        &self,
        error: RequestTokenError<TokenError, BasicErrorResponse>,
        refused: &str,
        sent: &[&str],
    ) -> CredentialsError {
        match error {
            RequestTokenError::ServerResponse(answer) => {
                let name = answer.error().as_ref();
                let said = answer.error_description().map(|text| format!(": {text}")).unwrap_or_default();
                // A server may repeat what it was sent.
                let said = sent.iter().fold(format!("{name}{said}"), |said, sent| redacted_text(sent, &said));
                let said = excerpt(&said, MAX_SAID);
                let (kind, problem) = match name {
                    "invalid_grant" => (ErrorKind::Authentication, refused.to_owned()),
                    // RFC 6749 has these for the authorization endpoint; servers use them here too.
                    "temporarily_unavailable" | "server_error" => (ErrorKind::Server, self.failed()),
                    _ => (ErrorKind::Authentication, self.failed()),
                };
                CredentialsError::new(kind, format!("{problem} ({said})"))
            }
            RequestTokenError::Parse(error, _) if error.inner().is_data() => self.unexpected(NO_TOKEN),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => self.unexpected("is not JSON"),
            RequestTokenError::Request(TokenError::Unreadable(_)) => self.unexpected("is too large"),
            RequestTokenError::Request(TokenError::Status(status, said)) => {
                let kind = match ErrorKind::of_status(status.as_u16()) {
                    passing @ (ErrorKind::Server | ErrorKind::RateLimited) => passing,
                    // What it says of the endpoint, it does not say of what the call is for.
                    _ => ErrorKind::UnexpectedResponse,
                };
                // A server may repeat what it was sent.
                let said = said.map(|said| sent.iter().fold(said, |said, sent| redacted_text(sent, &said)));
                let said = said.map(|said| format!(": {}", excerpt(&said, MAX_SAID))).unwrap_or_default();
                CredentialsError::new(kind, format!("the token endpoint {} answered {status}{said}", self.url))
            }
            RequestTokenError::Request(TokenError::Http(error)) => {
                let cause = causes(&error).last().filter(|_| !error.is_timeout());
                let cause = cause.map(|cause| cause.downcast_ref().map_or_else(|| cause.to_string(), failure_in_words));
                let why = cause.unwrap_or_else(|| "no complete answer in time".to_owned());
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
        format!("the token endpoint {} gives no token", self.url)
    }

    fn unexpected(&self, problem: &str) -> CredentialsError {
        let message = format!("the answer of the token endpoint {} {problem}", self.url);
        CredentialsError::new(ErrorKind::UnexpectedResponse, message)
    }
}

/// Sends one request, by a client of its own: it is seldom needed.
async fn send(request: HttpRequest) -> Result<HttpResponse, TokenError> {
    let mut request = reqwest::Request::try_from(request)?;
    *request.timeout_mut() = Some(TIMEOUT);
    let http = http_client(request.url(), &RetryPolicy::default())?;
    let (url, started) = (request.url().clone(), Instant::now());
    let mut response = http.execute(request).await?;
    let status = response.status();
    tracing::debug!("POST {url}: {} in {}", status.as_u16(), in_words(started.elapsed()));
    let mut body = BytesMut::new();
    read_body(&mut response, &mut body, MAX_ERROR_BYTES).await??;
    let body = body.freeze();
    if status.is_success() {
        let mut answer = HttpResponse::new(in_standard_form(&body).unwrap_or_else(|| body.to_vec()));
        // Some answer an error with 200, and others tokens with 201.
        if is_error_response(answer.body()) {
            *answer.status_mut() = StatusCode::BAD_REQUEST;
        }
        return Ok(answer);
    }
    let failed = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    if failed || !is_error_response(&body) {
        return Err(TokenError::Status(status, error_body::message(status, None, &body).ok()));
    }
    let mut answer = HttpResponse::new(body.into());
    *answer.status_mut() = status;
    Ok(answer)
}

/// Whether the body is an error of RFC 6749, and nothing else.
fn is_error_response(body: &[u8]) -> bool {
    let body: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    body.is_some_and(|body| {
        body.get("error").and_then(Value::as_str).is_some_and(|error| !error.is_empty())
            && !body.contains_key("access_token")
            && serde_json::from_value::<BasicErrorResponse>(body.into()).is_ok()
    })
}

/// An answer with what servers write in forms of their own as RFC 6749 has it; `None` if it is not a JSON object.
fn in_standard_form(body: &[u8]) -> Option<Vec<u8>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let body = parseable(&Bytes::copy_from_slice(body));
    let Value::Object(mut answer) = serde_json::from_slice(&body).ok()? else { return None };
    // It is not used, and some write it as a list.
    answer.remove("scope");
    answer.retain(|name, value| !value.is_null() && (name != "refresh_token" || value.is_string()));
    answer.entry("token_type").or_insert_with(|| "bearer".into());
    if let Some(seconds) = answer.remove("expires_in").as_ref().and_then(seconds) {
        answer.insert("expires_in".to_owned(), seconds.into());
    }
    serde_json::to_vec(&answer).ok()
}

/// A number of seconds, which some write as text or with a fraction. `None` if it says nothing that can be used: the
/// token is used until the API refuses it.
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
    fn a_lifetime_is_read_in_every_form() {
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
