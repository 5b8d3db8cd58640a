//! One file a command: its `Args`, whose docs are its help, and the function that does it.

mod cancel_invite;
mod completion;
mod delete_user;
mod invite_user;
mod list_organizations;
mod list_roles;
mod list_users;
mod resend_invite;
mod sandbox;
mod schema;
mod status;
mod update_user;
mod validate;

use clap::Subcommand;

use super::{CliError, Context, Report};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    ListUsers(list_users::Args),
    InviteUser(invite_user::Args),
    ResendInvite(resend_invite::Args),
    CancelInvite(cancel_invite::Args),
    UpdateUser(update_user::Args),
    DeleteUser(delete_user::Args),
    ListRoles(list_roles::Args),
    ListOrganizations(list_organizations::Args),
    Validate(validate::Args),
    Status(status::Args),
    Schema(schema::Args),
    Completion(completion::Args),
    Sandbox(sandbox::Args),
}

impl Command {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Report, CliError> {
        match self {
            Self::ListUsers(args) => list_users::run(args, context).await,
            Self::InviteUser(args) => invite_user::run(args, context).await,
            Self::ResendInvite(args) => resend_invite::run(args, context).await,
            Self::CancelInvite(args) => cancel_invite::run(args, context).await,
            Self::UpdateUser(args) => update_user::run(args, context).await,
            Self::DeleteUser(args) => delete_user::run(args, context).await,
            Self::ListRoles(args) => list_roles::run(args, context).await,
            Self::ListOrganizations(args) => list_organizations::run(args, context).await,
            Self::Validate(args) => validate::run(args, context).await,
            Self::Status(args) => status::run(args, context).await,
            Self::Schema(args) => schema::run(&args),
            Self::Completion(args) => completion::run(&args),
            Self::Sandbox(args) => sandbox::run(args, context).await,
        }
    }
}
