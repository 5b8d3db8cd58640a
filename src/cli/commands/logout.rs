//! Removes the stored sign-in.

use serde_json::json;

use crate::cli::credential::Credential;
use crate::cli::scope::Scope;
use crate::cli::{CliError, Context, Report, known_users};

/// Sign out: remove the stored sign-in
///
/// Removes the sign-in for the current API base URL from this machine, and the users that completion knows. The token is
/// not revoked: a copy of the file still works.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci logout [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci logout    Remove your sign-in from this machine")]
pub struct Args {}

pub(super) async fn run(_: Args, context: &Context<'_>) -> Result<Report, CliError> {
    context.refuse_private_sandbox()?;
    let base_url = context.parsed_base_url()?;
    let removed = context.change_sign_ins(move |store| store.remove(&base_url)).await?;
    known_users::forget(&Scope::of(&context.global, &Credential::None)?.api_base_url).map_err(|error| {
        CliError::other(format!("signed out, but the users that are kept for completion cannot be removed: {error}"))
    })?;
    let line = if removed { "You are signed out of" } else { "You were not signed in to" };
    let line = format!("{line} {}.", context.base_url());
    Ok(Report::lines(vec![line], json!({ "apiBaseUrl": context.base_url(), "signedOut": removed }).to_string()))
}
