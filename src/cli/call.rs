//! One call of a command: it can be interrupted, and says what to do next when it fails.

use std::ffi::OsString;

use super::context::Context;
use super::error::CliError;
use crate::client::{Answer, ApiError, Error, ErrorKind, IdempotencyKey, ResponseValue, call, env};
use crate::types;

/// The flag that makes a call the same call.
const KEY_FLAG: &str = "--idempotency-key";

impl Context {
    /// Makes one call; `failed` is what could not be done if it fails. Ctrl-C ends it at once.
    pub async fn call<T>(
        &self,
        failed: String,
        key: &IdempotencyKey,
        sending: impl Future<Output = Result<ResponseValue<T>, Error<types::Error>>>,
    ) -> Result<Answer<T>, CliError> {
        tokio::select! {
            outcome = call(sending) => outcome.map_err(|error| self.explain(failed, error)),
            interrupt = tokio::signal::ctrl_c() => {
                interrupt.map_err(CliError::io)?;
                Err(self.advise_same_call(key, CliError::interrupted(failed, key)))
            }
        }
    }

    fn explain(&self, failed: String, error: ApiError) -> CliError {
        let hint = match (error.kind(), error.code()) {
            (_, Some("tenant_id_required")) => Some(format!("Name the customer with --tenant or {}.", env::TENANT_ID)),
            (_, Some("tenant_id_mismatch")) => Some(format!(
                "Name a customer that the credential reaches: check --tenant, {}, --customer-context and {}.",
                env::TENANT_ID,
                env::CUSTOMER_CONTEXT
            )),
            (ErrorKind::Authentication, _) => Some(format!(
                "{} was refused. Make a key in the DoiT console and set {}.",
                self.credential(),
                env::API_KEY
            )),
            (ErrorKind::Permission, _) => Some("Ask an administrator of the customer for the permission.".to_owned()),
            (ErrorKind::Network, _) => Some(format!("Check the connection to {}.", self.base_url())),
            (ErrorKind::UnexpectedAnswer, _) => Some(format!(
                "Check that {} is the API, and not a proxy or a sign-in page in front of it.",
                self.base_url()
            )),
            _ => None,
        };
        // A refusal settles the call: nothing was done, and a new key does for another one.
        let leaves_doubt =
            error.is_retryable() || matches!(error.kind(), ErrorKind::Server | ErrorKind::UnexpectedAnswer);
        let key = error.idempotency_key().filter(|_| leaves_doubt).cloned();
        let wait = error.retry_after().filter(|wait| !wait.is_zero());
        let wait = wait.map(|wait| format!("The server asks to wait {} s.", wait.as_secs()));
        let is_used_key = error.status() == Some(422) && error.idempotency_key().is_some();
        let used_key = is_used_key.then(|| format!("A key stands for one request: give another {KEY_FLAG}, or none."));
        let explained = CliError::api(failed, error);
        let explained = hint.into_iter().chain(wait).chain(used_key).fold(explained, CliError::hint);
        key.iter().fold(explained, |explained, key| self.advise_same_call(key, explained))
    }

    /// While it is not known whether the work was done, only the same key makes it safe to try again. A private
    /// sandbox is gone then.
    fn advise_same_call(&self, key: &IdempotencyKey, error: CliError) -> CliError {
        match same_command(&self.typed, key).filter(|_| self.sandbox.is_none()) {
            Some(command) => error.hint(format!("To try again safely, within 24 hours: {command}")),
            None => error,
        }
    }
}

/// The command line as it was typed, for a POSIX shell, with the key.
fn same_command(typed: &[OsString], key: &IdempotencyKey) -> Option<String> {
    let mut words: Vec<String> = typed.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let options_end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let is_key = |word: &String| word == KEY_FLAG || word.starts_with(&format!("{KEY_FLAG}="));
    if !words[..options_end].iter().any(is_key) {
        words.splice(options_end..options_end, [KEY_FLAG.to_owned(), key.to_string()]);
    }
    shlex::try_join(words.iter().map(String::as_str)).ok()
}
