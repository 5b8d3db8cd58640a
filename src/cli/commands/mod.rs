//! One file a command: its `Args`, whose docs are its help, and the function that does it.

mod resend_invite;
#[cfg(feature = "sandbox")]
mod sandbox;

use clap::Subcommand;

use super::{CliError, Context, Output, Report};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    ResendInvite(resend_invite::Args),
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Args),
}

impl Command {
    pub(super) async fn run(self, context: &Context, output: &Output) -> Result<Report, CliError> {
        match self {
            Self::ResendInvite(args) => resend_invite::run(args, context).await,
            #[cfg(feature = "sandbox")]
            Self::Sandbox(args) => sandbox::run(args, output).await,
        }
    }
}
