//! Signs the user in with a browser.

use std::time::Duration;

use crate::cli::browser;
use crate::cli::call::choose_tenant;
use crate::cli::credential::{UNKNOWN_USER, renewable, sign_in, sign_in_without_tokens};
use crate::cli::global::duration;
use crate::cli::{CliError, Context, Report};
use crate::client::sign_in::{AuthorizationServer, SignIn, SignInStore};
use crate::client::{Credentials, ErrorKind, env};

/// Sign in with a browser
///
/// Your browser opens DoiT's sign-in page, which then redirects it to this machine. The token is stored in a file
/// that only you can read, and is renewed automatically. Commands use it unless DCI_API_KEY is set.
///
/// On a machine without a browser, use --no-browser and open the printed address on any other machine. The last page
/// does not load there: copy its address, or the code in it, and paste it at the prompt.
///
/// If you have access to several customers, --tenant stores one with the sign-in, also if you are already signed in.
/// --tenant and DCI_TENANT_ID of other commands take precedence. It stays if the same user signs in again.
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
  dci login --tenant ID     Sign in, if necessary, and keep this customer

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

    /// Forget the customer that is kept with the sign-in
    #[arg(long)]
    no_tenant: bool,
}

/// The customer to keep with the sign-in.
enum Kept {
    /// The same as before.
    Same,
    Tenant(String),
    Nothing,
}

/// Who a credential belongs to.
struct Owner {
    /// `None` if the API does not report it.
    email: Option<String>,
    /// Whether there are several customers, and none is chosen.
    must_choose_tenant: bool,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    context.refuse_private_sandbox()?;
    context.check_settings(None)?;
    let kept = match (context.global.tenant_flag(), args.no_tenant) {
        (None, false) => Kept::Same,
        (None, true) => Kept::Nothing,
        (Some(tenant), false) => Kept::Tenant(tenant.to_owned()),
        (Some(_), true) => return Err(CliError::usage("--no-tenant cannot be used with --tenant")),
    };
    let base_url = context.parsed_base_url()?;
    let server = AuthorizationServer::from_env(&base_url).map_err(|error| CliError::config(&error))?;
    if !context.change_sign_ins(SignInStore::prepare).await? {
        context.output.say("The sign-in file cannot be locked: do not run two dci login commands at once.");
    }
    // A damaged file is replaced, so it is not an error.
    let before = sign_in(&base_url).ok().flatten();
    if !args.force
        && let Some(before) = &before
        && let Some(owner) = signed_in_already(before, &kept, context).await?
    {
        return already_signed_in(owner, kept, context).await;
    }

    let code = browser::code(&server, args.port, !args.no_browser, args.timeout, context).await?;
    let failed = |error: CliError| error.context("cannot sign in");
    let exchange = async { code.request.exchange(&code.code).await.map_err(CliError::credentials) };
    let sign_in = context.unless_interrupted(exchange).await?;
    let sign_in = sign_in.map_err(|error| failed(error).hint(browser::RETRY_HINT))?;
    let (sign_in, owner) = identify(sign_in, before.as_ref(), kept, context).await.map_err(failed)?;
    let stored = sign_in.clone();
    context.change_sign_ins(move |store| store.save(&base_url, &stored)).await?;
    // The sign-in is stored, so Ctrl-C only ends the wait for the browser.
    let _ = context.unless_interrupted(code.terminal_closed()).await;

    let who = sign_in.email().unwrap_or(UNKNOWN_USER);
    let first = format!("You are signed in to {} as {who}.", context.base_url());
    report(first, &owner, &sign_in)
}

/// The report: the sign-in without its tokens, and for people what applies to it.
fn report(first: String, owner: &Owner, sign_in: &SignIn) -> Result<Report, CliError> {
    let customer = match sign_in.tenant() {
        Some(tenant) => {
            let other = format!("unless --tenant or {} names another", env::TENANT_ID);
            Some(format!("Commands use the customer {tenant}, {other}."))
        }
        None if owner.must_choose_tenant => Some(format!("You have access to several customers. {}", choose_tenant())),
        None => None,
    };
    let lines = std::iter::once(first).chain(customer).chain(api_key_notice()).collect();
    Ok(Report::lines(lines, sign_in_without_tokens(sign_in)?.to_string()))
}

