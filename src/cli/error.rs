use std::io;

use clap::error::{ContextKind, ContextValue};
use serde_json::{Value, json};

use super::context::Context;
use super::exit_code::ExitCode;
use super::output::plain;
use crate::client::{ApiError, ConfigError, ErrorKind, env};

/// Everything that a command can end with but success: what failed, why, and what to do next.
#[derive(Debug)]
pub(super) struct CliError {
    exit_code: ExitCode,
    /// What could not be done, such as `cannot resend the invite x`.
    failed: Option<String>,
    message: String,
    hint: Option<String>,
    api: Option<Box<ApiError>>,
    /// What clap shows at a terminal, with its own colours.
    arguments: Option<clap::Error>,
}

impl CliError {
    fn new(exit_code: ExitCode, message: impl Into<String>) -> Self {
        Self { exit_code, failed: None, message: message.into(), hint: None, api: None, arguments: None }
    }

    pub fn other(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Other, message)
    }

    // By value, so that it can be passed to `map_err`.
    #[allow(clippy::needless_pass_by_value)]
    pub fn io(error: io::Error) -> Self {
        Self::other(error.to_string())
    }

    /// A command line that clap refused.
    pub fn arguments(mut error: clap::Error) -> Self {
        for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue, ContextKind::InvalidSubcommand] {
            if let Some(ContextValue::String(typed)) = error.get(kind) {
                let typed = plain(typed).into_owned();
                error.insert(kind, ContextValue::String(typed));
            }
        }
        let text = error.render().to_string();
        let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").trim();
        Self { arguments: Some(error), ..Self::new(ExitCode::Usage, message) }
            .hint("See --help for the arguments and flags.")
    }

    /// A configuration that makes no client.
    pub fn config(error: &ConfigError) -> Self {
        let exit_code = match error {
            ConfigError::MissingApiKey | ConfigError::InvalidApiKey(_) => ExitCode::Authentication,
            ConfigError::BaseUrl { .. } | ConfigError::Tenant(_) | ConfigError::NotUnicode(_) => ExitCode::Usage,
            _ => ExitCode::Other,
        };
        let cause = std::error::Error::source(error).filter(|_| matches!(error, ConfigError::Http(_)));
        let message = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
        let hint = match error {
            ConfigError::MissingApiKey => {
                format!("Make an API key in the DoiT console and set {}, or try --sandbox.", env::API_KEY)
            }
            ConfigError::InvalidApiKey(_) => format!("Set {} to an API key from the DoiT console.", env::API_KEY),
            ConfigError::BaseUrl { .. } => format!("Check --api-base-url and {}.", env::API_BASE_URL),
            ConfigError::Tenant(_) => format!("Check --tenant and {}.", env::TENANT_ID),
            ConfigError::RootCertificates(_) => {
                "Install the system's CA certificates, or name a file of them in SSL_CERT_FILE.".to_owned()
            }
            _ => return Self::new(exit_code, message),
        };
        Self::new(exit_code, message).hint(hint)
    }

    /// A call that failed.
    pub fn api(failed: String, error: ApiError, context: &Context) -> Self {
        let exit_code = ExitCode::from(error.kind());
        let hint = match (error.kind(), error.code()) {
            (_, Some("tenant_id_required")) => Some(format!("Name the customer with --tenant or {}.", env::TENANT_ID)),
            (_, Some("tenant_id_mismatch")) => Some(format!(
                "The credential does not reach that customer: check --tenant, {} and {}.",
                env::TENANT_ID,
                env::CUSTOMER_CONTEXT
            )),
            (ErrorKind::Authentication, _) => Some(format!(
                "{} was refused. Make a key in the DoiT console and set {}.",
                context.credential(),
                env::API_KEY
            )),
            (ErrorKind::Permission, _) => Some("Ask an administrator of the customer for the permission.".to_owned()),
            (ErrorKind::RateLimited, _) => Some("Wait a moment, then try again.".to_owned()),
            (ErrorKind::Network, _) => Some(format!("Check the connection to {}, then try again.", context.base_url())),
            (ErrorKind::UnexpectedAnswer, _) => Some(format!(
                "Check that {} is the API, and not a proxy or a sign-in page in front of it.",
                context.base_url()
            )),
            _ => None,
        };
        let message = error.message().to_owned();
        Self { failed: Some(failed), hint, api: Some(Box::new(error)), ..Self::new(exit_code, message) }
    }

    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What a command knows better about one kind of failure.
    pub fn hint_for(self, kind: ErrorKind, hint: &str) -> Self {
        if self.api.as_ref().is_some_and(|error| error.kind() == kind) { self.hint(hint) } else { self }
    }

    pub fn exit_code(&self) -> u8 {
        self.exit_code.number()
    }

    pub fn as_clap(&self) -> Option<&clap::Error> {
        self.arguments.as_ref()
    }

    /// The first line for a person: what failed, and why.
    pub fn sentence(&self) -> String {
        match &self.failed {
            Some(failed) => format!("{failed}: {}", self.message),
            None => self.message.clone(),
        }
    }

    /// What a person may be asked for by the service's support.
    pub fn details(&self) -> Option<String> {
        let error = self.api.as_ref()?;
        let status = error.status().map(|status| format!("HTTP {status}"));
        let request = error.request_id().map(|id| format!("request id {id}"));
        let details: Vec<String> = status.into_iter().chain(request).collect();
        (!details.is_empty()).then(|| details.join(", "))
    }

    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The error object of machine output.
    pub fn object(&self) -> Value {
        let api = self.api.as_deref();
        json!({ "error": {
            "code": self.exit_code.name(),
            "message": self.message,
            "hint": self.hint,
            "retryable": api.is_some_and(ApiError::is_retryable),
            "http_status": api.and_then(ApiError::status),
            "request_id": api.and_then(ApiError::request_id),
            "retry_after": api.and_then(ApiError::retry_after).map(|wait| wait.as_secs()),
        }})
    }
}
