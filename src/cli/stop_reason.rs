//! Why no more calls of a run are started.

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
        }
    }
}
