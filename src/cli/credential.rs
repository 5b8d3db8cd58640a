//! Which credential a command uses: the API key from the environment, or else the stored sign-in.

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};

use super::error::CliError;
use crate::client::sign_in::{SignIn, SignInStore, StoredSignIn};
use crate::client::{ApiKey, ClientConfig, ConfigError, env};
use crate::sandbox::Sandbox;

/// What to call a user whose email address the API does not report.
pub(super) const UNKNOWN_USER: &str = "an unknown user";

/// The file of the user's sign-ins.
pub(super) fn sign_ins() -> Result<SignInStore, CliError> {
    SignInStore::of_user().map_err(CliError::credentials)
}

/// Reads the sign-in for an API, even if another credential takes precedence.
pub(super) fn sign_in(base_url: &Url) -> Result<Option<SignIn>, CliError> {
    sign_ins()?.load(base_url).map_err(CliError::credentials)
}

/// A credential that uses this sign-in, and renews it in the file.
pub(super) fn renewable(sign_in: SignIn, base_url: Url) -> Result<StoredSignIn, CliError> {
    Ok(StoredSignIn::new(sign_ins()?, base_url).with_loaded(sign_in))
}

/// The credential that a command uses.
#[derive(Debug)]
pub(super) enum Credential {
    SandboxKey(ApiKey),
    ApiKey(ApiKey),
    SignIn(SignIn),
    None,
}

impl Credential {
    /// A private sandbox has its own key. The environment's key takes precedence over a sign-in.
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

    /// The configuration of a client that uses it.
    pub fn config(&self, base_url: Url) -> Result<ClientConfig, CliError> {
        match self {
            Self::SandboxKey(key) | Self::ApiKey(key) => Ok(ClientConfig::new(key.clone())),
            Self::SignIn(sign_in) => Ok(ClientConfig::from_credentials(renewable(sign_in.clone(), base_url)?)),
            Self::None => Err(CliError::config(&ConfigError::MissingApiKey)),
        }
    }

    /// Names the source, never the credential itself.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::SandboxKey(_) => Some("the sandbox's own API key".to_owned()),
            Self::ApiKey(_) => Some(format!("the API key from {}", env::API_KEY)),
            Self::SignIn(_) => Some("the sign-in".to_owned()),
            Self::None => None,
        }
    }

    /// Whose it is: an email address, or the fingerprint of a key. `None` if it is unknown.
    pub fn owner(&self) -> Option<String> {
        match self {
            Self::SandboxKey(key) | Self::ApiKey(key) => Some(key.fingerprint().to_string()),
            Self::SignIn(sign_in) => sign_in.email().map(str::to_owned),
            Self::None => None,
        }
    }

    /// The customer that is kept with it.
    pub fn kept_tenant(&self) -> Option<&str> {
        match self {
            Self::SignIn(sign_in) => sign_in.tenant(),
            Self::SandboxKey(_) | Self::ApiKey(_) | Self::None => None,
        }
    }

    /// What to do when the API rejects it.
    pub fn advice(&self) -> String {
        match self {
            Self::SandboxKey(_) => "The sandbox rejected its own API key.".to_owned(),
            Self::SignIn(_) | Self::None => "Sign in again with dci login.".to_owned(),
            Self::ApiKey(_) => format!(
                "The API key from {0} was rejected. Create a key in the DoiT console and set {0}, or unset it and use dci \
                 login.",
                env::API_KEY
            ),
        }
    }
}

/// The sign-in as JSON, without its tokens.
pub(super) fn sign_in_without_tokens(sign_in: &SignIn) -> Result<Value, CliError> {
    let expires_at = sign_in.expires_at().and_then(|end| Timestamp::try_from(end).ok());
    // The store keeps whole seconds.
    let expires_at = expires_at.and_then(|end| Timestamp::from_second(end.as_second()).ok());
    Ok(json!({
        "email": sign_in.email(),
        "tenant": sign_in.tenant(),
        "expiresAt": expires_at.map(|end| end.to_string()),
        "renewsItself": sign_in.is_renewable(),
        "store": sign_ins()?.path(),
    }))
}
