use email_address::EmailAddress;
use serde_json::Value;

use crate::cli::document_values::DocumentValues;
use crate::cli::output::{Column, List};
use crate::cli::{CliError, Context, Report, target};
use crate::operation::Operation;
use crate::types::UserListItemStatus as Status;

const COLUMNS: &[Column] = &[
    Column::new("email", "Email"),
    Column::new("displayName", "Name"),
    Column::new("status", "Status"),
    Column::new("inviteStatus", "Invite"),
    Column::new("role", "Role"),
    Column::new("id", "Id"),
];

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci list-users [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci list-users                            List all users and invites
  dci list-users --status invited -o csv    List invites that were not accepted yet, as CSV
  dci list-users --email ada@example.com    Show one user")]
pub struct Args {
    /// Show only the user with this email address
    ///
    /// Case is ignored.
    #[arg(long, value_parser = target::email)]
    email: Option<EmailAddress>,

    /// Show only users with this status
    #[arg(long, value_name = "STATUS", value_parser = DocumentValues(Status::ALL))]
    status: Option<Status>,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let mut request = client.list_users();
    if let Some(email) = &args.email {
        request = request.email(email.as_str());
    }
    let listing = async {
        // The names are for people only: a list without them is no failure.
        let roles = async {
            if !context.output.shows_column("role") {
                return Vec::new();
            }
            let response = context.call(client.list_roles().send()).await;
            match response {
                Ok(response) => response.value.roles,
                Err(error) => {
                    context.output.note(&format!("Role names are unavailable: {}", error.sentence()));
                    Vec::new()
                }
            }
        };
        tokio::join!(context.call(request.send()), roles)
    };
    let (response, roles) = listing.await;
    let response = response.map_err(|error| error.failing("cannot list the users"))?;

    let mut list = List::read(Operation::LIST_USERS, response.body, "users")?;
    if let Some(status) = args.status {
        list.retain(|user| user["status"] == status.to_string());
    }
    if context.output.shows_column("role") {
        list.add_property("role", |user| {
            let id = user["roleId"].as_str()?;
            let role = roles.iter().find(|role| role.id.as_deref() == Some(id));
            Some(Value::from(role.and_then(|role| role.name.as_deref()).unwrap_or(id)))
        });
    }
    Ok(Report::list(list, COLUMNS, "No users."))
}
