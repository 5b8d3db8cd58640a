//! Signs the user in with a browser.

use std::time::Duration;

use serde_json::json;

use crate::cli::browser;
use crate::cli::credential::{UNKNOWN_USER, renewable, sign_in, sign_in_without_tokens};
use crate::cli::global::duration;
use crate::cli::{CliError, Context, Report};
use crate::client::sign_in::{AuthorizationServer, SignIn, SignInStore};
use crate::client::{ErrorKind, env};

/// Sign in with a browser
///
/// Your browser opens DoiT's sign-in page, which then redirects it to this machine. The token is stored in a file
/// that only you can read, and is renewed automatically. Commands use it unless DCI_API_KEY is set.
///
/// On a machine without a browser, use --no-browser and open the printed address on any other machine. The last page
/// does not load there: copy its address, or the code in it, and paste it at the prompt.
///
/// For an API at another base URL, set DCI_AUTHORIZE_URL and DCI_TOKEN_URL to its authorization server; dci sandbox
/// prints both.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci login [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci login                 Sign in with your browser
  dci login --no-browser    Sign in from a machine without a browser
  dci login --force         Sign in as another user

Environment for signing in:
  BROWSER            the browser to open instead of the desktop's default
  DCI_AUTHORIZE_URL, DCI_TOKEN_URL
                     the authorization server of an API at another base URL
  XDG_DATA_HOME      the folder for dci/sign-ins.json, which stores the sign-in (on Linux)")]
pub struct Args {
    /// Print the address instead of opening a browser
    #[arg(long)]
    no_browser: bool,

    /// The local port that the browser is redirected to; 0 picks a free one
    ///
    /// DoiT accepts only the default. Other ports are for other authorization servers.
    #[arg(long, value_name = "N", default_value_t = 8484)]
    port: u16,

    /// How long to wait for the browser, such as 90s or 5m
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    timeout: Duration,

    /// Sign in again, even if you are already signed in
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    context.refuse_private_sandbox()?;
    let base_url = context.parsed_base_url()?;
    let server = AuthorizationServer::from_env(&base_url).map_err(|error| CliError::config(&error))?;
    if !context.change_sign_ins(SignInStore::prepare).await? {
        context.output.say("The sign-in file cannot be locked: do not run two dci login commands at once.");
    }
    if !args.force
        && let Some(who) = signed_in_already(context).await?
    {
        let hint = "To sign in as another user, add --force.";
        let mut lines = vec![format!("You are already signed in as {who}. {hint}")];
        lines.extend(api_key_notice());
        // The call to the API may have renewed the sign-in.
        let stored = sign_in(&base_url)?.as_ref().map(sign_in_without_tokens).transpose()?;
        return Ok(Report::lines(lines, json!(stored).to_string()));
    }

    let code = browser::code(&server, args.port, !args.no_browser, args.timeout, context).await?;
    let failed = |error: CliError| error.context("cannot sign in");
    let exchange = async { code.request.exchange(&code.code).await.map_err(CliError::credentials) };
    let sign_in = context.unless_interrupted(exchange).await?;
    let sign_in = sign_in.map_err(|error| failed(error).hint(browser::RETRY_HINT))?;
    let (sign_in, note) = identify(sign_in, context).await.map_err(failed)?;
    let stored = sign_in.clone();
    context.change_sign_ins(move |store| store.save(&base_url, &stored)).await?;
    // The sign-in is stored, so Ctrl-C only ends the wait for the browser.
    let _ = context.unless_interrupted(code.terminal_closed()).await;

    let who = sign_in.email().unwrap_or(UNKNOWN_USER);
    let mut lines = vec![format!("You are signed in to {} as {who}.", context.base_url())];
    lines.extend(note);
    lines.extend(api_key_notice());
    Ok(Report::lines(lines, sign_in_without_tokens(&sign_in)?.to_string()))
}

/// The notice that an API key takes precedence over the sign-in, if one is set.
fn api_key_notice() -> Option<String> {
    let is_set = std::env::var_os(env::API_KEY).is_some_and(|key| !key.is_empty());
    is_set.then(|| format!("{0} is set: commands use this API key until you unset {0}.", env::API_KEY))
}

/// The user who is signed in, if the API accepts the sign-in.
async fn signed_in_already(context: &Context<'_>) -> Result<Option<String>, CliError> {
    let base_url = context.parsed_base_url()?;
    // A damaged file is replaced, so it is not an error.
    let Ok(Some(sign_in)) = sign_in(&base_url) else { return Ok(None) };
    let client = context.client_with(renewable(sign_in.clone(), base_url)?)?;
    match context.call(client.validate().send()).await {
        Ok(response) => Ok(Some(response.value.email.unwrap_or_else(|| UNKNOWN_USER.to_owned()))),
        Err(error) if error.is_of(ErrorKind::Authentication) => Ok(None),
        Err(error) if error.is_tenant_required() => Ok(Some(sign_in.email().unwrap_or(UNKNOWN_USER).to_owned())),
        Err(error) => Err(error.context("cannot check the current sign-in").hint("To sign in anyway, add --force.")),
    }
}

/// Adds the user's email address, as the API reports it, to the sign-in. Also returns a notice for the user, if any.
/// Fails if the API rejects the token.
async fn identify(sign_in: SignIn, context: &Context<'_>) -> Result<(SignIn, Option<String>), CliError> {
    let client = context.client_with(sign_in.access_token().clone())?;
    match context.call(client.validate().send()).await {
        Ok(response) => Ok((sign_in.with_email(response.value.email), None)),
        Err(error) if error.is_of(ErrorKind::Authentication) => {
            Err(CliError::not_signed_in(format!("{} rejected the token: {}", context.base_url(), error.message()))
                .hint("You are not signed in. Check that the authorization server belongs to this API."))
        }
        // The API accepts the token, but needs to know the customer.
        Err(error) if error.is_tenant_required() => Ok((
            sign_in,
            Some(format!("You have access to several customers: choose one with --tenant or {}.", env::TENANT_ID)),
        )),
        Err(error) => Err(error),
    }
}
