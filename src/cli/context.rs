use std::ffi::OsString;

use super::error::CliError;
use super::global::GlobalArgs;
use crate::client::{ApiKey, Client, ClientConfig, ConfigError, DEFAULT_BASE_URL, env};
use crate::sandbox::Sandbox;

/// What a command runs in: how to reach the API, and as whom.
#[derive(Debug)]
pub(super) struct Context {
    global: GlobalArgs,
    /// The command line as it was typed.
    pub(super) typed: Vec<OsString>,
    /// The private sandbox of `--sandbox`; it stops with the context.
    pub(super) sandbox: Option<Sandbox>,
}

impl Context {
    pub fn new(global: GlobalArgs, typed: &[OsString]) -> Result<Self, CliError> {
        Ok(Self {
            typed: typed.to_vec(),
            sandbox: global.sandbox.then(Sandbox::start).transpose().map_err(CliError::io)?,
            global,
        })
    }

    /// A client for the API that the flags and the environment name.
    pub fn client(&self) -> Result<Client, CliError> {
        self.config().and_then(ClientConfig::build).map_err(|error| CliError::config(&error))
    }

    fn config(&self) -> Result<ClientConfig, ConfigError> {
        let mut config = ClientConfig::new(self.api_key()?)
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
