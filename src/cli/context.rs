use std::ffi::OsString;
use std::num::NonZeroUsize;

use reqwest::Url;
use serde_json::{Value, json};

use super::credential::{Credential, sign_in, sign_in_without_tokens, sign_ins};
use super::error::CliError;
use super::global::GlobalArgs;
use super::interrupts::Interrupts;
use super::output::Output;
use super::setting::Setting;
use crate::client::sign_in::{SignInStore, StoredSignIn};
use crate::client::{Client, ClientConfig, ConfigError, Credentials, CredentialsError, base_url};
use crate::sandbox::Sandbox;

/// What every command needs: the API, the credential, the output, and Ctrl-C.
#[derive(Debug)]
pub(super) struct Context<'a> {
    global: GlobalArgs,
    /// The command line as it was typed.
    pub(super) typed: &'a [OsString],
    pub(super) output: &'a Output,
    pub(super) interrupts: Interrupts,
    /// The private sandbox of `--sandbox`; stops when the context is dropped.
    pub(super) sandbox: Option<Sandbox>,
}

impl<'a> Context<'a> {
    pub fn new(global: GlobalArgs, typed: &'a [OsString], output: &'a Output) -> Result<Self, CliError> {
        let sandbox = global.sandbox.then(Sandbox::start).transpose().map_err(CliError::io)?;
        let interrupts = Interrupts::receive().map_err(CliError::io)?;
        Ok(Self { global, typed, output, interrupts, sandbox })
    }

    /// Builds a client from the flags and the environment.
    pub fn client(&self) -> Result<Client, CliError> {
        self.config()?.build().map_err(|error| CliError::config(&error))
    }

    /// Builds a client that makes this many calls at once.
    pub fn client_for_many(&self, concurrency: NonZeroUsize) -> Result<Client, CliError> {
        self.config()?.with_concurrency(concurrency).build().map_err(|error| CliError::config(&error))
    }

    /// Builds a client with this credential.
    pub fn client_with(&self, credentials: impl Credentials + 'static) -> Result<Client, CliError> {
        let config = self.with_settings(ClientConfig::from_credentials(credentials))?;
        config.build().map_err(|error| CliError::config(&error))
    }

    fn config(&self) -> Result<ClientConfig, CliError> {
        let config = match self.credential()? {
            Credential::SandboxKey(key) | Credential::ApiKey(key) => ClientConfig::new(key),
            Credential::SignIn(_) => ClientConfig::from_credentials(self.stored_sign_in()?),
            Credential::None => return Err(CliError::config(&ConfigError::MissingApiKey)),
        };
        self.with_settings(config)
    }

    /// Builds a client with the stored sign-in, even if another credential takes precedence.
    pub fn client_of_sign_in(&self) -> Result<Client, CliError> {
        self.client_with(self.stored_sign_in()?)
    }

    fn stored_sign_in(&self) -> Result<StoredSignIn, CliError> {
        Ok(StoredSignIn::new(sign_ins()?, self.base_url_checked()?))
    }

    /// The credential that a command uses.
    pub fn credential(&self) -> Result<Credential, CliError> {
        Credential::choose(self.sandbox.as_ref(), &self.base_url_checked()?)
    }

    /// Fails with `--sandbox`: a private sandbox does not outlive the command, so a sign-in to it is of no use.
    pub fn refuse_private_sandbox(&self) -> Result<(), CliError> {
        if self.sandbox.is_none() {
            return Ok(());
        }
        Err(CliError::usage("login and logout cannot be used with --sandbox")
            .hint("Run dci sandbox in another terminal and set the variables that it prints."))
    }

    /// Changes the stored sign-ins. Waits for other processes that change them, at most `--timeout` or until Ctrl-C.
    pub async fn change_sign_ins<T: Send + 'static>(
        &self,
        change: impl FnOnce(&SignInStore) -> Result<T, CredentialsError> + Send + 'static,
    ) -> Result<T, CliError> {
        let store = sign_ins()?;
        let busy = format!("timed out: another dci process is using {}", store.path().display());
        let changed = self.interrupts.unless_ended(move || change(&store));
        let changed = tokio::time::timeout(self.global.timeout, changed);
        let changed = changed.await.map_err(|_| CliError::other(busy).hint("End that process, then retry."))?;
        let interrupted = || CliError::interrupted_in_doubt().hint("dci status shows who is signed in.");
        changed.ok_or_else(interrupted)?.map_err(CliError::credentials)
    }

    /// Waits for `work`; fails on Ctrl-C.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        tokio::select! {
            output = work => Ok(output),
            () = self.interrupts.ended() => Err(CliError::interrupted()),
        }
    }

    /// The configuration as the flags and the environment have it.
    fn with_settings(&self, config: ClientConfig) -> Result<ClientConfig, CliError> {
        let base_url = self.base_url_setting();
        let mut config = config
            .with_base_url(base_url.text()?)
            .map_err(|error| base_url.refused(&error))?
            .with_timeout(self.global.timeout)
            .with_max_attempts(self.global.max_attempts);
        if let Some(tenant) = self.global.tenant() {
            config = config.with_tenant(tenant.text()?).map_err(|error| tenant.refused(&error))?;
        }
        if let Some(context) = self.global.customer_context() {
            config = config.with_customer_context(context.text()?);
        }
        Ok(config)
    }

    /// The base URL, parsed and checked.
    pub fn base_url_checked(&self) -> Result<Url, CliError> {
        let setting = self.base_url_setting();
        base_url(setting.text()?).map_err(|error| setting.refused(&error))
    }

    /// What commands use, without the credentials themselves.
    pub fn status(&self) -> Result<Value, CliError> {
        let credential = self.credential()?;
        // Invalid settings are errors here too.
        self.with_settings(ClientConfig::new(
            "none".parse().map_err(|error| CliError::config(&ConfigError::InvalidApiKey(error)))?,
        ))?;
        let signed_in = match (&credential, &self.sandbox) {
            (Credential::SignIn(used), _) => Some(sign_in_without_tokens(used)?),
            (_, Some(_)) => None,
            // The sign-in is not used, so a damaged file is not an error.
            (_, None) => match sign_in(&self.base_url_checked()?) {
                Ok(unused) => unused.as_ref().map(sign_in_without_tokens).transpose()?,
                Err(error) => Some(json!({ "problem": error.message() })),
            },
        };
        Ok(json!({
            "apiBaseUrl": self.base_url(),
            "credential": credential.name(),
            "signIn": signed_in,
            "tenant": self.global.tenant().map(|tenant| tenant.shown()),
            "customerContext": self.global.customer_context().map(|context| context.shown()),
            "output": self.output.format_name(),
        }))
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
