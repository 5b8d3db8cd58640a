use std::ffi::OsString;
use std::num::NonZeroUsize;

use serde_json::{Value, json};

use super::error::CliError;
use super::global::GlobalArgs;
use super::interrupts::Interrupts;
use super::output::Output;
use crate::client::{ApiKey, Client, ClientConfig, ConfigError, DEFAULT_BASE_URL, env};
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
        self.config().and_then(ClientConfig::build).map_err(|error| CliError::config(&error))
    }

    /// The same for many calls, so many of them at once.
    pub fn client_for_many(&self, concurrency: NonZeroUsize) -> Result<Client, CliError> {
        let config = self.config().map(|config| config.with_concurrency(concurrency));
        config.and_then(ClientConfig::build).map_err(|error| CliError::config(&error))
    }

    fn config(&self) -> Result<ClientConfig, ConfigError> {
        self.config_with(self.api_key()?)
    }

    fn config_with(&self, api_key: ApiKey) -> Result<ClientConfig, ConfigError> {
        let mut config = ClientConfig::new(api_key)
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

    /// What a command would use; the credential by its source alone.
    pub fn status(&self) -> Result<Value, CliError> {
        let credential = match self.api_key() {
            Ok(_) if self.sandbox.is_some() => Some("the sandbox's own API key".to_owned()),
            Ok(_) => Some(format!("the API key from {}", env::API_KEY)),
            Err(ConfigError::MissingApiKey) => None,
            Err(error) => return Err(CliError::config(&error)),
        };
        // What cannot be used is no status.
        let anybody = "no-credential".parse().map_err(ConfigError::InvalidApiKey);
        let config = anybody.and_then(|anybody| self.config_with(anybody));
        config.map_err(|error| CliError::config(&error))?;
        Ok(json!({
            "apiBaseUrl": self.base_url(),
            "credential": credential,
            "tenant": self.global.tenant,
            "customerContext": self.global.customer_context,
            "output": self.output.format_name(),
        }))
    }

    fn api_key(&self) -> Result<ApiKey, ConfigError> {
        if let Some(sandbox) = &self.sandbox {
            return sandbox.api_key().parse().map_err(ConfigError::InvalidApiKey);
        }
        ClientConfig::api_key_from_env()
    }

    /// Where requests go.
    pub fn base_url(&self) -> &str {
        if let Some(sandbox) = &self.sandbox {
            return sandbox.url();
        }
        self.global.api_base_url.as_deref().unwrap_or(DEFAULT_BASE_URL)
    }

    /// What the credential is called, to begin a sentence with.
    pub fn credential(&self) -> String {
        if self.sandbox.is_some() {
            return "The sandbox's own API key".to_owned();
        }
        format!("The API key from {}", env::API_KEY)
    }
}
