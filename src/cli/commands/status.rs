//! Shows which API, credential and customer commands use.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::bulk::Unfinished;
use crate::cli::credential::{Credential, UNKNOWN_USER, sign_in, sign_in_without_tokens};
use crate::cli::output::in_local_time;
use crate::cli::setting::Setting;
use crate::cli::{CliError, Context, Report};
use crate::types::ValidateResponse;

/// Show which API, credential and customer commands use
///
/// Also shows where the customer comes from, who is signed in, when the sign-in expires, where it is stored, and
/// unfinished runs. DCI_API_KEY takes precedence over a sign-in. Credentials themselves are never shown. Nothing
/// is sent unless you add --check.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci status [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci status           Show what commands use
  dci status --check   Also check that the API accepts the credential")]
pub struct Args {
    /// Ask the API whether it accepts the credential
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    // The check comes first, since it may renew the sign-in.
    let checked = if args.check { Some(check(context).await) } else { None };
    let credential = context.credential()?;
    context.check_settings(credential.kept_tenant())?;
    let tenant = context.global.tenant_or(credential.kept_tenant());
    let mut status = json!({
        "apiBaseUrl": context.base_url(),
        "credential": credential.name(),
        "signIn": stored_sign_in(context, credential)?,
        "tenant": tenant.as_ref().map(Setting::shown),
        "customerContext": context.global.customer_context().map(|customer| customer.shown()),
        "output": context.output.format_name(),
        "tenantSource": tenant.as_ref().map(|tenant| tenant.source),
    });
    let mut lines = vec![
        fact("API", &status["apiBaseUrl"]),
        fact("credential", &status["credential"]),
        format!("{:<12}{}", "signed in", signed_in_line(&status["signIn"])),
        format!("{:<12}{}", "customer", tenant.as_ref().map_or_else(|| "none".to_owned(), tenant_line)),
    ];
    if !status["customerContext"].is_null() {
        lines.push(fact("context", &status["customerContext"]));
    }
    lines.push(fact("output", &status["output"]));
    let scope = context.scope()?;
    let unfinished = if context.sandbox.is_some() { Vec::new() } else { Unfinished::all() };
    lines.extend(unfinished.iter().map(|run| format!("{:<12}{}", "unfinished", run.line(&scope))));
    status["unfinishedRuns"] = unfinished.iter().map(|run| run.json(&scope)).collect();
    let Some(checked) = checked else { return Ok(Report::lines(lines, status.to_string())) };
    lines.push(format!("{:<12}{}", "check", checked.line));
    status["check"] = json!({ "accepted": checked.accepted, "email": checked.email, "domain": checked.domain });
    let report = Report::lines(lines, status.to_string());
    Ok(checked.problem.into_iter().fold(report, Report::with_error))
}

/// The stored sign-in as JSON, even if commands use another credential.
fn stored_sign_in(context: &Context<'_>, credential: &Credential) -> Result<Option<Value>, CliError> {
    if context.sandbox.is_some() {
        return Ok(None);
    }
    match sign_in(&context.parsed_base_url()?) {
        Ok(stored) => stored.as_ref().map(sign_in_without_tokens).transpose(),
        // The sign-in is not used, so a damaged file is not an error.
        Err(error) if matches!(credential, Credential::ApiKey(_)) => Ok(Some(json!({ "problem": error.message() }))),
        Err(error) => Err(error),
    }
}

/// Whether the API accepts the credential.
#[derive(Default)]
struct Checked {
    line: String,
    /// `None` if the API gave no verdict.
    accepted: Option<bool>,
    email: Option<String>,
    domain: Option<String>,
    problem: Option<CliError>,
}

async fn check(context: &Context<'_>) -> Checked {
    let validation = async { context.call(context.client()?.validate().send()).await };
    match validation.await {
        Ok(response) => {
            let ValidateResponse { email, domain, .. } = response.value;
            let line = format!("accepted; it belongs to {}", email.as_deref().unwrap_or(UNKNOWN_USER));
            Checked { line, accepted: Some(true), email, domain, problem: None }
        }
        Err(error) if error.is_tenant_required() => {
            // Commands would fail with the same error.
            let line = "accepted, but it has access to several customers and none is chosen".to_owned();
            Checked { line, accepted: Some(true), problem: Some(error), ..Checked::default() }
        }
        Err(error) => {
            // The status of a failed renewal counts too.
            let (line, accepted) = match error.status() {
                Some(401 | 403) => ("rejected", Some(false)),
                _ => ("failed", None),
            };
            let problem = Some(error.context("the credential cannot be used"));
            Checked { line: line.to_owned(), accepted, problem, ..Checked::default() }
        }
    }
}

/// Who is signed in, until when, and where the sign-in is stored.
fn signed_in_line(sign_in: &Value) -> String {
    if let Some(problem) = sign_in["problem"].as_str() {
        return format!("unknown: {problem}");
    }
    let Some(store) = sign_in["store"].as_str() else { return "no".to_owned() };
    let who = sign_in["email"].as_str().unwrap_or(UNKNOWN_USER);
    let end: Option<Timestamp> = sign_in["expiresAt"].as_str().and_then(|end| end.parse().ok());
    let renews_itself = sign_in["renewsItself"].as_bool() == Some(true);
    let until = match end {
        Some(end) if end > Timestamp::now() && renews_itself => format!(", until {}, then renewed", in_local_time(end)),
        Some(end) if end > Timestamp::now() => format!(", until {}", in_local_time(end)),
        Some(_) if renews_itself => ", renewed by the next call".to_owned(),
        Some(end) => format!(", expired {}", in_local_time(end)),
        None => String::new(),
    };
    format!("{who}{until}, in {store}")
}

/// The customer, and where it comes from.
fn tenant_line(tenant: &Setting) -> String {
    format!("{}, from {}", tenant.shown(), tenant.source)
}

fn fact(name: &str, value: &Value) -> String {
    format!("{name:<12}{}", value.as_str().unwrap_or("none"))
}
