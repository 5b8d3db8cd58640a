use serde_json::json;

use crate::cli::{CliError, Context, Report};

/// Remove what dci login stored
///
/// It is that of the API base URL in use. The token ends by itself soon after.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci logout [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci logout                Remove your sign-in from this machine")]
pub struct Args {}

pub(super) async fn run(_: Args, context: &Context<'_>) -> Result<Report, CliError> {
    context.refuse_private_sandbox()?;
    let removed = context.sign_ins()?.remove(&context.base_url_checked()?).map_err(CliError::credentials)?;
    let line = match removed {
        true => format!("You are signed out of {}.", context.base_url()),
        false => format!("Nobody was signed in to {}.", context.base_url()),
    };
    Ok(Report::lines(vec![line], json!({ "apiBaseUrl": context.base_url(), "signedOut": removed }).to_string()))
}
