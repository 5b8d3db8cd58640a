use crate::cli::{CliError, Context, Report};
use crate::operation::Operation;

// The first lines of the help are the document's: see `help`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci validate [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci validate                      Whose the credential is
  dci --sandbox validate            The same of the sandbox's own")]
pub struct Args {}

pub(super) async fn run(Args {}: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client()?;
    let answer = context.call(client.validate().send()).await;
    let answer = answer.map_err(|error| error.failing("cannot validate the credential"))?;
    let who = answer.value.email.as_deref().unwrap_or("somebody whom the API does not name");
    let domain = answer.value.domain.map(|domain| format!(" ({domain})")).unwrap_or_default();
    Ok(Report::answer(
        Operation::VALIDATE,
        format!("The credential is valid. It is that of {who}{domain}."),
        answer.body,
    ))
}
