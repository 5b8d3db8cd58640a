//! `dci sandbox`: runs the sandbox until Ctrl-C.

use crate::cli::output::line;
use crate::cli::shell::assignment;
use crate::cli::{CliError, Context, Report};
use crate::sandbox::{Fault, Sandbox};

/// Run an in-memory DoiT on this machine
///
/// The sandbox listens on 127.0.0.1 until Ctrl-C. It prints the environment variables that make `dci` in another
/// terminal use it. It sends no real emails and keeps its data in memory only.
///
/// Users: pending@example.com (id invite-pending), expired@example.com (invite-expired), cancelled@example.com
/// (invite-cancelled) and active@example.com (user-active).
///
/// API keys: `sandbox` has all permissions. `sandbox-viewer` gets 403 on changes. `sandbox-partner` has access to two
/// customers (customer-example and customer-other) and must choose one with --tenant.
///
/// To try `dci login`, set the printed variables and unset DCI_API_KEY. A page then offers admin@example.com,
/// viewer@example.com and partner@example.net, with the permissions of the three API keys in this order.
///
/// Where the service's response is unknown, the sandbox chooses one: 422 for an Idempotency-Key that was used for a
/// different request, and 409 while the first request with a key is in progress.
///
/// The sandbox responds to programs on this machine. It rejects requests from web pages of other origins.
///
/// GET /_sandbox/outbox lists the emails sent. POST /_sandbox/accept with {"token": "…"} accepts the invite in an
/// email. POST /_sandbox/faults with {"fault": "…"} makes requests fail.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci sandbox [OPTIONS]")]
#[command(after_long_help = "\
Faults:
  status=503     respond with this status (400 to 599) without processing the request;
                 502 to 504 and 524 have an HTML body, like a gateway's error page
  latency=2s     take this long to process the request
  truncate       process the request, then cut off the response body
  drop-before    close the connection without processing the request
  drop-after     process the request, then close the connection without a response

  Add ,times=N to affect N requests instead of one, ,operation=ID to affect only
  requests of this operation (such as resendInvite), and ,retry-after=VALUE to send
  a Retry-After header with a status.

Examples:
  dci sandbox
  dci sandbox --invites 1000
  dci sandbox --port 8080 --fault status=503,times=2 --fault drop-after,operation=resendInvite")]
pub struct Args {
    /// Listen on this port; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,

    /// Add this many open invites
    ///
    /// The first is for user-1@example.com and has the id invite-1.
    #[arg(long, value_name = "N", default_value_t = 0)]
    invites: u32,

    /// Make a request fail; repeat for more faults, in order
    ///
    /// See Faults below.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,

    /// Make this percentage of requests fail at random
    ///
    /// Random faults begin after those of --fault.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    fault_rate: u8,

    /// Seed for random faults: the same seed repeats the same faults
    #[arg(long, value_name = "N", default_value_t = 0, requires = "fault_rate")]
    fault_seed: u64,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let sandbox = Sandbox::start_on(args.port).map_err(|error| {
        CliError::other(format!("the sandbox cannot listen on port {}: {error}", args.port))
            .hint("Choose another port with --port, or omit --port to use a free one.")
    })?;
    for number in 1..=args.invites {
        sandbox.add_invited(&format!("invite-{number}"), &format!("user-{number}@example.com"));
    }
    for fault in args.faults {
        sandbox.inject(fault);
    }
    sandbox.inject_at_random(args.fault_rate, args.fault_seed);
    line(&assignment("DCI_API_BASE_URL", sandbox.url()))?;
    line(&assignment("DCI_API_KEY", sandbox.api_key()))?;
    line(&assignment("DCI_AUTHORIZE_URL", &sandbox.authorize_url()))?;
    line(&assignment("DCI_TOKEN_URL", &sandbox.token_url()))?;
    context.output.note(&format!("The sandbox runs until Ctrl-C. Sent emails: {}/_sandbox/outbox", sandbox.url()));
    context.output.note("To try dci login with it, unset DCI_API_KEY first.");
    context.interrupts.ended().await;
    Ok(Report::nothing())
}
