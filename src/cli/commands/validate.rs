use crate::cli::credential::UNKNOWN_USER;
use crate::cli::{CliError, Context, Report};
use crate::operation::Operation;

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci validate [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci validate              Show who the credential belongs to
  dci --sandbox validate    Try it with the sandbox's API key")]
pub struct Args {}

pub(super) async fn run(Args {}: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let response = context.call(client.validate().send()).await;
    let response = response.map_err(|error| error.context("cannot validate the credential"))?;
    let who = response.value.email.as_deref().unwrap_or(UNKNOWN_USER);
    let domain = response.value.domain.map(|domain| format!(" ({domain})")).unwrap_or_default();
    Ok(Report::response(
        Operation::VALIDATE,
        format!("The credential is valid. It belongs to {who}{domain}."),
        response.body,
    ))
}
