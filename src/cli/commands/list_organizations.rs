use crate::cli::output::{Column, List};
use crate::cli::{CliError, Context, Report};

const COLUMNS: &[Column] = &[Column { property: "name", title: "Name" }, Column { property: "id", title: "Id" }];

// The first lines of the help are the document's: see `help`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci list-organizations [OPTIONS]")]
pub struct Args {}

pub(super) async fn run(Args {}: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let answer = context.call(client.list_organizations().send()).await;
    let answer = answer.map_err(|error| error.failing("cannot list the organizations"))?;
    Ok(Report::list(List::read(answer.body, "organizations")?, COLUMNS, "No organizations."))
}
