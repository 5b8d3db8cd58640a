//! `/oauth/…`: the sandbox as an authorization server, for the authorization code flow of a program on the same
//! machine (RFC 6749, with PKCE of RFC 7636 and the loopback redirects of RFC 8252). It follows RFC 9700 where that is
//! stricter, so that a client that is content here is a careful one.

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

use super::access::{ACCOUNTS, Account};
use super::app_state::AppState;
use super::consent::{self, NotRedirected};
use super::grants::{ACCESS_TOKEN_LIFETIME, CodeChallenge, InvalidGrant};

/// Where the paths of this module begin; faults do not reach them.
pub(super) const PREFIX: &str = "/oauth/";
pub(super) const AUTHORIZE: &str = "/oauth/authorize";
pub(super) const TOKEN: &str = "/oauth/token";

/// The one client that is known. It has no secret.
const CLIENT_ID: &str = "cli";

/// The parameter that the links of the page add: an account's email, or `deny`.
const DECISION: &str = "decision";
const DENY: &str = "deny";

type Shared = State<Arc<AppState>>;

pub(super) fn router() -> Router<Arc<AppState>> {
    Router::new().route(AUTHORIZE, get(authorize)).route(TOKEN, post(token))
}

/// The parameters of a request: none comes twice, and an empty one is as good as none (RFC 6749 section 3.1).
struct Parameters(BTreeMap<String, String>);

/// An error by its name in RFC 6749, with a sentence that has none of the characters that are forbidden there.
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

/// The answer of the token endpoint.
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
                return Err(OAuthError::invalid_request("a parameter comes twice"));
            }
        }
        Ok(Self(parameters))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    }
}

async fn authorize(State(app): Shared, RawQuery(query): RawQuery) -> Result<Response, NotRedirected> {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let parameters = parameters.map_err(|error| NotRedirected(error.description))?;
    let redirect_uri = redirect_uri_of_client(&parameters)?;
    let code = match (code_challenge(&parameters), parameters.get(DECISION)) {
        (Err(error), _) => Err(error),
        (Ok(_), None) => return Ok(choices(&parameters, redirect_uri)),
        (Ok(_), Some(DENY)) => Err(OAuthError::new("access_denied", "the person denied it")),
        (Ok(code_challenge), Some(email)) => {
            let account = Account::by_email(email);
            let account = account.ok_or_else(|| NotRedirected(format!("there is no account {email:?}")))?;
            let now = app.now();
            Ok(app.lock().grants.consent(account, redirect_uri, code_challenge, now))
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

/// Where to send the person back to. An address that is not known to be the client's gets nothing, errors included
/// (RFC 6749 section 4.1.2.1).
fn redirect_uri_of_client(parameters: &Parameters) -> Result<&str, NotRedirected> {
    let client_id = parameters.get("client_id").unwrap_or_default();
    if client_id != CLIENT_ID {
        return Err(NotRedirected(format!("there is no client_id {client_id:?}, only {CLIENT_ID:?}")));
    }
    let redirect_uri = parameters.get("redirect_uri").unwrap_or_default();
    if !is_loopback(redirect_uri) {
        let expected = "http://localhost:PORT, http://127.0.0.1:PORT or http://[::1]:PORT";
        return Err(NotRedirected(format!("the redirect_uri has to be {expected}, not {redirect_uri:?}")));
    }
    Ok(redirect_uri)
}

/// A port of this machine that the client chose (RFC 8252 section 7.3), without a path, query or fragment.
fn is_loopback(redirect_uri: &str) -> bool {
    let origins = ["http://localhost:", "http://127.0.0.1:", "http://[::1]:"];
    let port = origins.iter().find_map(|origin| redirect_uri.strip_prefix(origin));
    let port = port.map(|port| port.strip_suffix('/').unwrap_or(port));
    // A number may have a sign, which a port has not.
    port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0))
}

fn code_challenge(parameters: &Parameters) -> Result<CodeChallenge, OAuthError> {
    if parameters.required("response_type")? != "code" {
        return Err(OAuthError::new("unsupported_response_type", "response_type has to be code"));
    }
    if parameters.required("code_challenge_method")? != "S256" {
        return Err(OAuthError::invalid_request("code_challenge_method has to be S256"));
    }
    CodeChallenge::parse(parameters.required("code_challenge")?)
        .ok_or_else(|| OAuthError::invalid_request("code_challenge has to be a SHA-256 in 43 characters of base64url"))
}

/// The page with a link for each account: the same request, with the decision.
fn choices(parameters: &Parameters, redirect_uri: &str) -> Response {
    let link = |decision: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let asked = parameters.0.iter().filter(|(name, _)| *name != DECISION);
        query.extend_pairs(asked).append_pair(DECISION, decision);
        format!("{AUTHORIZE}?{}", query.finish())
    };
    let accounts = ACCOUNTS.iter().map(|Account { email, .. }| (link(email), format!("Continue as {email}")));
    let links: Vec<_> = accounts.chain([(link(DENY), "Deny".to_owned())]).collect();
    consent::choices(redirect_uri, parameters.get("scope"), &links)
}

async fn token(State(app): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, OAuthError> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(OAuthError::invalid_request("the body has to be application/x-www-form-urlencoded"));
    }
    let parameters = Parameters::parse(&body)?;
    let grant_type = parameters.required("grant_type")?;
    if parameters.required("client_id")? != CLIENT_ID {
        return Err(OAuthError::new("invalid_client", format!("there is no such client, only {CLIENT_ID}")));
    }
    let now = app.now();
    let tokens = match grant_type {
        "authorization_code" => {
            let (code, redirect_uri) = (parameters.required("code")?, parameters.required("redirect_uri")?);
            let code_verifier = parameters.required("code_verifier")?;
            if !is_code_verifier(code_verifier) {
                return Err(OAuthError::invalid_request("code_verifier has to be 43 to 128 unreserved characters"));
            }
            app.lock().grants.exchange(code, redirect_uri, code_verifier, now)?
        }
        "refresh_token" => app.lock().grants.renew(parameters.required("refresh_token")?, now)?,
        _ => {
            let description = "grant_type has to be authorization_code or refresh_token";
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

/// RFC 7636 section 4.1.
fn is_code_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}