/// The notice that an API key takes precedence over the sign-in, if one is set.
fn api_key_notice() -> Option<String> {
    let is_set = std::env::var_os(env::API_KEY).is_some_and(|key| !key.is_empty());
    is_set.then(|| format!("{0} is set: commands use this API key until you unset {0}.", env::API_KEY))
}

/// Keeps the customer with the current sign-in, and reports on it.
async fn already_signed_in(owner: Owner, kept: Kept, context: &Context<'_>) -> Result<Report, CliError> {
    let base_url = context.parsed_base_url()?;
    let email = owner.email.clone();
    let change = move |sign_in: SignIn| {
        let email = email.or_else(|| sign_in.email().map(str::to_owned));
        let sign_in = sign_in.with_email(email);
        match kept {
            Kept::Same => sign_in,
            Kept::Tenant(tenant) => sign_in.with_tenant(Some(tenant)),
            Kept::Nothing => sign_in.with_tenant(None),
        }
    };
    let changed = context.change_sign_ins(move |store| store.update(&base_url, change)).await?;
    let sign_in = changed.ok_or_else(|| CliError::other("the sign-in was removed by another process"))?;
    let who = sign_in.email().unwrap_or(UNKNOWN_USER);
    report(format!("You are already signed in as {who}. To sign in as another user, add --force."), &owner, &sign_in)
}

/// The owner of the current sign-in; `None` if the API rejects it.
async fn signed_in_already(sign_in: &SignIn, kept: &Kept, context: &Context<'_>) -> Result<Option<Owner>, CliError> {
    let tenant = sign_in.tenant().filter(|_| !matches!(kept, Kept::Nothing));
    match owner(renewable(sign_in.clone(), context.parsed_base_url()?)?, tenant, context).await {
        Ok(owner) => Ok(Some(owner)),
        Err(error) if error.is_of(ErrorKind::Authentication) => Ok(None),
        Err(error) => {
            // A customer without access is refused after a new sign-in too.
            let is_tenant_refused = error.is_of(ErrorKind::Validation);
            let error = error.context("cannot check the current sign-in");
            Err(if is_tenant_refused { error } else { error.hint("To sign in anyway, add --force.") })
        }
    }
}

/// Adds the user and the customer to a new sign-in. The same user as before keeps the customer. Fails if the API rejects
/// the token.
async fn identify(
    new: SignIn,
    before: Option<&SignIn>,
    kept: Kept,
    context: &Context<'_>,
) -> Result<(SignIn, Owner), CliError> {
    let before = before.filter(|_| matches!(kept, Kept::Same));
    if let Some(before) = before
        && let Some(tenant) = before.tenant()
        && let Ok(owner) = owner(new.access_token().clone(), Some(tenant), context).await
        && owner.email.is_some()
        && owner.email.as_deref() == before.email()
    {
        let sign_in = new.with_email(owner.email.clone()).with_tenant(Some(tenant.to_owned()));
        return Ok((sign_in, owner));
    }
    let owner = owner(new.access_token().clone(), None, context).await.map_err(|error| {
        if !error.is_of(ErrorKind::Authentication) {
            return error;
        }
        CliError::not_signed_in(format!("{} rejected the token: {}", context.base_url(), error.message()))
            .hint("You are not signed in. Check that the authorization server belongs to this API.")
    })?;
    let tenant = if let Kept::Tenant(tenant) = kept { Some(tenant) } else { None };
    Ok((new.with_email(owner.email.clone()).with_tenant(tenant), owner))
}

/// Asks the API who a credential belongs to.
async fn owner(
    credentials: impl Credentials + 'static,
    kept_tenant: Option<&str>,
    context: &Context<'_>,
) -> Result<Owner, CliError> {
    let client = context.client_with(credentials, kept_tenant)?;
    match context.call(client.validate().send()).await {
        Ok(response) => Ok(Owner { email: response.value.email, must_choose_tenant: false }),
        // The API accepts the credential, but needs to know the customer.
        Err(error) if error.is_tenant_required() => Ok(Owner { email: None, must_choose_tenant: true }),
        Err(error) => Err(error),
    }
}
