use std::ffi::OsString;
use std::num::NonZeroUsize;

use reqwest::Url;
use serde_json::{Value, json};

use super::credential::{Credential, shown, sign_in, sign_ins};
use super::error::CliError;
use super::global::GlobalArgs;
use super::interrupts::Interrupts;
use super::output::Output;
use super::setting::Setting;
use crate::client::sign_in::{SignInStore, StoredSignIn};
use crate::client::{Client, ClientConfig, ConfigError, Credentials, CredentialsError, base_url};
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
        let interrupts = Interrupts::receive().map_err(CliError::io)?;
        Ok(Self { global, typed, output, interrupts, sandbox })
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

    /// The same with the sign-in, even where another credential goes before it.
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

    /// What a private sandbox knows ends with it.
    pub fn refuse_private_sandbox(&self) -> Result<(), CliError> {
        if self.sandbox.is_none() {
            return Ok(());
        }
        Err(CliError::usage("a private sandbox ends with the command, and so does who is signed in to it")
            .hint("Run dci sandbox in another terminal, and set what it prints."))
    }

    /// Changes the store of the sign-ins. It waits for other processes that do, for as long as a call may take, or until
    /// Ctrl-C is pressed.
    pub async fn change_sign_ins<T: Send + 'static>(
        &self,
        change: impl FnOnce(&SignInStore) -> Result<T, CredentialsError> + Send + 'static,
    ) -> Result<T, CliError> {
        let store = sign_ins()?;
        let busy = format!("another dci is using {}, and does not end", store.path().display());
        let changed = self.interrupts.unless_ended(move || change(&store));
        let changed = tokio::time::timeout(self.global.timeout, changed);
        let changed = changed.await.map_err(|_| CliError::other(busy).hint("End it, then try again."))?;
        let interrupted = || CliError::interrupted_in_doubt().hint("dci status says who is signed in.");
        changed.ok_or_else(interrupted)?.map_err(CliError::credentials)
    }

    /// Does it, unless Ctrl-C is pressed.
    pub async fn unless_interrupted<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        tokio::select! {
            done = work => Ok(done),
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

    pub fn base_url_checked(&self) -> Result<Url, CliError> {
        let setting = self.base_url_setting();
        base_url(setting.text()?).map_err(|error| setting.refused(&error))
    }

    /// What a command would use; credentials by their sources alone.
    pub fn status(&self) -> Result<Value, CliError> {
        let credential = self.credential()?;
        // What cannot be used is no status.
        self.with_settings(ClientConfig::new(
            "none".parse().map_err(|error| CliError::config(&ConfigError::InvalidApiKey(error)))?,
        ))?;
        let signed_in = match (&credential, &self.sandbox) {
            (Credential::SignIn(used), _) => Some(shown(used)?),
            (_, Some(_)) => None,
            // It is not used, and so may be wrong.
            (_, None) => match sign_in(&self.base_url_checked()?) {
                Ok(unused) => unused.as_ref().map(shown).transpose()?,
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

    /// Where requests go.
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
