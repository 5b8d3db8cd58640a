use std::io;

use clap::error::{ContextKind, ContextValue};
use serde_json::{Value, json};

use super::exit_code::ExitCode;
use super::output::plain;
use crate::client::{ApiError, ConfigError, CredentialsError, ErrorKind, IdempotencyKey, RetryPolicy, env};

/// Everything that a command can end with but success: what failed, why, and what to do next.
#[derive(Debug)]
pub(super) struct CliError {
    exit_code: ExitCode,
    /// What could not be done, such as `cannot resend the invite x`.
    failed: Option<String>,
    message: String,
    /// What to do next.
    hints: Vec<String>,
    /// Whether the work may have been done all the same.
    leaves_doubt: bool,
    /// Whether the same command, with the same key where it has one, may succeed later and is safe.
    is_retryable: bool,
    api: Option<Box<ApiError>>,
    /// What clap shows at a terminal, with its own colours.
    arguments: Option<clap::Error>,
}

impl CliError {
    fn new(exit_code: ExitCode, message: impl Into<String>) -> Self {
        Self {
            exit_code,
            failed: None,
            message: message.into(),
            hints: Vec::new(),
            leaves_doubt: false,
            is_retryable: false,
            api: None,
            arguments: None,
        }
    }

    pub fn other(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Other, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// There is nothing of what was named.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ExitCode::NotFound, message)
    }

    // By value, so that it can be passed to `map_err`.
    #[allow(clippy::needless_pass_by_value)]
    pub fn io(error: io::Error) -> Self {
        Self::other(error.to_string())
    }

    /// A command line that clap refused.
    pub fn arguments(mut error: clap::Error) -> Self {
        show_controls(&mut error);
        let text = error.render().to_string();
        let message = match error.kind() {
            // In place of an error clap shows the help then.
            clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is required",
            _ => text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: "),
        };
        let message = message.split("\n\nFor more information").next().unwrap_or_default();
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { arguments: Some(error), ..Self::new(ExitCode::Usage, message) }
            .hint("See --help for the arguments, flags and variables.")
    }

    /// A configuration that makes no client.
    pub fn config(error: &ConfigError) -> Self {
        let exit_code = match error {
            ConfigError::MissingApiKey | ConfigError::InvalidApiKey(_) | ConfigError::NotUnicode(env::API_KEY) => {
                ExitCode::Authentication
            }
            ConfigError::BaseUrl { .. }
            | ConfigError::Tenant(_)
            | ConfigError::Variable { .. }
            | ConfigError::Endpoint { .. }
            | ConfigError::AuthorizationServer(_)
            | ConfigError::NotUnicode(_) => ExitCode::Usage,
            _ => ExitCode::Other,
        };
        let cause = std::error::Error::source(error).filter(|_| matches!(error, ConfigError::Http(_)));
        let message = match (error, cause) {
            (ConfigError::MissingApiKey, _) => format!("nobody is signed in, and {} is not set", env::API_KEY),
            (_, Some(cause)) => format!("{error}: {cause}"),
            (_, None) => error.to_string(),
        };
        let hint = match error {
            ConfigError::MissingApiKey => {
                format!(
                    "Sign in with dci login, or make an API key in the DoiT console and set {}, or try --sandbox.",
                    env::API_KEY
                )
            }
            ConfigError::InvalidApiKey(_) | ConfigError::NotUnicode(env::API_KEY) => {
                format!("Set {} to an API key from the DoiT console.", env::API_KEY)
            }
            ConfigError::Endpoint { variable, .. } => format!("Correct {variable}."),
            ConfigError::AuthorizationServer(_) => format!(
                "Set {}, {} and {} to those of one service, or none of them.",
                env::API_BASE_URL,
                env::AUTHORIZE_URL,
                env::TOKEN_URL
            ),
            ConfigError::Variable { variable, .. } => format!("Correct {variable}, or unset it."),
            ConfigError::RootCertificates(_) => {
                "Install the system's CA certificates, or name a file of them in SSL_CERT_FILE.".to_owned()
            }
            _ => return Self::new(exit_code, message),
        };
        Self::new(exit_code, message).hint(hint)
    }

    /// A credential that cannot be had.
    // By value, so that it can be passed to `map_err`.
    #[allow(clippy::needless_pass_by_value)]
    pub fn credentials(error: CredentialsError) -> Self {
        Self { is_retryable: error.is_retryable(), ..Self::new(error.kind().into(), error.to_string()) }
    }

