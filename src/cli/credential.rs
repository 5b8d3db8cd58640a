//! Which credential a command shows the API: the environment's, or else that of somebody who has signed in.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::Context;
use super::error::CliError;
use crate::client::sign_in::{SignIn, SignInStore, StoredSignIn};
use crate::client::{ApiKey, ClientConfig, ConfigError, env};

impl Context<'_> {
    /// The credential that a command uses: the environment's goes before a sign-in.
    pub fn credential(&self) -> Result<Credential, CliError> {
        let key = match &self.sandbox {
            Some(sandbox) => sandbox.api_key().parse().map(Credential::SandboxKey).map_err(ConfigError::InvalidApiKey),
            None => ClientConfig::api_key_from_env().map(Credential::ApiKey),
        };
        match key {
            Err(ConfigError::MissingApiKey) => Ok(match self.sign_in()? {
                Some(sign_in) => Credential::SignIn(sign_in),
                None => Credential::None,
            }),
            key => key.map_err(|error| CliError::config(&error)),
        }
    }

    /// Who is signed in to the API, whether or not that is used.
    pub fn sign_in(&self) -> Result<Option<SignIn>, CliError> {
        sign_ins()?.load(&self.base_url_checked()?).map_err(CliError::credentials)
    }

    pub fn stored_sign_in(&self) -> Result<StoredSignIn, CliError> {
        Ok(StoredSignIn::new(sign_ins()?, self.base_url_checked()?))
    }

    /// What a private sandbox knows ends with it.
    pub fn refuse_private_sandbox(&self) -> Result<(), CliError> {
        match self.sandbox {
            None => Ok(()),
            Some(_) => {
                Err(CliError::usage("a private sandbox ends with the command, and so does who is signed in to it")
                    .hint("Run dci sandbox in another terminal, and set what it prints."))
            }
        }
    }

    /// What to do about a credential that was refused.
    pub fn credential_refused(&self) -> String {
        match self.credential() {
            Ok(Credential::SandboxKey(_)) => "The sandbox's own API key was refused.".to_owned(),
            Ok(Credential::SignIn(_) | Credential::None) => "Sign in again with dci login.".to_owned(),
            Ok(Credential::ApiKey(_)) | Err(_) => format!(
                "The API key from {} was refused. Make a key in the DoiT console and set {0}, or unset it and use dci login.",
                env::API_KEY
            ),
        }
    }
}

/// The sign-ins of the person who runs this.
pub(super) fn sign_ins() -> Result<SignInStore, CliError> {
    SignInStore::of_user().map_err(CliError::credentials)
}

/// What a command shows the API.
pub(super) enum Credential {
    SandboxKey(ApiKey),
    ApiKey(ApiKey),
    SignIn(SignIn),
    None,
}

impl Credential {
    /// By its source alone.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::SandboxKey(_) => Some("the sandbox's own API key".to_owned()),
            Self::ApiKey(_) => Some(format!("the API key from {}", env::API_KEY)),
            Self::SignIn(_) => Some("the sign-in".to_owned()),
            Self::None => None,
        }
    }
}

/// A sign-in without its tokens.
pub(super) fn shown(sign_in: &SignIn) -> Result<Value, CliError> {
    let expires_at = sign_in.expires_at().and_then(|end| Timestamp::try_from(end).ok());
    Ok(json!({
        "email": sign_in.email(),
        "expiresAt": expires_at.map(|end| end.to_string()),
        "renewsItself": sign_in.is_renewable(),
        "store": sign_ins()?.path(),
    }))
}
