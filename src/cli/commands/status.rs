use serde_json::{Value, json};

use crate::cli::{CliError, Context, Report};
use crate::types::ValidateResponse;

/// Show which API, credential and customer commands use
///
/// The credential itself is never shown. Nothing is sent, unless --check asks the API whether it accepts the
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

fn fact(name: &str, value: &Value) -> String {
    format!("{name:<12}{}", value.as_str().unwrap_or("none"))
}
