//! One file a command: its `Args`, whose docs are its help, and the function that does it.
#![allow(clippy::unused_async, reason = "all commands are run in one way")]

mod cancel_invite;
mod completion;
mod delete_user;
mod invite_user;
mod list_organizations;
mod list_roles;
mod list_users;
mod login;
mod logout;
mod resend_invite;
mod sandbox;
mod schema;
mod status;
mod update_user;
mod validate;

use clap::{ArgMatches, Args, FromArgMatches};

use super::{CliError, Context, Report};

/// A command as it is typed.
#[derive(Clone, Copy)]
pub(super) struct Definition {
    pub name: &'static str,
    arguments: fn(clap::Command) -> clap::Command,
}

impl Definition {
    /// The command with its arguments, and the help that stands beside them.
    pub fn command(&self) -> clap::Command {
        (self.arguments)(clap::Command::new(self.name))
    }
}

macro_rules! commands {
    ($($name:literal => $command:ident($module:ident),)*) => {
        /// All commands, in the order of the help.
        pub(super) const DEFINITIONS: &[Definition] =
            &[$(Definition { name: $name, arguments: $module::Args::augment_args }),*];

        /// A command that was typed.
        #[derive(Debug)]
        pub(super) enum Command {
            $($command($module::Args)),*
        }

        impl Command {
            /// The one that was typed; none when there was none.
            pub fn from_matches(matches: &ArgMatches) -> Result<Option<Self>, clap::Error> {
                Ok(match matches.subcommand() {
                    $(Some(($name, matches)) => Some(Self::$command($module::Args::from_arg_matches(matches)?)),)*
                    _ => None,
                })
            }

            pub async fn run(self, context: &Context<'_>) -> Result<Report, CliError> {
                match self {
                    $(Self::$command(args) => $module::run(args, context).await),*
                }
            }
        }
    };
}

impl Command {
    /// Whether its result has a format; what the others print is for a shell.
    pub fn has_format(&self) -> bool {
        !matches!(self, Self::Completion(_) | Self::Sandbox(_))
    }

    /// Whether it does more than print what the program knows by itself.
    pub fn is_logged(&self) -> bool {
        !matches!(self, Self::Completion(_) | Self::Schema(_))
    }
}

commands! {
    "list-users" => ListUsers(list_users),
    "invite-user" => InviteUser(invite_user),
    "resend-invite" => ResendInvite(resend_invite),
    "cancel-invite" => CancelInvite(cancel_invite),
    "update-user" => UpdateUser(update_user),
    "delete-user" => DeleteUser(delete_user),
    "list-roles" => ListRoles(list_roles),
    "list-organizations" => ListOrganizations(list_organizations),
    "validate" => Validate(validate),
    "login" => Login(login),
    "logout" => Logout(logout),
    "status" => Status(status),
    "schema" => Schema(schema),
    "completion" => Completion(completion),
    "sandbox" => Sandbox(sandbox),
}
