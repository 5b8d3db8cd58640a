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

// The first lines of the help are the document's: see `help`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci list-users [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci list-users                            Everybody, as a table or JSON
  dci list-users --status invited -o csv    Who has not accepted yet
  dci list-users --email ada@example.com    One user")]
pub struct Args {
    /// Only the user with this email address
    ///
    /// The comparison ignores case.
    #[arg(long, value_parser = target::email)]
    email: Option<EmailAddress>,

    /// Only users with this status, active or invited
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
        // Names of roles are for people; without them the list is as good.
        let roles = async {
            if !context.output.shows_column("role") {
                return Vec::new();
            }
            let answer = context.call(client.list_roles().send()).await;
            match answer {
                Ok(answer) => answer.value.roles,
                Err(error) => {
                    context.output.note(&format!("The names of the roles are not known: {}", error.sentence()));
                    Vec::new()
                }
            }
        };
        tokio::join!(context.call(request.send()), roles)
    };
    let (answer, roles) = listing.await;
    let answer = answer.map_err(|error| error.failing("cannot list the users"))?;

    let mut list = List::read(Operation::LIST_USERS, answer.body, "users");
    if let Some(status) = args.status {
        list.retain(|user| user["status"] == status.to_string())?;
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
