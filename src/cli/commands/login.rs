use std::sync::Arc;
use std::time::Duration;

use crate::cli::browser::{self, Answer, NoAnswer};
use crate::cli::credential::{shown, sign_in, sign_ins};
use crate::cli::global::duration;
use crate::cli::{CliError, Context, Report};
use crate::client::sign_in::{AuthorizationRequest, AuthorizationServer, SignIn};
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
/// BROWSER says which browser is opened. For the API at another base URL, DCI_AUTHORIZE_URL and DCI_TOKEN_URL name its authorization server; dci sandbox
/// prints its own.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci login [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci login                 Sign in, and check that it worked
  dci login --no-browser    Sign in from a machine without a browser
  dci login --force         Sign in as somebody else")]
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
    let (base_url, store) = (context.base_url_checked()?, sign_ins()?);
    let server = AuthorizationServer::from_env(&base_url).map_err(|error| CliError::config(&error))?;
    store.prepare().map_err(CliError::credentials)?;
    if !args.force
        && let Some(who) = signed_in_already(context).await?
    {
        let hint = "To sign in as somebody else, add --force.";
        let lines = vec![format!("You are signed in already, as {who}. {hint}")];
        return Ok(Report::lines(lines, context.status()?["signIn"].to_string()));
    }

    let (request, code) = code(&args, &server, context).await?;
    let exchange = async { request.exchange(&code).await.map_err(CliError::credentials) };
    let sign_in = context.unless_interrupted(exchange).await?.map_err(|error| error.failing("cannot sign in"))?;
    let (sign_in, note) = introduced(sign_in, context).await.map_err(|error| error.failing("cannot sign in"))?;
    store.save(&base_url, &sign_in).map_err(CliError::credentials)?;

    let who = sign_in.email().unwrap_or("somebody whom the API does not name");
    let mut lines = vec![format!("You are signed in to {}, as {who}.", context.base_url())];
    lines.extend(note);
    if std::env::var_os(env::API_KEY).is_some_and(|key| !key.is_empty()) {
        lines.push(format!("Commands go on to use the API key from {}, until you unset it.", env::API_KEY));
    }
    Ok(Report::lines(lines, shown(&sign_in)?.to_string()))
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
        Err(error) => Err(error),
    }
}

/// The code that the browser brings back, or that is pasted, whichever comes first.
async fn code(
    args: &Args,
    server: &AuthorizationServer,
    context: &Context<'_>,
) -> Result<(Arc<AuthorizationRequest>, String), CliError> {
    let listeners = browser::listen(args.port).await;
    let listeners = match listeners {
        Err(error) if args.no_browser && error.kind() == std::io::ErrorKind::AddrInUse => {
            context.output.say(&format!("Port {} is in use here, so that a code can only be pasted.", args.port));
            browser::Listeners::none(args.port)
        }
        Err(error) => return Err(browser::cannot_listen(args.port, &error)),
        Ok(listeners) => listeners,
    };
    let request = Arc::new(server.begin(listeners.port()));
    let is_open = !args.no_browser && browser::open(request.url()).await;
    let url = request.url();
    context.output.say(&match (is_open, args.no_browser) {
        (true, _) => format!("Sign in with the browser. Where none opened, go to:\n{url}"),
        (false, true) => format!("Sign in at:\n{url}"),
        (false, false) => format!("No browser can be opened here. Sign in at:\n{url}"),
    });
    let waiting = async {
        tokio::select! {
            answer = listeners.answer(&request, |problem| context.output.say(&left_out(problem))) => answer,
            pasted = browser::pasted(&request, context), if !is_open => pasted,
        }
    };
    let in_time = tokio::time::timeout(args.timeout, waiting);
    match context.unless_interrupted(in_time).await? {
        Ok(Answer::Code(code)) => Ok((request, code)),
        Ok(Answer::Refused { error, description }) => Err(browser::refused(&error, description.as_deref())),
        Err(_) => Err(CliError::not_signed_in("the browser brought no answer in time; nobody was signed in")
            .hint("Run dci login again, with a longer --timeout where you need it.")),
    }
}

fn left_out(problem: NoAnswer) -> String {
    format!("The browser brought something that is left out, since {problem}. Still waiting.")
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
