use std::borrow::Cow;
use std::io;

use clap::error::{ContextKind, ContextValue};
use serde_json::{Value, json};

use super::escape::escape;
use super::exit_code::ExitCode;
use crate::client::{ApiError, ConfigError, CredentialsError, ErrorKind, IdempotencyKey, RetryPolicy, env};

/// A failed command: what failed, why, and what to do next.
#[derive(Debug)]
pub(super) struct CliError {
    exit_code: ExitCode,
    /// What failed, such as `cannot resend the invite x`.
    failed: Option<String>,
    message: String,
    /// What is wrong, if that is several things.
    problems: Vec<String>,
    /// What to do next.
    hints: Vec<String>,
    /// Whether the server may have done the work although the command failed.
    outcome_unknown: bool,
    /// Whether it is safe, and can help, to run the same command again (with the same key if it has one).
    is_retryable: bool,
    api: Option<Box<ApiError>>,
    /// A usage error of clap, which renders itself at a terminal.
    pub arguments: Option<clap::Error>,
}

impl CliError {
    fn new(exit_code: ExitCode, message: impl Into<String>) -> Self {
        Self {
            exit_code,
            failed: None,
            message: message.into(),
            problems: Vec::new(),
            hints: Vec::new(),
            outcome_unknown: false,
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

    /// The target, or its email address, does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ExitCode::NotFound, message)
    }

    // By value for `map_err`.
    #[allow(clippy::needless_pass_by_value)]
    pub fn io(error: io::Error) -> Self {
        Self::other(error.to_string())
    }

    /// A command line that clap rejected.
    pub fn arguments(mut error: clap::Error) -> Self {
        escape_controls(&mut error);
        let text = error.render().to_string();
        let message = match error.kind() {
            // clap renders the help here, not an error.
            clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is required",
            _ => text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: "),
        };
        let message = message.split("\n\nFor more information").next().unwrap_or_default();
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { arguments: Some(error), ..Self::new(ExitCode::Usage, message) }
            .hint("See --help for the arguments, flags and variables.")
    }

    /// An invalid configuration.
    pub fn config(error: &ConfigError) -> Self {
        let cause = std::error::Error::source(error).filter(|_| matches!(error, ConfigError::Http(_)));
        let message = match (error, cause) {
            (ConfigError::MissingApiKey, _) => format!("not signed in, and {} is not set", env::API_KEY),
            (_, Some(cause)) => format!("{error}: {cause}"),
            (_, None) => error.to_string(),
        };
        let (exit_code, hint) = match error {
            ConfigError::MissingApiKey => (
                ExitCode::Authentication,
                format!(
                    "Sign in with dci login, set {} to an API key from the DoiT console, or try --sandbox.",
                    env::API_KEY
                ),
            ),
            ConfigError::InvalidApiKey(_) | ConfigError::NotUnicode(env::API_KEY) => {
                (ExitCode::Authentication, format!("Set {} to an API key from the DoiT console.", env::API_KEY))
            }
            ConfigError::AuthorizationServer(_) => (
                ExitCode::Usage,
                format!(
                    "Set {}, {} and {} together, for the same service, or unset all three.",
                    env::API_BASE_URL,
                    env::AUTHORIZE_URL,
                    env::TOKEN_URL
                ),
            ),
            ConfigError::Variable { variable, .. } => (ExitCode::Usage, format!("Fix {variable}, or unset it.")),
            ConfigError::RootCertificates(_) => (
                ExitCode::Other,
                "Install the system's CA certificates (on Linux: the package ca-certificates), or set SSL_CERT_FILE to a \
                 file that contains them."
                    .to_owned(),
            ),
            ConfigError::BaseUrl(_) | ConfigError::Tenant(_) | ConfigError::NotUnicode(_) => {
                return Self::usage(message);
            }
            _ => return Self::other(message),
        };
        Self::new(exit_code, message).hint(hint)
    }

    /// A credential that could not be loaded or renewed.
    // By value for `map_err`.
    #[allow(clippy::needless_pass_by_value)]
    pub fn credentials(error: CredentialsError) -> Self {
        Self { is_retryable: error.is_retryable(), ..Self::new(error.kind().into(), error.to_string()) }
    }

    /// Signing in failed.
    pub fn not_signed_in(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Authentication, message)
    }

    /// A failed API call.
    pub fn api(error: ApiError) -> Self {
        let unexplained = Self::new(error.kind().into(), error.message());
        Self {
            outcome_unknown: error.outcome_unknown(),
            is_retryable: error.is_retryable(),
            api: Some(Box::new(error)),
            ..unexplained
        }
    }

