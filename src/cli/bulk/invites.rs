//! The arguments that select invites.

use super::{KeyedArgs, Resume, Selection, Unfinished};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::picker::Picker;
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg, TargetKind};
use crate::cli::user_status::InviteStatus;
use crate::operation::Operation;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct InviteArgs {
    #[arg(value_name = "TARGET", help = TARGETS, long_help = TARGETS_AT_LENGTH, add = TargetKind::Invite)]
    #[arg(required_unless_present_any = ["all_invited", "resume"], conflicts_with_all = ["all_invited", "status"])]
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
    /// The invites for an operation. Without arguments, those that are left of the run to resume, or else those that the
    /// user chooses with the `picker`.
    pub async fn select(
        self,
        operation: &Operation,
        keyed: &KeyedArgs,
        picker: &Picker,
        context: &Context<'_>,
    ) -> Result<Selection, CliError> {
        let is_empty = self.targets.is_empty() && !self.all_invited;
        match keyed.resume {
            Some(resume) if is_empty => {
                return Unfinished::choose(operation, resume, keyed.bulk.confirmation, context)
                    .map(Selection::Unfinished);
            }
            Some(Resume::Last) => {
                return Err(CliError::usage("--resume with targets requires the id of a run")
                    .hint("Add the id, or omit the targets to continue with those that are left."));
            }
            _ => {}
        }
        if self.all_invited {
            return Ok(Selection::AllInvited(self.status));
        }
        picker.targets(self.targets, context).await.map(Selection::Named)
    }
}
