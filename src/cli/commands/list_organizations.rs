use crate::cli::output::{Column, List};
use crate::cli::{CliError, Context, Report};
use crate::operation::Operation;

const COLUMNS: &[Column] = &[Column::new("name", "Name"), Column::new("id", "Id")];

// The first lines of the help are the document's: see `help`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci list-organizations [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci list-organizations            The organizations
  dci list-organizations -o json")]
pub struct Args {}

pub(super) async fn run(Args {}: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let answer = context.call(client.list_organizations().send()).await;
    let answer = answer.map_err(|error| error.failing("cannot list the organizations"))?;
    Ok(Report::list(
        List::read(Operation::LIST_ORGANIZATIONS, answer.body, "organizations"),
        COLUMNS,
        "No organizations.",
    ))
}
