//! Why no more calls of a run are started.

use std::cell::Cell;
use std::num::NonZeroUsize;

use super::error::CliError;
use super::exit_code::ExitCode;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum StopReason {
    Interrupted,
    /// The API rejected the credential.
    CredentialRejected,
    NoCredential,
    /// The server asks for a wait that is longer than a call may take.
    RetryLater,
    /// Several calls in a row found no connection.
    Unreachable,
}

impl StopReason {
    /// `None` if other targets may succeed. `was_allowed` says that the credential worked for an earlier target: a 403
    /// then concerns one target only.
    pub fn of(error: &CliError, was_allowed: bool) -> Option<Self> {
        match error.exit_code() {
            _ if error.has_no_credential() => Some(Self::NoCredential),
            _ if error.asks_to_come_back() => Some(Self::RetryLater),
            ExitCode::Authentication => Some(Self::CredentialRejected),
            ExitCode::Permission if !was_allowed => Some(Self::CredentialRejected),
            ExitCode::Interrupted => Some(Self::Interrupted),
            _ => None,
        }
    }

    /// The message of a target that was not started.
    pub fn message(self) -> &'static str {
        match self {
            Self::Interrupted => "not started: the run was interrupted",
            Self::CredentialRejected => "not started: the credential was rejected",
            Self::NoCredential => "not started: there is no credential",
            Self::RetryLater => "not started: the server asked to retry later",
            Self::Unreachable => "not started: the API cannot be reached",
        }
    }
}

/// Counts the calls in a row that found no connection, each after all of its attempts. A service that restarts is back
/// before they are used up.
#[derive(Debug)]
pub(super) struct Unconnected {
    /// How many calls may be under way at once.
    concurrency: NonZeroUsize,
    in_a_row: Cell<usize>,
}

impl Unconnected {
    pub fn new(concurrency: NonZeroUsize) -> Self {
        Self { concurrency, in_a_row: Cell::new(0) }
    }

    /// Takes the outcome of a finished call. Returns [`StopReason::Unreachable`] if as many in a row as may be under
    /// way at once found no connection.
    pub fn after<T>(&self, outcome: &Result<T, CliError>) -> Option<StopReason> {
        let is_unconnected = outcome.as_ref().is_err_and(CliError::found_no_connection);
        self.in_a_row.update(|count| if is_unconnected { count + 1 } else { 0 });
        (self.in_a_row.get() >= self.concurrency.get()).then_some(StopReason::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::client::{ClientConfig, call};

    async fn failure(base_url: &str) -> Result<(), CliError> {
        let config = ClientConfig::new("key".parse().expect("a key")).with_base_url(base_url).expect("loopback");
        let client = config.with_max_attempts(NonZeroU32::MIN).build().expect("a client");
        call(client.validate().send()).await.map(drop).map_err(CliError::api)
    }

    #[tokio::test]
    async fn only_failures_in_a_row_count() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        drop(listener);
        let not_connected = failure(&address).await;
        let sandbox = crate::sandbox::Sandbox::start().expect("a free port");
        let rejected = failure(sandbox.url()).await;
        assert!(not_connected.is_err() && rejected.is_err());

        let unconnected = Unconnected::new(NonZeroUsize::new(2).expect("2 is not 0"));
        for between in [Ok(()), rejected] {
            assert_eq!(unconnected.after(&not_connected), None);
            assert_eq!(unconnected.after(&between), None);
        }
        assert_eq!(unconnected.after(&not_connected), None);
        assert_eq!(unconnected.after(&not_connected), Some(StopReason::Unreachable));
    }
}
