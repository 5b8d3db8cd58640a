//! One API call of a command, with hints if it fails.

use std::error::Error as _;
use std::ffi::OsString;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::credential::Credential;
use super::error::CliError;
use super::output::in_local_time;
use super::pages::note_more_pages;
use super::shell;
use super::target::Target;
use crate::client::{ApiError, CallResponse, Error, ErrorKind, ResponseValue, call_unless, env};
use crate::operation::Operation;
use crate::types;

/// Repeats a call with the same key.
pub(super) const KEY_FLAG: &str = "--idempotency-key";

/// Resumes a run.
pub(super) const RESUME_FLAG: &str = "--resume";

const PROXY: &str = "Check the proxy and the variable that sets it.";

const PRIVATE_AUTHORITY: &str = "To trust a private CA, set SSL_CERT_FILE to a file with its certificate.";

/// What `send` of a generated builder returns.
pub(super) type SendResult<T> = Result<ResponseValue<T>, Error<types::Error>>;

impl Context<'_> {
    /// Makes one call. An error has hints that apply to every command.
    pub fn call<T>(
        &self,
        sending: impl Future<Output = SendResult<T>>,
    ) -> impl Future<Output = Result<CallResponse<T>, CliError>> {
        // Boxed at once: the future is large, and so would be every future that awaits it.
        let calling = Box::pin(call_unless(sending, self.interrupts.ended()));
        async move {
            let response = tokio::select! {
                outcome = calling => outcome.map_err(|error| self.explain(error))?,
                never = self.output.wait() => match never {},
            };
            note_more_pages(&response.body, self.output);
            Ok(response)
        }
    }

    fn explain(&self, error: ApiError) -> CliError {
        let hint = match (error.kind(), error.code()) {
            (_, Some("tenant_id_required")) => Some(choose_tenant()),
            (_, Some("tenant_id_mismatch")) => Some(format!(
                "Choose a customer that the credential has access to: check --tenant, {}, --customer-context and {}. \
                 dci status shows the customer and where it comes from.",
                env::TENANT_ID,
                env::CUSTOMER_CONTEXT
            )),
            (ErrorKind::Authentication, _) => self.credential().ok().map(Credential::advice),
            // The API was not called: its credential could not be renewed.
            (kind, _) if error.has_no_credential() => match kind {
                ErrorKind::Untrusted => Some(format!("Check this machine's clock. {PRIVATE_AUTHORITY}")),
                ErrorKind::Proxy => Some(PROXY.to_owned()),
                ErrorKind::Network | ErrorKind::Server | ErrorKind::RateLimited => {
                    Some("Retry later: you are still signed in.".to_owned())
                }
                _ => None,
            },
            (ErrorKind::Permission, _) => Some("Ask an administrator of the customer for the permission.".to_owned()),
            (ErrorKind::Proxy, _) => Some(PROXY.to_owned()),
            (ErrorKind::Network, _) => Some(format!("Check the connection to {}.", self.base_url())),
            (ErrorKind::Untrusted, _) => {
                Some(format!("Check {} and this machine's clock. {PRIVATE_AUTHORITY}", self.base_url()))
            }
            // A response that cannot be decoded still comes from the API.
            (ErrorKind::UnexpectedResponse, _) if error.source().is_some() => None,
            (ErrorKind::UnexpectedResponse, _) => Some(format!(
                "Check that {} is the API, not a proxy or a sign-in page in front of it.",
                self.base_url()
            )),
            _ => None,
        };
        let wait = error.retry_after().filter(|wait| !wait.is_zero());
        let wait = wait.map(|wait| match later(wait) {
            Some(moment) => format!("Before you retry, wait {} s, until {moment}.", wait.as_secs()),
            None => format!("Before you retry, wait {} s.", wait.as_secs()),
        });
        let is_used_key = error.status() == Some(422) && error.idempotency_key().is_some();
        let used_key =
            is_used_key.then(|| format!("A key belongs to one request: use another {KEY_FLAG}, or omit the flag."));
        hint.into_iter().chain(wait).chain(used_key).fold(CliError::api(error), CliError::hint)
    }

    /// Adds the command that safely repeats the call, with `flag` to use the same key again.
    pub fn advise_same_call(&self, error: CliError, flag: &str, value: &str) -> CliError {
        // The server rejected the call and did nothing, so a new key is as safe.
        if !error.is_retryable() && !error.outcome_unknown() {
            return error;
        }
        match self.command_with(flag, value) {
            Some(command) => error.hint(format!("To retry safely within 24 hours: {command}")),
            None => error,
        }
    }

    /// The command line as typed plus the targets that were chosen and a flag, quoted for the shell. `None` with
    /// `--sandbox`: the next command has another sandbox.
    pub fn command_with(&self, flag: &str, value: &str) -> Option<String> {
        let chosen = self.chosen.get().map(Vec::as_slice).unwrap_or_default().iter().map(Target::as_str);
        let needs_dashes =
            chosen.clone().any(|target| target.starts_with('-')) && !self.typed.iter().any(|word| word == "--");
        let dashes = needs_dashes.then_some("--");
        let words: Vec<OsString> =
            self.typed.iter().cloned().chain(dashes.into_iter().chain(chosen).map(OsString::from)).collect();
        self.sandbox.is_none().then(|| command_with(&words, flag, value)).flatten()
    }
}

impl CliError {
    /// Names the permission that the operation requires, if the credential lacks it.
    pub fn hint_permission(self, operation: &Operation) -> Self {
        match operation.permission() {
            Some(permission) => {
                self.hint_for(ErrorKind::Permission, &format!("This requires the {permission} permission."))
            }
            None => self,
        }
    }
}

/// How a user with access to several customers chooses one.
pub(super) fn choose_tenant() -> String {
    format!("Choose the customer with --tenant or {}, or keep it with dci login --tenant ID.", env::TENANT_ID)
}

/// The local time at which a wait of a minute or more ends.
fn later(wait: Duration) -> Option<String> {
    let long = Some(wait).filter(|wait| wait.as_secs() >= 60)?;
    let moment = Timestamp::now().checked_add(SignedDuration::try_from(long).ok()?).ok()?;
    Some(in_local_time(moment))
}

fn command_with(typed: &[OsString], flag: &str, value: &str) -> Option<String> {
    let mut words: Vec<String> = typed.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let options_end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let options = &words[..options_end];
    let has_value = |index: usize| options.get(index + 1).is_some_and(|next| !next.starts_with('-'));
    match options.iter().position(|word| word == flag) {
        Some(index) if has_value(index) => {}
        Some(index) => words.insert(index + 1, value.to_owned()),
        None if options.iter().any(|word| word.starts_with(&format!("{flag}="))) => {}
        None => drop(words.splice(options_end..options_end, [flag.to_owned(), value.to_owned()])),
    }
    shell::command(&words)
}
