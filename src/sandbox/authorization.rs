//! `/oauth/…`: an authorization server for the authorization code flow (RFC 6749) with PKCE (RFC 7636) and loopback
//! redirects (RFC 8252). It is as strict as RFC 9700, so that it finds careless clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::json;

use super::account::{ACCOUNTS, Account};
use super::app_state::{App, AppState};
use super::consent::{self, NotRedirected};
use super::grants::{ACCESS_TOKEN_LIFETIME, CodeChallenge, InvalidGrant};

/// The prefix of the paths in this file. Faults do not apply to them.
pub(super) const PREFIX: &str = "/oauth/";
pub(super) const AUTHORIZE: &str = "/oauth/authorize";
pub(super) const TOKEN: &str = "/oauth/token";

/// The only client. It has no secret.
const CLIENT_ID: &str = "cli";

/// The parameter that the links of the page add: an account's email address, or `deny`.
const DECISION: &str = "decision";
const DENY: &str = "deny";

pub(super) fn router() -> Router<Arc<AppState>> {
    Router::new().route(AUTHORIZE, get(authorize)).route(TOKEN, post(token))
}

/// The parameters of a request, without duplicates. An empty one counts as missing (RFC 6749 section 3.1).
struct Parameters(BTreeMap<String, String>);

/// An error code of RFC 6749 with its description.
struct OAuthError {
    error: &'static str,
    description: String,
}

impl OAuthError {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }
}

impl From<InvalidGrant> for OAuthError {
    fn from(InvalidGrant(description): InvalidGrant) -> Self {
        Self::new("invalid_grant", description)
    }
}

/// The error response of the token endpoint.
impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}

impl Parameters {
    fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(OAuthError::invalid_request("a parameter is repeated"));
            }
        }
        Ok(Self(parameters))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("{name} is required")))
    }
}

async fn authorize(State(app): App, RawQuery(query): RawQuery) -> Result<Response, NotRedirected> {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let parameters = parameters.map_err(|error| NotRedirected(error.description))?;
    let redirect_uri = redirect_uri_of_client(&parameters)?;
    let code = match (code_challenge(&parameters), parameters.get(DECISION)) {
        (Err(error), _) => Err(error),
        (Ok(_), None) => return Ok(choices(&parameters, redirect_uri)),
        (Ok(_), Some(DENY)) => Err(OAuthError::new("access_denied", "the user denied access")),
        (Ok(code_challenge), Some(email)) => {
            let account = Account::by_email(email);
            let account = account.ok_or_else(|| NotRedirected(format!("unknown account {email:?}")))?;
            let now = app.now();
            Ok(app.lock().grants.add(account, redirect_uri, code_challenge, now))
        }
    };
    let start = format!("{redirect_uri}?");
    let mut location = form_urlencoded::Serializer::for_suffix(start.clone(), start.len());
    match &code {
        Ok(code) => location.append_pair("code", code),
        Err(OAuthError { error, description }) => {
            location.append_pair("error", error).append_pair("error_description", description)
        }
    };
    if let Some(state) = parameters.get("state") {
        location.append_pair("state", state);
    }
    Ok(Redirect::to(&location.finish()).into_response())
}

/// Where to redirect the browser. An address that may not belong to the client gets no redirect, not even with an error
/// (RFC 6749 section 4.1.2.1).
fn redirect_uri_of_client(parameters: &Parameters) -> Result<&str, NotRedirected> {
    let client_id = parameters.get("client_id").unwrap_or_default();
    if client_id != CLIENT_ID {
        return Err(NotRedirected(format!("unknown client_id {client_id:?}: use {CLIENT_ID:?}")));
    }
    let redirect_uri = parameters.get("redirect_uri").unwrap_or_default();
    if !is_loopback(redirect_uri) {
        let expected = "http://localhost:PORT, http://127.0.0.1:PORT or http://[::1]:PORT";
        return Err(NotRedirected(format!("redirect_uri must be {expected}, not {redirect_uri:?}")));
    }
    Ok(redirect_uri)
}

/// Whether it is a loopback address with any port (RFC 8252 section 7.3), and without a path, query or fragment.
fn is_loopback(redirect_uri: &str) -> bool {
    let origins = ["http://localhost:", "http://127.0.0.1:", "http://[::1]:"];
    let port = origins.iter().find_map(|origin| redirect_uri.strip_prefix(origin));
    let port = port.map(|port| port.strip_suffix('/').unwrap_or(port));
    // `parse` also accepts a sign.
    port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0))
}

fn code_challenge(parameters: &Parameters) -> Result<CodeChallenge, OAuthError> {
    if parameters.required("response_type")? != "code" {
        return Err(OAuthError::new("unsupported_response_type", "response_type must be code"));
    }
    if parameters.required("code_challenge_method")? != "S256" {
        return Err(OAuthError::invalid_request("code_challenge_method must be S256"));
    }
    CodeChallenge::parse(parameters.required("code_challenge")?).ok_or_else(|| {
        OAuthError::invalid_request("code_challenge must be a SHA-256 hash in 43 characters of base64url")
    })
}

/// The page with a link for each account, which repeats the request with a decision.
fn choices(parameters: &Parameters, redirect_uri: &str) -> Response {
    let link = |decision: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let request = parameters.0.iter().filter(|(name, _)| *name != DECISION);
        query.extend_pairs(request).append_pair(DECISION, decision);
        format!("{AUTHORIZE}?{}", query.finish())
    };
    let accounts = ACCOUNTS.iter().map(|Account { email, .. }| (link(email), format!("Continue as {email}")));
    let links: Vec<_> = accounts.chain([(link(DENY), "Deny".to_owned())]).collect();
    consent::choices(redirect_uri, parameters.get("scope"), &links)
}

async fn token(State(app): App, headers: HeaderMap, body: Bytes) -> Result<Response, OAuthError> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(OAuthError::invalid_request("the body must be application/x-www-form-urlencoded"));
    }
    let parameters = Parameters::parse(&body)?;
    let grant_type = parameters.required("grant_type")?;
    if parameters.required("client_id")? != CLIENT_ID {
        return Err(OAuthError::new("invalid_client", format!("unknown client_id: use {CLIENT_ID}")));
    }
    let now = app.now();
    let tokens = match grant_type {
        "authorization_code" => {
            let (code, redirect_uri) = (parameters.required("code")?, parameters.required("redirect_uri")?);
            let code_verifier = parameters.required("code_verifier")?;
            if !is_code_verifier(code_verifier) {
                return Err(OAuthError::invalid_request("code_verifier must be 43 to 128 unreserved characters"));
            }
            app.lock().grants.exchange(code, redirect_uri, code_verifier, now)?
        }
        "refresh_token" => app.lock().grants.renew(parameters.required("refresh_token")?, now)?,
        _ => {
            let description = "grant_type must be authorization_code or refresh_token";
            return Err(OAuthError::new("unsupported_grant_type", description));
        }
    };
    let body = json!({
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_LIFETIME.as_secs(),
        "refresh_token": tokens.refresh_token,
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Whether it is a code verifier of RFC 7636 section 4.1.
fn is_code_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}
