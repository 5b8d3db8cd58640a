//! Calls a sandbox over HTTP, without the client of this crate.

use dci::sandbox::Sandbox;
use reqwest::Method;
use serde_json::Value;

use crate::support::sandbox::{http_client, sandbox};

/// The paths that resend and cancel an invite.
pub const RESEND: &str = "/iam/v1/users/invite-pending/actions/resend";
pub const CANCEL: &str = "/iam/v1/users/invite-pending/actions/cancel";

/// A client of a sandbox of its own.
pub struct Caller {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
}

pub struct Response {
    pub status: u16,
    /// `null` if it is not JSON.
    pub body: Value,
}

/// A request, with a credential that has all permissions by default.
pub struct Call<'a> {
    pub method: Method,
    pub path: &'a str,
    api_key: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    pub body: Option<Value>,
}

pub fn call(method: Method, path: &str) -> Call<'_> {
    Call { method, path, api_key: "sandbox", headers: Vec::new(), body: None }
}

pub fn get(path: &str) -> Call<'_> {
    call(Method::GET, path)
}

pub fn post(path: &str) -> Call<'_> {
    call(Method::POST, path)
}

impl<'a> Call<'a> {
    pub fn by(self, api_key: &'a str) -> Self {
        Self { api_key, ..self }
    }

    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn key(self, key: &'a str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

impl Caller {
    pub fn new() -> Self {
        Self { sandbox: sandbox(), http: http_client() }
    }

    pub async fn send(&self, call: Call<'_>) -> Response {
        let mut request = self.http.request(call.method, format!("{}{}", self.sandbox.url(), call.path));
        request = request.bearer_auth(call.api_key);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = call.body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        let body = response.bytes().await.expect("a whole body");
        Response { status, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    /// Whether the user has this invite status.
    pub async fn has_status(&self, email: &str, invite_status: &str) -> bool {
        let response = self.send(get(&format!("/iam/v1/users?email={email}"))).await;
        response.body["users"][0]["inviteStatus"] == invite_status
    }
}
