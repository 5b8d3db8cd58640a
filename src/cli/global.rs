use std::num::NonZeroU32;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::error::CliError;
use super::output::{Color, FormatChoice, Output};
use crate::client::env;

/// The flags that every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct GlobalArgs {
    /// Output format
    ///
    /// Applies to results and errors.
    #[arg(short, long, global = true, value_name = "FORMAT", env = "DCI_OUTPUT", hide_env_values = true)]
    #[arg(default_value = "auto")]
    pub output: FormatChoice,

    /// The columns of a table or CSV, in order, such as email,status
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    #[arg(hide_short_help = true)]
    pub columns: Vec<String>,

    /// The base URL of the API [default: https://api.doit.com]
    ///
    /// Must use https; http is allowed for loopback addresses only.
    #[arg(long, global = true, value_name = "URL", env = env::API_BASE_URL, hide_env_values = true)]
    #[arg(hide_short_help = true)]
    pub api_base_url: Option<String>,

    /// The customer to use, sent as X-Tenant-Id
    ///
    /// Required if the credential has access to several customers.
    #[arg(long, global = true, value_name = "ID", env = env::TENANT_ID, hide_env_values = true)]
    #[arg(hide_short_help = true)]
    pub tenant: Option<String>,

    /// The customer to use with older API keys, sent as customerContext
    #[arg(short = 'D', long, global = true, value_name = "C", env = env::CUSTOMER_CONTEXT, hide_env_values = true)]
    #[arg(hide_short_help = true)]
    pub customer_context: Option<String>,

    /// Run the command against a private sandbox
    ///
    /// An in-memory DoiT that exists only while the command runs. It has its own API key; the environment's base URL
    /// and customer are ignored. `dci sandbox --help` lists its users.
    #[arg(long, global = true)]
    pub sandbox: bool,

    /// The time limit for a call including retries, such as 90s or 2m
    #[arg(long, global = true, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    #[arg(hide_short_help = true)]
    pub timeout: Duration,

    /// The maximum number of attempts for a call; 1 disables retries
    #[arg(long, global = true, value_name = "N", default_value = "5", value_parser = attempts)]
    #[arg(hide_short_help = true)]
    pub max_attempts: NonZeroU32,

    /// Show each attempt on stderr
    ///
    /// Shows method, path, status, time and request id. DCI_LOG takes precedence; it takes a filter of the Rust crate
    /// `tracing`, such as dci=debug or trace.
    #[arg(short, long, global = true)]
    #[arg(hide_short_help = true)]
    pub verbose: bool,

    /// Show only errors on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    #[arg(hide_short_help = true)]
    pub quiet: bool,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_short_help = true)]
    pub color: Color,
}

impl GlobalArgs {
    /// How to show things.
    pub fn output(&self) -> Result<Output, CliError> {
        Output::new(self.output, self.color, self.quiet, self.columns.clone())
    }

    /// Empty variables count as unset, and those of the environment are not for a private sandbox. An empty flag
    /// is an error: it comes from a script whose variable is not set, and would mean another API or customer.
    pub fn settle(mut self, matches: &ArgMatches) -> Result<Self, (ErrorKind, String)> {
        let from_environment = |name| matches.value_source(name) == Some(ValueSource::EnvVariable);
        for (name, value) in [
            ("api_base_url", &mut self.api_base_url),
            ("tenant", &mut self.tenant),
            ("customer_context", &mut self.customer_context),
        ] {
            let is_empty = value.as_deref().is_some_and(str::is_empty);
            if from_environment(name) && (self.sandbox || is_empty) {
                *value = None;
            } else if is_empty {
                let text = format!("the argument '--{}' has an empty value", name.replace('_', "-"));
                return Err((ErrorKind::InvalidValue, text));
            }
        }
        if self.sandbox && self.api_base_url.is_some() {
            let text = "the argument '--sandbox' cannot be used with '--api-base-url <URL>'";
            return Err((ErrorKind::ArgumentConflict, text.to_owned()));
        }
        Ok(self)
    }
}

fn attempts(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "a number from 1 is expected".to_owned())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a duration such as 500ms, 90s, 2m or 1h 30m is expected".to_owned())
}
