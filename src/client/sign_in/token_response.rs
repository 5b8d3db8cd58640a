//! What a token endpoint returns (RFC 6749, section 5), also in the forms that only some servers use.

use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::client::AccessToken;
use crate::client::json_text::parseable;
use crate::client::response::without_byte_order_mark;

/// The tokens in a response.
#[derive(Debug)]
pub(super) struct Tokens {
    pub access_token: AccessToken,
    pub refresh_token: Option<SecretString>,
    pub lifetime: Option<Duration>,
}

/// An error response.
#[derive(Debug, Deserialize)]
pub(super) struct OAuthError {
    /// A code such as `invalid_grant`.
    pub error: String,
    pub error_description: Option<String>,
}

const NO_TOKEN: &str = "has no valid access token";

impl Tokens {
    /// Parses a response. An error completes the sentence "the response …".
    pub fn parse(body: &Bytes) -> Result<Self, &'static str> {
        let response = json(body).ok_or("is not JSON")?;
        let text = |name| response.get(name).and_then(Value::as_str);
        let access_token = text("access_token").ok_or(NO_TOKEN)?;
        // Some servers send no type.
        let token_type = response.get("token_type").filter(|token_type| !token_type.is_null());
        if !token_type.is_none_or(|name| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("bearer"))) {
            return Err("has a token of an unknown type");
        }
        Ok(Self {
            access_token: access_token.parse().map_err(|_| NO_TOKEN)?,
            refresh_token: text("refresh_token").filter(|token| !token.is_empty()).map(SecretString::from),
            lifetime: response.get("expires_in").and_then(lifetime),
        })
    }
}

impl OAuthError {
    /// Parses a response; `None` if it is not an error of RFC 6749 or contains a token.
    pub fn parse(body: &Bytes) -> Option<Self> {
        let response = json(body)?;
        let has_token = response.get("access_token").is_some_and(|token| !token.is_null());
        let error: Self = if has_token { None } else { serde_json::from_value(response).ok() }?;
        Some(error).filter(|error| !error.error.is_empty())
    }
}

fn json(body: &Bytes) -> Option<Value> {
    serde_json::from_slice(&parseable(&without_byte_order_mark(body.clone()))).ok()
}

/// A lifetime in whole seconds, which some servers write as text or with a fraction; `None` if it is invalid. The token
/// is then used until the API rejects it.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        number => number.as_f64()?,
    };
    let lifetime = Duration::try_from_secs_f64(seconds).ok()?.as_secs();
    Some(Duration::from_secs(lifetime)).filter(|lifetime| !lifetime.is_zero())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Bytes {
        value.to_string().into()
    }

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
            assert_eq!(lifetime(&value), expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn tokens_need_an_access_token_of_the_type_bearer() {
        for response in [
            json!({"access_token": "a"}),
            json!({"access_token": "a", "token_type": null, "refresh_token": null, "scope": ["x"]}),
            json!({"access_token": "a", "token_type": "BEARER", "refresh_token": ""}),
            json!({"access_token": "a", "refresh_token": 1}),
        ] {
            let tokens = Tokens::parse(&body(&response)).expect("tokens");
            assert!(tokens.access_token.expose() == "a" && tokens.refresh_token.is_none(), "{response}");
        }
        for (response, problem) in [
            (json!({"access_token": "a", "token_type": "mac"}), "has a token of an unknown type"),
            (json!({"access_token": "a", "token_type": 1}), "has a token of an unknown type"),
            (json!({"access_token": 1}), NO_TOKEN),
            (json!({"access_token": "a\nb"}), NO_TOKEN),
            (json!({"token_type": "bearer"}), NO_TOKEN),
            (json!(["a", "bearer"]), NO_TOKEN),
        ] {
            assert_eq!(Tokens::parse(&body(&response)).expect_err("no tokens"), problem, "{response}");
        }
        for text in ["", "a=b", "{\"access_token\": \"a\"} and more"] {
            assert_eq!(Tokens::parse(&Bytes::from(text)).expect_err("no tokens"), "is not JSON", "{text}");
        }
    }

    #[test]
    fn an_oauth_error_has_a_code_and_no_token() {
        let error = OAuthError::parse(&body(&json!({"error": "invalid_grant", "error_description": null})));
        assert_eq!(error.expect("an error").error, "invalid_grant");
        for response in [
            json!({"error": ""}),
            json!({"error": {"code": "x"}}),
            json!({"error": "x", "error_description": 1}),
            json!({"error": "x", "access_token": "a"}),
            json!("x"),
        ] {
            assert!(OAuthError::parse(&body(&response)).is_none(), "{response}");
        }
    }
}