    /// Ctrl-C while the outcome is unknown.
    pub fn interrupted_in_doubt() -> Self {
        Self::new(ExitCode::Interrupted, "interrupted; the change may have been made")
    }

    /// Ctrl-C before anything was sent.
    pub fn interrupted() -> Self {
        Self { is_retryable: true, ..Self::new(ExitCode::Interrupted, "interrupted; nothing was changed") }
    }

    /// A run in which some targets failed; `is_resumable` if resuming can help and is safe.
    pub fn run(exit_code: ExitCode, summary: impl Into<String>, is_resumable: bool) -> Self {
        Self { is_retryable: is_resumable, ..Self::new(exit_code, summary) }
    }

    /// Says what failed.
    pub fn context(self, failed: impl Into<String>) -> Self {
        Self { failed: Some(failed.into()), ..self }
    }

    /// Says what is wrong, if that is several things.
    pub fn problems(self, problems: Vec<String>) -> Self {
        Self { problems, ..self }
    }

    /// Adds one thing to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint for one kind of failure. It takes precedence over the hints that apply to every call.
    pub fn hint_for(mut self, kind: ErrorKind, hint: &str) -> Self {
        if self.is_of(kind) {
            self.hints.insert(0, hint.to_owned());
        }
        self
    }

    /// Adds a hint if the server may have done the work although the command failed.
    pub fn hint_if_outcome_unknown(self, hint: impl Into<String>) -> Self {
        if self.outcome_unknown { self.hint(hint) } else { self }
    }

    /// Whether an API call failed with this kind.
    pub fn is_of(&self, kind: ErrorKind) -> bool {
        self.api.as_ref().is_some_and(|error| error.kind() == kind)
    }

    /// Whether the API needs to know which of several customers is meant. It has accepted the credential then.
    pub fn is_tenant_required(&self) -> bool {
        self.api.as_ref().is_some_and(|error| error.code() == Some("tenant_id_required"))
    }

    /// The HTTP status of the API's response.
    pub fn status(&self) -> Option<u16> {
        self.api.as_ref().and_then(|error| error.status())
    }

    /// Whether there was no credential to send.
    pub fn has_no_credential(&self) -> bool {
        self.api.as_ref().is_some_and(|error| error.has_no_credential())
    }

    /// Whether the last attempt of the call found no connection to the API.
    pub fn found_no_connection(&self) -> bool {
        self.api.as_ref().is_some_and(|error| error.found_no_connection())
    }

    /// Whether the server asks for a longer wait than a call allows.
    pub fn asks_to_come_back(&self) -> bool {
        let longest = RetryPolicy::default().max_retry_after;
        let asked = self.api.as_ref().filter(|error| matches!(error.status(), Some(429 | 503)));
        asked.and_then(|error| error.retry_after()).is_some_and(|asked| asked > longest)
    }

    pub fn exit_code(&self) -> ExitCode {
        self.exit_code
    }

    pub fn outcome_unknown(&self) -> bool {
        self.outcome_unknown
    }

    pub fn is_retryable(&self) -> bool {
        self.is_retryable
    }

    /// The first line at a terminal: what failed, and why.
    pub fn sentence(&self) -> String {
        match &self.failed {
            Some(failed) => format!("{failed}: {}", self.message),
            None => self.message.clone(),
        }
    }

    /// The lines below the first one at a terminal: what is wrong, and what DoiT's support may ask for.
    pub fn details(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let call = self.call_details().map(Cow::Owned);
        self.problems.iter().map(|problem| Cow::Borrowed(problem.as_str())).chain(call)
    }

    /// Attempts, status and request id.
    fn call_details(&self) -> Option<String> {
        let error = self.api.as_ref()?;
        // A single attempt with a final response is not worth a mention.
        let shows_attempts = error.attempts() > 1 || error.is_retryable();
        let status = error.tried().filter(|_| shows_attempts);
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

    /// The error object for scripts.
    pub fn object(&self) -> Value {
        let api = self.api.as_deref();
        let problems = if self.problems.is_empty() { "" } else { ": " };
        json!({ "error": {
            "code": self.exit_code.name(),
            "message": format!("{}{problems}{}", self.message, self.problems.join("; ")),
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

/// Escapes the control characters in the arguments that clap quotes.
fn escape_controls(error: &mut clap::Error) {
    let escaped: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(escape(text).into_owned()))),
            _ => None,
        })
        .collect();
    for (kind, value) in escaped {
        error.insert(kind, value);
    }
}
