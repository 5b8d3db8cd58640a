//! What all commands share: settings, the credential, the client, the output and Ctrl-C.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::num::NonZeroUsize;

use reqwest::Url;

use super::credential::Credential;
use super::error::CliError;
use super::global::GlobalArgs;
use super::interrupts::Interrupts;
use super::output::Output;
use super::scope::Scope;
use super::setting::Setting;
use super::target::Target;
use crate::client::{Client, ClientConfig, ConfigError, Credentials, base_url};
use crate::sandbox::Sandbox;

/// What all commands share.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) global: GlobalArgs,
    /// The command line as typed.
    pub(super) typed: &'a [OsString],
    /// The targets that the user chose from a list. They belong to the command line.
    pub(super) chosen: OnceCell<Vec<Target>>,
    pub(super) output: &'a Output,
    pub(super) interrupts: Interrupts,
    /// The private sandbox of `--sandbox`; stops when the context is dropped.
    pub(super) sandbox: Option<Sandbox>,
    credential: OnceCell<Credential>,
}

impl<'a> Context<'a> {
    pub fn new(global: GlobalArgs, typed: &'a [OsString], output: &'a Output) -> Result<Self, CliError> {
        let sandbox = global.sandbox.then(Sandbox::start).transpose().map_err(CliError::io)?;
        let interrupts = Interrupts::receive().map_err(CliError::io)?;
        let (chosen, credential) = (OnceCell::new(), OnceCell::new());
        Ok(Self { global, typed, chosen, output, interrupts, sandbox, credential })
    }

    /// Builds a client from the flags and the environment.
    pub fn client(&self) -> Result<Client, CliError> {
        self.config()?.build().map_err(|error| CliError::config(&error))
    }

    /// Builds a client that makes up to `concurrency` calls at once.
    pub fn client_for_many(&self, concurrency: NonZeroUsize) -> Result<Client, CliError> {
        self.config()?.with_concurrency(concurrency).build().map_err(|error| CliError::config(&error))
    }

    /// Builds a client with this credential. The customer is `kept_tenant` unless a flag or a variable names one.
    pub fn client_with(
        &self,
        credentials: impl Credentials + 'static,
        kept_tenant: Option<&str>,
    ) -> Result<Client, CliError> {
        let config = self.with_settings(ClientConfig::from_credentials(credentials), kept_tenant)?;
        config.build().map_err(|error| CliError::config(&error))
    }

    fn config(&self) -> Result<ClientConfig, CliError> {
        let credential = self.credential()?;
        self.with_settings(credential.config(self.parsed_base_url()?)?, credential.kept_tenant())
    }

    /// The API, the customer and the user of the command.
    pub fn scope(&self) -> Result<Scope, CliError> {
        Scope::of(&self.global, self.credential()?)
    }

    /// The same for a command without global flags.
    pub fn scope_without_flags(&self) -> Result<Scope, CliError> {
        Scope::of(&self.global.without_scope(), self.credential()?)
    }

    /// The credential that the command uses. It is chosen once, when it is first needed.
    pub fn credential(&self) -> Result<&Credential, CliError> {
        if let Some(credential) = self.credential.get() {
            return Ok(credential);
        }
        let credential = Credential::choose(self.sandbox.as_ref(), &self.parsed_base_url()?)?;
        Ok(self.credential.get_or_init(|| credential))
    }

    /// Waits for `work`; fails on Ctrl-C.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        tokio::select! {
            output = work => Ok(output),
            () = self.interrupts.ended() => Err(CliError::interrupted()),
        }
    }

    /// Adds the settings of the flags, the environment and the sign-in.
    fn with_settings(&self, config: ClientConfig, kept_tenant: Option<&str>) -> Result<ClientConfig, CliError> {
        let base_url = self.base_url_setting();
        let mut config = config
            .with_base_url(base_url.text()?)
            .map_err(|error| base_url.refused(&error))?
            .with_timeout(self.global.timeout)
            .with_max_attempts(self.global.max_attempts);
        if let Some(tenant) = self.global.tenant_or(kept_tenant) {
            config = config.with_tenant(tenant.text()?).map_err(|error| tenant.refused(&error))?;
        }
        if let Some(context) = self.global.customer_context() {
            config = config.with_customer_context(context.text()?);
        }
        Ok(config)
    }

    /// The base URL, parsed.
    pub fn parsed_base_url(&self) -> Result<Url, CliError> {
        let setting = self.base_url_setting();
        base_url(setting.text()?).map_err(|error| setting.refused(&error))
    }

    /// Fails if a setting is invalid.
    pub fn check_settings(&self, kept_tenant: Option<&str>) -> Result<(), CliError> {
        let placeholder = "none".parse().map_err(|error| CliError::config(&ConfigError::InvalidApiKey(error)))?;
        self.with_settings(ClientConfig::new(placeholder), kept_tenant).map(drop)
    }

    /// The base URL, for messages.
    pub fn base_url(&self) -> String {
        self.base_url_setting().shown()
    }

    fn base_url_setting(&self) -> Setting {
        match &self.sandbox {
            Some(sandbox) => Setting::new(sandbox.url(), "--sandbox"),
            None => self.global.api_base_url(),
        }
    }
}
