//! The arguments that select invites.

use super::Selection;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::picker::Picker;
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg};
use crate::cli::user_status::InviteStatus;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct InviteArgs {
    #[arg(value_name = "TARGET", help = TARGETS, long_help = TARGETS_AT_LENGTH)]
    #[arg(required_unless_present = "all_invited", conflicts_with_all = ["all_invited", "status"])]
    targets: Vec<TargetArg>,

    /// Every invite not yet accepted, except cancelled ones
    ///
    /// Lists them and asks before it sends anything; --yes skips the question. To select cancelled invites too, use
    /// --status.
    #[arg(long)]
    all_invited: bool,

    /// Only these invites
    ///
    /// Requires --all-invited. Separate several with commas. Case is ignored.
    #[arg(long, value_delimiter = ',', ignore_case = true, requires = "all_invited")]
    status: Vec<InviteStatus>,
}

impl InviteArgs {
    /// Without arguments, the user chooses with the `picker`.
    pub async fn select(self, picker: &Picker, context: &Context<'_>) -> Result<Selection, CliError> {
        if self.all_invited {
            return Ok(Selection::AllInvited(self.status));
        }
        picker.targets(self.targets, context).await.map(Selection::Named)
    }
}
