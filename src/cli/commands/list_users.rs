use std::borrow::Cow;

use bytes::Bytes;
use email_address::EmailAddress;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::output::{Column, ColumnStyle, List};
use crate::cli::spec_enum::SpecEnum;
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
    #[arg(long, value_name = "STATUS", value_parser = SpecEnum(Status::ALL))]
    status: Option<Status>,
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
    let roles = roles.unwrap_or_else(|error| {
        context.output.note(&format!("Role names are unavailable: {}", error.sentence()));
        Vec::new()
    });

    let body = match args.status {
        Some(status) => of_status(&response.body, status.as_str()).map_err(|error| {
            CliError::other(format!("cannot filter the list: {error}")).hint("To list all users, omit --status.")
        })?,
        None => response.body,
    };
    let mut list = List::read(Operation::LIST_USERS, body, "users");
    if context.output.shows_column("role") {
        list.add_property("role", |user| {
            let id = user["roleId"].as_str()?;
            let role = roles.iter().find(|role| role.id.as_deref() == Some(id));
            Some(Value::from(role.and_then(|role| role.name.as_deref()).unwrap_or(id)))
        });
    }
    Ok(Report::list(list, COLUMNS, "No users."))
}

/// Keeps only the users with this status, and updates the count. Everything else stays byte for byte.
fn of_status(body: &Bytes, wanted: &str) -> serde_json::Result<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        #[serde(borrow)]
        users: Option<&'a RawValue>,
        #[serde(borrow)]
        row_count: Option<&'a RawValue>,
    }

    #[derive(Deserialize)]
    struct User<'a> {
        #[serde(borrow)]
        status: Option<Cow<'a, str>>,
    }

    let Body { users: Some(users), row_count } = serde_json::from_slice(body)? else { return Ok(body.clone()) };
    let mut rows: Vec<&RawValue> = serde_json::from_str(users.get())?;
    rows.retain(|row| {
        // serde would accept an array as a struct.
        let user = Some(row.get()).filter(|row| row.starts_with('{')).and_then(|row| serde_json::from_str(row).ok());
        user.is_some_and(|user: User<'_>| user.status.as_deref() == Some(wanted))
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

    #[test]
    fn a_filter_changes_nothing_but_the_rows_and_their_count() {
        let filtered = |body: &'static str| of_status(&Bytes::from_static(body.as_bytes()), "invited").expect("a list");
        let invited = r#"{ "status" : "invited", "n":1E2, "x":"\ud800" }"#;
        let body = format!(
            r#" {{"a":"\ud800","rowCount": 9 ,"users": [ {invited} , {{"status":"active"}},{invited}, null, {{}},["invited"] ],"a":[]}} "#
        );
        let expected = format!(r#" {{"a":"\ud800","rowCount": 2 ,"users": [{invited},{invited}],"a":[]}} "#);
        assert_eq!(of_status(&body.into(), "invited").expect("a list"), expected);
        assert_eq!(filtered(r#"{"users":[{"status":"\u0069nvited"}]}"#), r#"{"users":[{"status":"\u0069nvited"}]}"#);
        for unchanged in [r#"{"users":null}"#, "{}", r#"{"users":[],"rowCount":0}"#] {
            assert_eq!(filtered(unchanged), unchanged);
        }
    }
}
