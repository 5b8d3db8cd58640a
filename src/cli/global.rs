//! The global flags, and the variables that they override.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use clap::error::ErrorKind;

use super::error::CliError;
use super::output::{Color, FormatChoice, Output};
use super::setting::Setting;
use crate::client::{DEFAULT_BASE_URL, env};

/// The flags of every command. Each variable is read where its value is used: clap would read it in every command, even
/// if the flag is given.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct GlobalArgs {
    /// Output format
    ///
    /// Applies to results and errors. The default is auto. In CSV, a text that a spreadsheet would run as a formula
    /// begins with an apostrophe. [env: DCI_OUTPUT]
    #[arg(short, long, global = true, value_name = "FORMAT")]
    pub output: Option<FormatChoice>,

    /// Columns of a table or CSV, in order, such as email,status
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    #[arg(hide_short_help = true)]
    pub columns: Vec<String>,

    /// Base URL of the API [env: DCI_API_BASE_URL] [default: https://api.doit.com]
    ///
    /// Must use https; http is allowed for loopback addresses only.
    #[arg(long, global = true, value_name = "URL")]
    #[arg(hide_short_help = true)]
    api_base_url: Option<String>,

    /// Customer, sent as X-Tenant-Id [env: DCI_TENANT_ID]
    ///
    /// Required if the credential has access to several customers. To store it with the sign-in, use dci login --tenant; API keys do not use the stored one.
    #[arg(long, global = true, value_name = "ID")]
    #[arg(hide_short_help = true)]
    tenant: Option<String>,

    /// Customer for older API keys, sent as customerContext [env: DCI_CUSTOMER_CONTEXT]
    #[arg(short = 'D', long, global = true, value_name = "C")]
    #[arg(hide_short_help = true)]
    customer_context: Option<String>,

    /// Run the command against a private sandbox
    ///
    /// An in-memory DoiT that exists only while the command runs. It has its own API key; the environment's base URL
    /// and customer are ignored. `dci sandbox --help` lists its users.
    #[arg(long, global = true)]
    pub sandbox: bool,

    /// Time limit for a call, including retries, such as 90s or 2m
    #[arg(long, global = true, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    #[arg(hide_short_help = true)]
    pub timeout: Duration,

    /// Maximum number of attempts for a call; 1 disables retries
    #[arg(long, global = true, value_name = "N", default_value = "5", value_parser = attempts)]
    #[arg(hide_short_help = true)]
    pub max_attempts: NonZeroU32,

    /// Show each attempt on stderr
    ///
    /// Shows method, path, status, time and request id. For other filters, set DCI_LOG instead: it accepts filters of
    /// the Rust crate `tracing`, such as dci=debug or trace.
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
    /// The output of a command whose result has a format: the flag, then the variable.
    pub fn output(&self) -> Result<Output, CliError> {
        let format = match self.output {
            Some(format) => format,
            None => FormatChoice::from_env()?.unwrap_or(FormatChoice::Auto),
        };
        self.output_as(format)
    }

    /// The output of a command whose result has no format: only errors use the flag.
    pub fn output_without_format(&self) -> Result<Output, CliError> {
        self.output_as(self.output.unwrap_or(FormatChoice::Auto))
    }

    fn output_as(&self, format: FormatChoice) -> Result<Output, CliError> {
        Output::new(format, self.color, self.quiet, self.columns.clone())
    }

    /// The base URL of the API. A private sandbox has its own.
    pub fn api_base_url(&self) -> Setting {
        let given = self.setting("--api-base-url", self.api_base_url.as_deref(), env::API_BASE_URL);
        given.unwrap_or_else(|| Setting::new(DEFAULT_BASE_URL, "--api-base-url"))
    }

    /// Without the flags that choose the API and the customer.
    pub fn without_scope(&self) -> Self {
        Self { api_base_url: None, tenant: None, customer_context: None, ..self.clone() }
    }

    /// The customer that the command line names.
    pub fn tenant_flag(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The customer that commands use: the one of the flag or of the variable, or else `kept`.
    pub fn tenant_or(&self, kept: Option<&str>) -> Option<Setting> {
        let given = self.setting("--tenant", self.tenant.as_deref(), env::TENANT_ID);
        given.or_else(|| kept.map(|tenant| Setting::new(tenant, "dci login --tenant")))
    }

    pub fn customer_context(&self) -> Option<Setting> {
        self.setting("--customer-context", self.customer_context.as_deref(), env::CUSTOMER_CONTEXT)
    }

    /// The value of a flag or else of its variable. With a private sandbox, variables are ignored.
    fn setting(&self, flag: &'static str, given: Option<&str>, variable: &'static str) -> Option<Setting> {
        let given = given.map(|value| Setting::new(value, flag));
        given.or_else(|| if self.sandbox { None } else { Setting::from_env(variable) })
    }

    /// Refuses an empty value: it comes from a script whose variable is not set, and would select another API or customer.
    pub fn check(&self) -> Result<(), (ErrorKind, String)> {
        for (flag, value) in [
            ("--api-base-url", &self.api_base_url),
            ("--tenant", &self.tenant),
            ("--customer-context", &self.customer_context),
        ] {
            if value.as_deref().is_some_and(str::is_empty) {
                return Err((ErrorKind::InvalidValue, format!("the argument '{flag}' has an empty value")));
            }
        }
        if self.sandbox && self.api_base_url.is_some() {
            let text = "the argument '--sandbox' cannot be used with '--api-base-url <URL>'";
            return Err((ErrorKind::ArgumentConflict, text.to_owned()));
        }
        Ok(())
    }
}

fn attempts(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "use a number of at least 1".to_owned())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "use a duration such as 500ms, 90s, 2m or 1h 30m".to_owned())
}
