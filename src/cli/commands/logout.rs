use serde_json::json;

use crate::cli::{CliError, Context, Report};

/// Remove what dci login stored
///
/// It is that of the API base URL in use. The authorization server is not told: a copy of the file would go on to work.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci logout [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci logout                Remove your sign-in from this machine")]
pub struct Args {}

pub(super) async fn run(_: Args, context: &Context<'_>) -> Result<Report, CliError> {
    context.refuse_private_sandbox()?;
    let base_url = context.base_url_checked()?;
    let removed = context.change_sign_ins(move |store| store.remove(&base_url)).await?;
    let line = if removed { "You are signed out of" } else { "Nobody was signed in to" };
    let line = format!("{line} {}.", context.base_url());
    Ok(Report::lines(vec![line], json!({ "apiBaseUrl": context.base_url(), "signedOut": removed }).to_string()))
}
