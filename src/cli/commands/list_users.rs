//! Lists users and invites.

use std::collections::HashMap;

use bytes::Bytes;
use email_address::EmailAddress;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::output::{Column, ColumnStyle, List};
use crate::cli::user_status::UserStatus;
use crate::cli::{CliError, Context, Report, target};
use crate::operation::Operation;
use crate::types::UserListItemStatus as Status;

const COLUMNS: &[Column] = &[
    Column::new("email", "Email").with_style(ColumnStyle::Uncut),
    Column::new("displayName", "Name"),
    Column::new("status", "Status").with_style(ColumnStyle::State),
    Column::new("inviteStatus", "Invite").with_style(ColumnStyle::State),
    Column::new("role", "Role"),
    Column::new("id", "Id").with_style(ColumnStyle::Uncut),
];

/// The most columns with times.
const MAX_TIMES: usize = 4;

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci list-users [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci list-users                            List all users and invites
  dci list-users --status invited -o csv    List invites that were not accepted yet, as CSV
  dci list-users --status expired,pending   List open invites
  dci list-users --email ada@example.com    Show one user")]
pub struct Args {
    /// Show only the user with this email address
    ///
    /// Case is ignored.
    #[arg(long, value_parser = target::email)]
    email: Option<EmailAddress>,

    /// Show only users with this status
    ///
    /// Separate several with commas. Case is ignored. Invited users have not accepted yet; pending, expired and cancelled
    /// are the statuses of their invites.
    #[arg(long, value_delimiter = ',', ignore_case = true)]
    status: Vec<UserStatus>,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let mut request = client.list_users();
    if let Some(email) = &args.email {
        request = request.email(email.as_str());
    }
    let listing = async {
        // The names are for people only: a list without them is not a failure.
        let roles = async {
            if context.output.shows_column("role") {
                context.call(client.list_roles().send()).await.map(|response| response.value.roles)
            } else {
                Ok(Vec::new())
            }
        };
        tokio::join!(context.call(request.send()), roles)
    };
    let (response, roles) = listing.await;
    let response = response.map_err(|error| error.context("cannot list the users"))?;
    if args.email.is_none() {
        context.remember_users(&response.value.users);
    }
    let roles = roles.unwrap_or_else(|error| {
        context.output.note(&format!("Role names are unavailable: {}", error.sentence()));
        Vec::new()
    });

    let body = if args.status.is_empty() {
        response.body
    } else {
        of_status(&response.body, &args.status).map_err(|error| {
            CliError::other(format!("cannot filter the list: {error}")).hint("To list all users, omit --status.")
        })?
    };
    let mut list = List::read(Operation::LIST_USERS, body, "users");
    if context.output.shows_column("role") {
        list.add_property("role", |user| {
            let id = user["roleId"].as_str()?;
            let role = roles.iter().find(|role| role.id.as_deref() == Some(id));
            Some(Value::from(role.and_then(|role| role.name.as_deref()).unwrap_or(id)))
        });
    }
    let times = list.times(is_invite_time).into_iter().take(MAX_TIMES);
    let times = times.map(|property| Column::of(property).with_style(ColumnStyle::Time));
    let columns: Vec<Column> = COLUMNS.iter().cloned().chain(times).collect();
    Ok(Report::list(list, &columns, "No users."))
}

/// Whether a property with a time says when an invite was sent or ends. The spec describes none.
fn is_invite_time(property: &str) -> bool {
    let property = property.to_lowercase();
    ["invit", "sentat", "sent_at", "expir"].iter().any(|part| property.contains(part))
}

/// Keeps only the users with one of these statuses, and updates the count. Everything else stays byte for byte.
fn of_status(body: &Bytes, statuses: &[UserStatus]) -> serde_json::Result<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        #[serde(borrow)]
        users: Option<&'a RawValue>,
        #[serde(borrow)]
        row_count: Option<&'a RawValue>,
    }

    let Body { users: Some(users), row_count } = serde_json::from_slice(body)? else { return Ok(body.clone()) };
    let mut rows: Vec<&RawValue> = serde_json::from_str(users.get())?;
    rows.retain(|row| {
        let user: HashMap<String, &RawValue> = serde_json::from_str(row.get()).unwrap_or_default();
        let text =
            |property: &str| user.get(property).and_then(|value| serde_json::from_str::<String>(value.get()).ok());
        let (status, invite_status) = (text("status"), text("inviteStatus"));
        let status = Status::from(status.unwrap_or_default());
        statuses.iter().any(|wanted| wanted.includes(&status, invite_status.as_deref()))
    });
    let count = rows.len().to_string();
    let rows: Vec<&str> = rows.into_iter().map(RawValue::get).collect();

    let mut changes = vec![(users, format!("[{}]", rows.join(",")))];
    changes.extend(row_count.map(|row_count| (row_count, count)));
    let start = |part: &RawValue| part.get().as_ptr().addr() - body.as_ptr().addr();
    changes.sort_by_key(|(part, _)| start(part));
    let mut filtered = Vec::with_capacity(body.len());
    let mut end = 0;
    for (part, new) in changes {
        filtered.extend_from_slice(&body[end..start(part)]);
        filtered.extend_from_slice(new.as_bytes());
        end = start(part) + part.get().len();
    }
    filtered.extend_from_slice(&body[end..]);
    Ok(filtered.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::user_status::InviteStatus;

    #[test]
    fn a_filter_changes_nothing_but_the_rows_and_their_count() {
        let statuses = [UserStatus::User(Status::Invited), UserStatus::Invite(InviteStatus::Expired)];
        let filtered = |body: &str| of_status(&Bytes::copy_from_slice(body.as_bytes()), &statuses).expect("a list");
        let invited = r#"{ "status" : "invited", "n":1E2, "x":"\ud800" }"#;
        let body = format!(
            r#" {{"a":"\ud800","rowCount": 9 ,"users": [ {invited} , {{"status":"active"}},{invited}, null, {{}},["invited"] ],"a":[]}} "#
        );
        let expected = format!(r#" {{"a":"\ud800","rowCount": 2 ,"users": [{invited},{invited}],"a":[]}} "#);
        assert_eq!(filtered(&body), expected);
        assert_eq!(filtered(r#"{"users":[{"status":"\u0069nvited"}]}"#), r#"{"users":[{"status":"\u0069nvited"}]}"#);
        for unchanged in [r#"{"users":null}"#, "{}", r#"{"users":[],"rowCount":0}"#] {
            assert_eq!(filtered(unchanged), unchanged);
        }
    }
}
