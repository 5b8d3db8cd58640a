use std::time::Duration;

use serde_json::json;

use crate::cli::browser;
use crate::cli::credential::{shown, sign_in};
use crate::cli::global::duration;
use crate::cli::{CliError, Context, Report};
use crate::client::sign_in::{AuthorizationServer, SignIn, SignInStore};
use crate::client::{ErrorKind, env};
use crate::types::ValidateResponse;

/// Sign in with a browser
///
/// The browser opens DoiT's sign-in, and comes back to this machine with a code that becomes a token. The token is kept in a file of yours and renews itself; commands use it
/// unless DCI_API_KEY is set.
///
/// Without a browser here, open the address that is shown on any machine. The page that it ends on cannot be
/// reached from there: paste its address, or the code in it, at the prompt.
///
/// An API at another base URL needs its authorization server named; dci sandbox prints its own.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci login [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci login                 Sign in, and check that it worked
  dci login --no-browser    Sign in from a machine without a browser
  dci login --force         Sign in as somebody else

Environment of signing in:
  BROWSER            the browser that is opened, in place of the desktop's
  DCI_AUTHORIZE_URL, DCI_TOKEN_URL
                     the authorization server of an API at another base URL
  XDG_DATA_HOME      where the sign-in is kept, as dci/sign-ins.json (on Linux)")]
pub struct Args {
    /// Show the address in place of opening a browser
    #[arg(long)]
    no_browser: bool,

    /// The port of this machine that the browser comes back to; 0 means a free one
    ///
    /// 8484 is the one that DoiT knows. Others are for other authorization servers.
    #[arg(long, value_name = "N", default_value_t = 8484)]
    port: u16,

    /// How long to wait for the browser, such as 90s or 5m
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    timeout: Duration,

    /// Sign in even when somebody is signed in already
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    context.refuse_private_sandbox()?;
    let base_url = context.base_url_checked()?;
    let server = AuthorizationServer::from_env(&base_url).map_err(|error| CliError::config(&error))?;
    if !context.change_sign_ins(SignInStore::prepare).await? {
        context.output.say("The file of the sign-in cannot be locked here: do not run dci login twice at once.");
    }
    if !args.force
        && let Some(who) = signed_in_already(context).await?
    {
        let hint = "To sign in as somebody else, add --force.";
        let mut lines = vec![format!("You are signed in already, as {who}. {hint}")];
        lines.extend(key_goes_first());
        // Asking the API may have renewed it.
        let kept = sign_in(&base_url)?.as_ref().map(shown).transpose()?;
        return Ok(Report::lines(lines, json!(kept).to_string()));
    }

    let brought = browser::code(&server, args.port, !args.no_browser, args.timeout, context).await?;
    let failed = |error: CliError| error.failing("cannot sign in");
    let exchange = async { brought.request.exchange(&brought.code).await.map_err(CliError::credentials) };
    let sign_in = context.unless_interrupted(exchange).await?;
    let sign_in = sign_in.map_err(|error| failed(error).hint(browser::ONCE_MORE))?;
    let (sign_in, note) = introduced(sign_in, context).await.map_err(failed)?;
    let kept = sign_in.clone();
    context.change_sign_ins(move |store| store.save(&base_url, &kept)).await?;
    // By Ctrl-C too; it is kept by now.
    let _ = context.unless_interrupted(brought.browser_left()).await;

    let who = sign_in.email().unwrap_or("somebody whom the API does not name");
    let mut lines = vec![format!("You are signed in to {}, as {who}.", context.base_url())];
    lines.extend(note);
    lines.extend(key_goes_first());
    Ok(Report::lines(lines, shown(&sign_in)?.to_string()))
}

/// What is to be said when another credential goes before a sign-in.
fn key_goes_first() -> Option<String> {
    let is_set = std::env::var_os(env::API_KEY).is_some_and(|key| !key.is_empty());
    is_set.then(|| format!("Commands go on to use the API key from {}, until you unset it.", env::API_KEY))
}

/// Who is signed in, if the API accepts it.
async fn signed_in_already(context: &Context<'_>) -> Result<Option<String>, CliError> {
    // What is damaged is replaced.
    let Ok(Some(sign_in)) = sign_in(&context.base_url_checked()?) else { return Ok(None) };
    let client = context.client_of_sign_in()?;
    match context.call(client.validate().send()).await {
        Ok(answer) => Ok(Some(answer.value.email.unwrap_or_else(|| "somebody".to_owned()))),
        Err(error) if error.is_of(ErrorKind::Authentication) => Ok(None),
        Err(error) if error.is_tenant_required() => Ok(Some(sign_in.email().unwrap_or("somebody").to_owned())),
        Err(error) => Err(error
            .failing("somebody is signed in already, and it cannot be checked as whom")
            .hint("To sign in all the same, add --force.")),
    }
}

/// The sign-in with who it is, as the API tells, which also checks that the API accepts it; and what is to be said.
async fn introduced(sign_in: SignIn, context: &Context<'_>) -> Result<(SignIn, Option<String>), CliError> {
    let client = context.client_with(sign_in.access_token().clone())?;
    match context.call(client.validate().send()).await {
        Ok(answer) => {
            let ValidateResponse { email, .. } = answer.value;
            Ok((sign_in.of(email), None))
        }
        Err(error) if error.is_of(ErrorKind::Authentication) => {
            Err(CliError::not_signed_in(format!("{} refuses the token: {}", context.base_url(), error.message()))
                .hint("Nobody was signed in. Check that the authorization server is that of the API."))
        }
        // It is accepted; only whose customers are meant is not known.
        Err(error) if error.is_tenant_required() => {
            Ok((sign_in, Some(format!("You reach several customers: name one with --tenant or {}.", env::TENANT_ID))))
        }
        Err(error) => Err(error),
    }
}
