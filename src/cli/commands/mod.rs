//! One file a command: its `Args`, whose docs are its help, and the function that does it.

mod resend_invite;
mod sandbox;

use clap::Subcommand;

use super::{CliError, Context, Output, Report};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    ResendInvite(resend_invite::Args),
    Sandbox(sandbox::Args),
}

impl Command {
    pub(super) async fn run(self, context: &Context, output: &Output) -> Result<Report, CliError> {
        match self {
            Self::ResendInvite(args) => resend_invite::run(args, context).await,
            Self::Sandbox(args) => sandbox::run(args, output).await,
        }
    }
}
