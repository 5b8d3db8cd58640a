//! An action on an invite or a user, and what its response says.

use crate::cli::call::SendResult;
use crate::cli::error::CliError;
use crate::cli::target::TargetKind;
use crate::client::{Client, IdempotencyKey, UserId};
use crate::operation::Operation;

/// What a command does to each of its targets.
pub(in crate::cli) trait Action {
    const OPERATION: &'static Operation;
    const TARGET: TargetKind;
    /// As in "cancel the invite".
    const VERB: &'static str;
    /// As in "2 cancelled", and the `outcome` of a target.
    const DONE: &'static str;
    /// Whether the user is asked before the action on targets that the command line names.
    const CONFIRMS_NAMED_TARGETS: bool = true;
    /// Whether the action makes a cancelled invite pending again.
    const REACTIVATES: bool = false;

    /// The response to one request, as the spec describes it.
    type Response;

    /// Sends the request for one target. `key` is `None` if the operation does not take one.
    async fn send(&self, client: &Client, id: &UserId, key: Option<IdempotencyKey>) -> SendResult<Self::Response>;

    fn done(response: Self::Response) -> Done;

    /// Adds the action's own hints to a failed call.
    fn explain(&self, error: CliError) -> CliError;

    /// Says what was done to one target. `name` is the target's name, such as "invite 3f2a9c".
    fn sentence(&self, name: &str) -> String;
}

/// What a row shows of a successful response.
#[derive(Debug)]
pub(in crate::cli) struct Done {
    pub message: Option<String>,
    pub invite_id: Option<String>,
}
