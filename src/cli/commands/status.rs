use serde_json::{Value, json};

use crate::cli::output::in_local_time;
use crate::cli::{CliError, Context, Report};
use crate::types::ValidateResponse;

/// Show which API, credential and customer commands use
///
/// DCI_API_KEY goes before a sign-in, of which it is shown whose it is, until when it works, and where it is kept. No
/// credential itself is ever shown. Nothing is sent, unless --check asks the API whether it accepts the
/// credential.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci status [OPTIONS]")]
#[command(after_long_help = "\
Examples:
  dci status           What a command would use
  dci status --check   And whether the API accepts it")]
pub struct Args {
    /// Ask the API whether it accepts the credential
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let mut status = context.status()?;
    let mut lines = vec![
        fact("API", &status["apiBaseUrl"]),
        fact("credential", &status["credential"]),
        format!("{:<12}{}", "signed in", signed_in(&status["signIn"])),
        fact("customer", &status["tenant"]),
    ];
    if !status["customerContext"].is_null() {
        lines.push(fact("context", &status["customerContext"]));
    }
    lines.push(fact("output", &status["output"]));
    let mut refusal = None;
    if args.check {
        match check(context).await {
            Ok(ValidateResponse { email, domain }) => {
                lines.push(format!("{:<12}accepted, as that of {}", "check", email.as_deref().unwrap_or("somebody")));
                status["check"] = json!({ "accepted": true, "email": email, "domain": domain });
            }
            Err(error) => {
                lines.push(format!("{:<12}refused", "check"));
                status["check"] = json!({ "accepted": false, "email": null, "domain": null });
                refusal = Some(error);
            }
        }
    }
    let report = Report::lines(lines, status.to_string());
    Ok(refusal.into_iter().fold(report, Report::ending_with))
}

async fn check(context: &Context<'_>) -> Result<ValidateResponse, CliError> {
    let client = context.client()?;
    let answer = context.call(client.validate().send()).await;
    answer.map(|answer| answer.value).map_err(|error| error.failing("the credential cannot be used"))
}

/// Who is signed in, until when, and where that is kept.
fn signed_in(sign_in: &Value) -> String {
    if let Some(problem) = sign_in["problem"].as_str() {
        return format!("unknown: {problem}");
    }
    let Some(store) = sign_in["store"].as_str() else { return "nobody".to_owned() };
    let who = sign_in["email"].as_str().unwrap_or("somebody");
    let end = sign_in["expiresAt"].as_str().and_then(|end| end.parse().ok()).map(in_local_time);
    let until = match (end, sign_in["renewsItself"].as_bool()) {
        (Some(end), Some(true)) => format!(", until {end}, then renewed"),
        (Some(end), _) => format!(", until {end}"),
        (None, _) => String::new(),
    };
    format!("{who}{until}, in {store}")
}

fn fact(name: &str, value: &Value) -> String {
    format!("{name:<12}{}", value.as_str().unwrap_or("none"))
}
