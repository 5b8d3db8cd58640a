use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::output::{Color, Format};
use crate::client::env;

/// The flags that every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct GlobalArgs {
    /// The form of results and errors [default: table at a terminal, json otherwise]
    #[arg(short, long, global = true, value_name = "FORMAT", env = "DCI_OUTPUT", hide_env_values = true)]
    pub output: Option<Format>,

    /// Where the API is [default: https://api.doit.com]
    ///
    /// https, or http to a loopback address.
    #[arg(long, global = true, value_name = "URL", env = env::API_BASE_URL, hide_env_values = true)]
    pub api_base_url: Option<String>,

    /// The customer that the request is for, sent as X-Tenant-Id
    ///
    /// Needed when the credential reaches more than one customer.
    #[arg(long, global = true, value_name = "ID", env = env::TENANT_ID, hide_env_values = true)]
    pub tenant: Option<String>,

    /// The same for older API keys, sent as customerContext
    #[arg(short = 'D', long, global = true, value_name = "C", env = env::CUSTOMER_CONTEXT, hide_env_values = true)]
    pub customer_context: Option<String>,

    /// Run the command against a private sandbox, started for it and stopped after it
    ///
    /// The sandbox brings its own API key; the environment's base URL and customer are left out.
    /// `dci sandbox --help` says who is in it.
    #[cfg(feature = "sandbox")]
    #[arg(long, global = true)]
    pub sandbox: bool,

    /// When to colour what is shown; NO_COLOR in the environment turns it off too
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl GlobalArgs {
    /// Empty variables count as unset, and those of the environment are not for a private sandbox.
    pub fn settle(mut self, matches: &ArgMatches) -> Result<Self, clap::Error> {
        let from_environment = |name| matches.value_source(name) == Some(ValueSource::EnvVariable);
        #[cfg(feature = "sandbox")]
        let is_private = self.sandbox;
        #[cfg(not(feature = "sandbox"))]
        let is_private = false;

        for (name, value) in [
            ("api_base_url", &mut self.api_base_url),
            ("tenant", &mut self.tenant),
            ("customer_context", &mut self.customer_context),
        ] {
            let is_empty = value.as_deref().is_some_and(str::is_empty);
            if from_environment(name) && (is_private || is_empty) {
                *value = None;
            }
        }
        if is_private && self.api_base_url.is_some() {
            let text = "the argument '--sandbox' cannot be used with '--api-base-url <URL>'";
            return Err(super::help::command().error(clap::error::ErrorKind::ArgumentConflict, text));
        }
        Ok(self)
    }
}
