//! Which credential a command shows the API: the environment's, or else that of somebody who has signed in.

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};

use super::error::CliError;
use crate::client::sign_in::{SignIn, SignInStore};
use crate::client::{ApiKey, ClientConfig, ConfigError, env};
use crate::sandbox::Sandbox;

/// The sign-ins of the person who runs this.
pub(super) fn sign_ins() -> Result<SignInStore, CliError> {
    SignInStore::of_user().map_err(CliError::credentials)
}

/// Who is signed in to an API, whether or not that is used.
pub(super) fn sign_in(base_url: &Url) -> Result<Option<SignIn>, CliError> {
    sign_ins()?.load(base_url).map_err(CliError::credentials)
}

/// What a command shows the API.
pub(super) enum Credential {
    SandboxKey(ApiKey),
    ApiKey(ApiKey),
    SignIn(SignIn),
    None,
}

impl Credential {
    /// That of a private sandbox is its own, and the environment's goes before a sign-in.
    pub fn choose(sandbox: Option<&Sandbox>, base_url: &Url) -> Result<Self, CliError> {
        let key = match sandbox {
            Some(sandbox) => sandbox.api_key().parse().map(Self::SandboxKey).map_err(ConfigError::InvalidApiKey),
            None => ClientConfig::api_key_from_env().map(Self::ApiKey),
        };
        match key {
            Err(ConfigError::MissingApiKey) => Ok(sign_in(base_url)?.map_or(Self::None, Self::SignIn)),
            key => key.map_err(|error| CliError::config(&error)),
        }
    }

    /// By its source alone.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::SandboxKey(_) => Some("the sandbox's own API key".to_owned()),
            Self::ApiKey(_) => Some(format!("the API key from {}", env::API_KEY)),
            Self::SignIn(_) => Some("the sign-in".to_owned()),
            Self::None => None,
        }
    }

    /// What to do when it is refused.
    pub fn advice(&self) -> String {
        match self {
            Self::SandboxKey(_) => "The sandbox's own API key was refused.".to_owned(),
            Self::SignIn(_) | Self::None => "Sign in again with dci login.".to_owned(),
            Self::ApiKey(_) => format!(
                "The API key from {0} was refused. Make a key in the DoiT console and set {0}, or unset it and use dci \
                 login.",
                env::API_KEY
            ),
        }
    }
}

/// A sign-in without its tokens.
pub(super) fn shown(sign_in: &SignIn) -> Result<Value, CliError> {
    let expires_at = sign_in.expires_at().and_then(|end| Timestamp::try_from(end).ok());
    // As the store has it.
    let expires_at = expires_at.and_then(|end| Timestamp::from_second(end.as_second()).ok());
    Ok(json!({
        "email": sign_in.email(),
        "expiresAt": expires_at.map(|end| end.to_string()),
        "renewsItself": sign_in.is_renewable(),
        "store": sign_ins()?.path(),
    }))
}