    /// Nobody signed in.
    pub fn not_signed_in(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Authentication, message)
    }

    /// A call that failed.
    pub fn api(error: ApiError) -> Self {
        let unexplained = Self::new(error.kind().into(), error.message());
        Self {
            leaves_doubt: error.leaves_doubt(),
            is_retryable: error.is_retryable(),
            api: Some(Box::new(error)),
            ..unexplained
        }
    }

    /// Ctrl-C, when it is not known whether it came before the end.
    pub fn interrupted_in_doubt() -> Self {
        Self::new(ExitCode::Interrupted, "interrupted; it may have been done all the same")
    }

    /// Ctrl-C, when nothing was under way.
    pub fn interrupted() -> Self {
        Self { is_retryable: true, ..Self::new(ExitCode::Interrupted, "interrupted; nothing was changed") }
    }

    /// A run over many targets in which not all went well; `may_go_on` when doing it again can help and is safe.
    pub fn run(exit_code: ExitCode, summary: impl Into<String>, may_go_on: bool) -> Self {
        Self { is_retryable: may_go_on, ..Self::new(exit_code, summary) }
    }

    /// Says what could not be done.
    pub fn failing(self, failed: impl Into<String>) -> Self {
        Self { failed: Some(failed.into()), ..self }
    }

    /// Adds one thing to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What a command knows about one kind of failure goes before what is true of every call.
    pub fn hint_for(mut self, kind: ErrorKind, hint: &str) -> Self {
        if self.is_of(kind) {
            self.hints.insert(0, hint.to_owned());
        }
        self
    }

    /// Adds what to do next where the work may have been done all the same.
    pub fn hint_if_in_doubt(self, hint: impl Into<String>) -> Self {
        if self.leaves_doubt { self.hint(hint) } else { self }
    }

    /// Whether it is that of a call that failed in this way.
    pub fn is_of(&self, kind: ErrorKind) -> bool {
        self.api.as_ref().is_some_and(|error| error.kind() == kind)
    }

    /// Whether the credential was accepted, and reaches several customers.
    pub fn is_tenant_required(&self) -> bool {
        self.api.as_ref().is_some_and(|error| error.code() == Some("tenant_id_required"))
    }

    /// What the API answered.
    pub fn status(&self) -> Option<u16> {
        self.api.as_ref().and_then(|error| error.status())
    }

    /// Whether there was no credential to send.
    pub fn has_no_credential(&self) -> bool {
        self.api.as_ref().is_some_and(|error| error.has_no_credential())
    }

    /// Whether the server asks to come back later than a call waits.
    pub fn asks_to_come_back(&self) -> bool {
        let longest = RetryPolicy::default().max_retry_after;
        let asked = self.api.as_ref().filter(|error| matches!(error.status(), Some(429 | 503)));
        asked.and_then(|error| error.retry_after()).is_some_and(|asked| asked > longest)
    }

    pub fn exit_code(&self) -> ExitCode {
        self.exit_code
    }

    pub fn leaves_doubt(&self) -> bool {
        self.leaves_doubt
    }

    pub fn is_retryable(&self) -> bool {
        self.is_retryable
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
        // One attempt that was answered for good is no news.
        let was_tried_again = error.attempts() > 1 || error.is_retryable();
        let status = error.tried().filter(|_| was_tried_again);
        let status = status.or_else(|| error.status().map(|status| format!("HTTP {status}")));
        let request = error.request_id().map(|id| format!("request id {id}"));
        let details: Vec<String> = status.into_iter().chain(request).collect();
        (!details.is_empty()).then(|| details.join(", "))
    }

    /// Why it failed.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The error object of machine output.
    pub fn object(&self) -> Value {
        let api = self.api.as_deref();
        json!({ "error": {
            "code": self.exit_code.name(),
            "message": self.message,
            "hint": (!self.hints.is_empty()).then(|| self.hints.join(" ")),
            "retryable": self.is_retryable(),
            "http_status": api.and_then(ApiError::status),
            "request_id": api.and_then(ApiError::request_id),
            "retry_after": api.and_then(ApiError::retry_after).map(|wait| wait.as_secs()),
            "attempts": api.map(ApiError::attempts),
            "idempotency_key": api.and_then(ApiError::idempotency_key).map(IdempotencyKey::as_str),
        }})
    }
}

/// Makes visible in what was typed what a terminal would obey.
fn show_controls(error: &mut clap::Error) {
    let shown: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(plain(text).into_owned()))),
            _ => None,
        })
        .collect();
    for (kind, value) in shown {
        error.insert(kind, value);
    }
}
