//! One file per command: its `Args`, whose docs are its help, and the function that runs it.
//!
//! A command named after an operation takes the first lines of its help from the spec.
#![allow(clippy::unused_async, reason = "all commands run the same way")]

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
use crate::operation::Operation;

/// A command of the program.
#[derive(Clone, Copy)]
pub(super) struct Definition {
    pub name: &'static str,
    pub uses: Uses,
    arguments: fn(clap::Command) -> clap::Command,
}

impl Definition {
    /// The command with its arguments and their help.
    pub fn command(&self) -> clap::Command {
        (self.arguments)(clap::Command::new(self.name))
    }

    /// Whether the command changes something: the customer's data, or the stored sign-in.
    pub fn changes_something(&self) -> bool {
        match Operation::of_command(self.name) {
            Some(operation) => operation.method != "GET",
            None => matches!(self.name, "login" | "logout"),
        }
    }

    /// When the command asks for confirmation, unless `--yes` is given; `None` if never.
    pub fn asks(&self) -> Option<&'static str> {
        match self.name {
            "cancel-invite" | "delete-user" => Some("always"),
            "resend-invite" => Some("with --all-invited; at a terminal also with --resume without an id"),
            _ => None,
        }
    }
}

/// What a command depends on, and therefore how it can fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Uses {
    Api,
    /// The file of sign-ins.
    SignIns,
    Nothing,
}

macro_rules! commands {
    ($($name:literal => $command:ident($module:ident) uses $uses:ident,)*) => {
        /// All commands, in the order of the help.
        pub(super) const DEFINITIONS: &[Definition] =
            &[$(Definition { name: $name, uses: Uses::$uses, arguments: $module::Args::augment_args }),*];

        /// A command with its parsed arguments.
        #[derive(Debug)]
        pub(super) enum Command {
            $($command($module::Args)),*
        }

        impl Command {
            /// `None` if the command line names no command.
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
    /// Whether the result has a format. The other commands print text for a shell.
    pub fn has_format(&self) -> bool {
        !matches!(self, Self::Completion(_) | Self::Sandbox(_))
    }

    /// Whether the command is logged: it does more than print static text.
    pub fn is_logged(&self) -> bool {
        !matches!(self, Self::Completion(_) | Self::Schema(_))
    }
}

commands! {
    "list-users" => ListUsers(list_users) uses Api,
    "invite-user" => InviteUser(invite_user) uses Api,
    "resend-invite" => ResendInvite(resend_invite) uses Api,
    "cancel-invite" => CancelInvite(cancel_invite) uses Api,
    "update-user" => UpdateUser(update_user) uses Api,
    "delete-user" => DeleteUser(delete_user) uses Api,
    "list-roles" => ListRoles(list_roles) uses Api,
    "list-organizations" => ListOrganizations(list_organizations) uses Api,
    "validate" => Validate(validate) uses Api,
    "login" => Login(login) uses Api,
    "logout" => Logout(logout) uses SignIns,
    "status" => Status(status) uses Api,
    "schema" => Schema(schema) uses Nothing,
    "completion" => Completion(completion) uses Nothing,
    "sandbox" => Sandbox(sandbox) uses Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_that_changes_something_names_its_permission() {
        let operations = DEFINITIONS.iter().filter_map(|definition| Operation::of_command(definition.name));
        for operation in operations.filter(|operation| operation.method != "GET") {
            assert!(operation.permission().is_some(), "{}", operation.id);
        }
    }
}
