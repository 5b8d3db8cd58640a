use std::ffi::OsString;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};

use super::error::CliError;
use super::global::GlobalArgs;
use super::interrupts::Interrupts;
use super::output::Output;
use crate::client::sign_in::{SignIn, SignInStore, StoredSignIn};
use crate::client::{ApiKey, Client, ClientConfig, ConfigError, Credentials, DEFAULT_BASE_URL, base_url, env};
use crate::sandbox::Sandbox;

/// What a command runs in: how to reach the API, as whom, and where to say what.
#[derive(Debug)]
pub(super) struct Context<'a> {
    global: GlobalArgs,
    /// The command line as it was typed.
    pub(super) typed: &'a [OsString],
    pub(super) output: &'a Output,
    pub(super) interrupts: Interrupts,
    /// The private sandbox of `--sandbox`; it stops with the context.
    pub(super) sandbox: Option<Sandbox>,
}

impl<'a> Context<'a> {
    pub fn new(global: GlobalArgs, typed: &'a [OsString], output: &'a Output) -> Result<Self, CliError> {
        let sandbox = global.sandbox.then(Sandbox::start).transpose().map_err(CliError::io)?;
        Ok(Self { global, typed, output, interrupts: Interrupts::new(), sandbox })
    }

    /// A client for the API that the flags and the environment name.
    pub fn client(&self) -> Result<Client, CliError> {
        self.config()?.build().map_err(|error| CliError::config(&error))
    }

    /// The same for many calls, so many of them at once.
    pub fn client_for_many(&self, concurrency: NonZeroUsize) -> Result<Client, CliError> {
        self.config()?.with_concurrency(concurrency).build().map_err(|error| CliError::config(&error))
    }

    /// The same with this credential.
    pub fn client_with(&self, credentials: impl Credentials + 'static) -> Result<Client, CliError> {
        let config = self.with_flags(ClientConfig::from_credentials(credentials));
        config.and_then(ClientConfig::build).map_err(|error| CliError::config(&error))
    }

    fn config(&self) -> Result<ClientConfig, CliError> {
        let config = match self.credential()? {
            Credential::SandboxKey(key) | Credential::ApiKey(key) => ClientConfig::new(key),
            Credential::SignIn(_) => ClientConfig::from_credentials(self.stored_sign_in()?),
            Credential::None => return Err(CliError::config(&ConfigError::MissingApiKey)),
        };
        self.with_flags(config).map_err(|error| CliError::config(&error))
    }

    /// The same with the sign-in, even where another credential goes before it.
    pub fn client_of_sign_in(&self) -> Result<Client, CliError> {
        self.client_with(self.stored_sign_in()?)
    }

    fn stored_sign_in(&self) -> Result<StoredSignIn, CliError> {
        Ok(StoredSignIn::new(self.sign_ins()?, self.base_url_checked()?))
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

    /// Does it, unless Ctrl-C is pressed.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        tokio::select! {
            done = work => Ok(done),
            () = self.interrupts.ended() => Err(CliError::interrupted()),
        }
    }

    fn with_flags(&self, config: ClientConfig) -> Result<ClientConfig, ConfigError> {
        let mut config = config
            .with_base_url(self.base_url())?
            .with_timeout(self.global.timeout)
            .with_max_attempts(self.global.max_attempts);
        if let Some(tenant) = &self.global.tenant {
            config = config.with_tenant(tenant)?;
        }
        if let Some(context) = &self.global.customer_context {
            config = config.with_customer_context(context);
        }
        Ok(config)
    }

    /// The credential that a command uses: the environment's goes before a sign-in.
    fn credential(&self) -> Result<Credential, CliError> {
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
        self.sign_ins()?.load(&self.base_url_checked()?).map_err(CliError::credentials)
    }

    pub fn sign_ins(&self) -> Result<SignInStore, CliError> {
        SignInStore::of_user().map_err(CliError::credentials)
    }

    pub fn base_url_checked(&self) -> Result<Url, CliError> {
        base_url(self.base_url()).map_err(|error| CliError::config(&error))
    }

    /// What a command would use; credentials by their sources alone.
    pub fn status(&self) -> Result<Value, CliError> {
        let credential = self.credential()?;
        // What cannot be used is no status.
        let config =
            ClientConfig::new("none".parse().map_err(|error| CliError::config(&ConfigError::InvalidApiKey(error)))?);
        self.with_flags(config).map_err(|error| CliError::config(&error))?;
        let sign_in = match (&credential, &self.sandbox) {
            (Credential::SignIn(sign_in), _) => Some(sign_in.clone()),
            (_, None) => self.sign_in()?,
            (_, Some(_)) => None,
        };
        let sign_in = sign_in.map(|sign_in| self.sign_in_shown(&sign_in)).transpose()?;
        Ok(json!({
            "apiBaseUrl": self.base_url(),
            "credential": credential.name(),
            "signIn": sign_in,
            "tenant": self.global.tenant,
            "customerContext": self.global.customer_context,
            "output": self.output.format_name(),
        }))
    }

    /// A sign-in without its tokens.
    pub fn sign_in_shown(&self, sign_in: &SignIn) -> Result<Value, CliError> {
        let expires_at = sign_in.expires_at().and_then(|end| Timestamp::try_from(end).ok());
        Ok(json!({
            "email": sign_in.email(),
            "expiresAt": expires_at.map(|end| end.to_string()),
            "renewsItself": sign_in.is_renewable(),
            "store": self.sign_ins()?.path(),
        }))
    }

    /// Where requests go.
    pub fn base_url(&self) -> &str {
        if let Some(sandbox) = &self.sandbox {
            return sandbox.url();
        }
        self.global.api_base_url.as_deref().unwrap_or(DEFAULT_BASE_URL)
    }

    /// Whose the credential is, and what to do when it is refused, to begin a sentence with each.
    pub fn credential_refused(&self) -> String {
        match self.credential() {
            Ok(Credential::SignIn(_)) => "The sign-in is refused. Sign in again with dci login.".to_owned(),
            Ok(Credential::SandboxKey(_)) => "The sandbox's own API key was refused.".to_owned(),
            _ => format!(
                "The API key from {} was refused. Make a key in the DoiT console and set {0}, or unset it and use dci login.",
                env::API_KEY
            ),
        }
    }
}

/// What a command shows the API.
enum Credential {
    SandboxKey(ApiKey),
    ApiKey(ApiKey),
    SignIn(SignIn),
    None,
}

impl Credential {
    /// By its source alone.
    fn name(&self) -> Option<String> {
        match self {
            Self::SandboxKey(_) => Some("the sandbox's own API key".to_owned()),
            Self::ApiKey(_) => Some(format!("the API key from {}", env::API_KEY)),
            Self::SignIn(_) => Some("the sign-in".to_owned()),
            Self::None => None,
        }
    }
}
