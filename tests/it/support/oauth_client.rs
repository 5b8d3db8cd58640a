//! A client of the sandbox's authorization server, with the browser of a person who decides at once.

use std::collections::BTreeMap;

use crate::support::sandbox::{http_client, sandbox};
use dci::sandbox::Sandbox;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use reqwest::{Response, Url};
use serde_json::Value;

/// The example of RFC 7636, appendix B.
const CODE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub const REDIRECT_URI: &str = "http://127.0.0.1:8484";
pub const ADMIN: &str = "admin@example.com";

pub type Parameters = BTreeMap<String, String>;

pub struct Client {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
}

/// A query with some parameters added or replaced.
fn changed(good: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
    let all: BTreeMap<&str, &str> = good.iter().chain(changes).copied().collect();
    let mut url = Url::parse("http://localhost").expect("a URL");
    url.query_pairs_mut().extend_pairs(all);
    url.query().unwrap_or_default().to_owned()
}

impl Client {
    pub fn new() -> Self {
        Self { sandbox: sandbox(), http: http_client() }
    }

    pub async fn get(&self, url: &str) -> Response {
        self.http.get(url).send().await.expect("a response")
    }

    /// Sends a valid authorization request with these changes.
    pub async fn authorize(&self, changes: &[(&str, &str)]) -> Response {
        let good = [
            ("response_type", "code"),
            ("client_id", "cli"),
            ("redirect_uri", REDIRECT_URI),
            ("state", "a state & more"),
            ("code_challenge", CODE_CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        self.get(&format!("{}?{}", self.sandbox.authorize_url(), changed(&good, changes))).await
    }

    pub async fn code(&self, email: &str) -> String {
        let (_, parameters) = redirected(&self.authorize(&[("decision", email)]).await);
        parameters["code"].clone()
    }

    pub async fn post_form(&self, form: String) -> (u16, Value) {
        let request = self.http.post(self.sandbox.token_url()).body(form);
        let response = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").send().await;
        let response = response.expect("a response");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// Sends a valid token request for a code with these changes.
    pub async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
        let good = [
            ("grant_type", "authorization_code"),
            ("client_id", "cli"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", CODE_VERIFIER),
        ];
        self.post_form(changed(&good, changes)).await
    }

    pub async fn renew(&self, refresh_token: &str) -> (u16, Value) {
        let good = [("grant_type", "refresh_token"), ("client_id", "cli"), ("refresh_token", refresh_token)];
        self.post_form(changed(&good, &[])).await
    }

    pub async fn sign_in(&self, email: &str) -> Tokens {
        Tokens::of(self.exchange(&self.code(email).await, &[]).await)
    }

    /// The status of the operation `resendInvite`.
    pub async fn resend(&self, access_token: &str, key: &str, tenant: Option<&str>) -> u16 {
        let url = format!("{}/iam/v1/users/invite-pending/actions/resend", self.sandbox.url());
        let mut request = self.http.post(url).bearer_auth(access_token).header("idempotency-key", key);
        if let Some(tenant) = tenant {
            request = request.header("x-tenant-id", tenant);
        }
        request.send().await.expect("a response").status().as_u16()
    }

    /// Status and body of the operation `validate`.
    pub async fn validate(&self, access_token: &str) -> (u16, Value) {
        let url = format!("{}/auth/v1/validate", self.sandbox.url());
        let response = self.http.get(url).bearer_auth(access_token).send().await.expect("a response");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    pub async fn accepts(&self, access_token: &str) -> bool {
        match self.validate(access_token).await.0 {
            200 => true,
            401 => false,
            status => panic!("validate returned {status}"),
        }
    }
}

pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    pub fn of((status, body): (u16, Value)) -> Self {
        assert_eq!(status, 200, "{body}");
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// The address and the query of a redirect.
pub fn redirected(response: &Response) -> (String, Parameters) {
    assert_eq!(response.status(), 303);
    let location = response.headers()[LOCATION].to_str().expect("ASCII");
    let (to, _) = location.split_once('?').expect("a query");
    let url = Url::parse(location).expect("a URL");
    (to.to_owned(), url.query_pairs().into_owned().collect())
}

/// The code of an error, which must have a description.
pub fn error((status, body): (u16, Value)) -> String {
    assert_eq!(status, 400, "{body}");
    assert!(body["error_description"].is_string(), "{body}");
    body["error"].as_str().unwrap_or_default().to_owned()
}
