use crate::cli::output::{Column, ColumnStyle, List};
use crate::cli::{CliError, Context, Report};
use crate::operation::Operation;

const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("type", "Type"),
    Column::new("permissions", "Permissions"),
    Column::new("id", "Id").with_style(ColumnStyle::Uncut),
];

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci list-roles [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci list-roles                             List roles and their permissions
  dci list-roles -o csv --columns id,name    Print ids and names only")]
pub struct Args {}

pub(super) async fn run(Args {}: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let response = context.call(client.list_roles().send()).await;
    let response = response.map_err(|error| error.context("cannot list the roles"))?;
    Ok(Report::list(List::read(Operation::LIST_ROLES, response.body, "roles"), COLUMNS, "No roles."))
}
