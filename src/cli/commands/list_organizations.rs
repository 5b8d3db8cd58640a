use crate::cli::output::{Column, ColumnStyle, List};
use crate::cli::{CliError, Context, Report};
use crate::operation::Operation;

const COLUMNS: &[Column] = &[Column::new("name", "Name"), Column::new("id", "Id").with_style(ColumnStyle::Uncut)];

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci list-organizations [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci list-organizations
  dci list-organizations -o json")]
pub struct Args {}

pub(super) async fn run(Args {}: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let response = context.call(client.list_organizations().send()).await;
    let response = response.map_err(|error| error.context("cannot list the organizations"))?;
    Ok(Report::list(
        List::read(Operation::LIST_ORGANIZATIONS, response.body, "organizations"),
        COLUMNS,
        "No organizations.",
    ))
}
