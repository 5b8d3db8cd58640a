use serde_json::{Value, json};

use crate::cli::{CliError, Context, Report};

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
    if args.check {
        let client = context.client()?;
        let answer = context.call(client.validate().send()).await;
        let answer = answer.map_err(|error| error.failing("the API does not accept the credential"))?;
        let who = answer.value.email.unwrap_or_default();
        lines.push(format!("{:<12}accepted, as that of {who}", "check"));
        status["check"] = json!({ "accepted": true, "email": who, "domain": answer.value.domain });
    }
    Ok(Report::lines(lines, status.to_string().into()))
}

fn fact(name: &str, value: &Value) -> String {
    format!("{name:<12}{}", value.as_str().unwrap_or("none"))
}
