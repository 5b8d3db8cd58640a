use crate::cli::output::line;
use crate::cli::{CliError, Context, Report};
use crate::sandbox::{Fault, Sandbox};

/// Run an in-memory DoiT on this machine
///
/// It listens on 127.0.0.1 until it is interrupted, and prints the lines that point `dci` in another terminal at
/// it. Nothing in it is real, and nothing is kept.
///
/// Its users are pending@example.com (id invite-pending), expired@example.com (invite-expired),
/// cancelled@example.com (invite-cancelled) and active@example.com (user-active). Its API keys are `sandbox`,
/// which may do everything, `sandbox-viewer`, which gets 403 on changes, and `sandbox-partner`, which reaches two
/// customers (customer-example, customer-other) and must name one with --tenant.
///
/// The last two of the lines let `dci login` sign in there, once DCI_API_KEY is unset: a page lets you choose
/// admin@example.com, viewer@example.com or partner@example.net, who may do what the API keys may, in this order.
///
/// Where the service's response is unknown, the sandbox chooses one: 422 for an Idempotency-Key that was used for a
/// different request, and 409 while the first request with a key is under way.
///
/// It answers programs on this machine, and no page of another origin in a browser.
///
/// GET /_sandbox/outbox lists the emails that were sent, POST /_sandbox/accept with {"token": "…"} follows the
/// link of one, and POST /_sandbox/faults with {"fault": "…"} makes requests fail.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci sandbox [OPTIONS]")]
#[command(after_long_help = "\
Faults:
  status=503     answer with this status (400 to 599) and do nothing; 502 to 504 and
                 524 come as a page of HTML, as from an edge
  latency=2s     take this long for the work
  truncate       do the work, then break the body of the answer off
  drop-before    close the connection before the work
  drop-after     do the work, then close the connection without an answer

  Any of them can be followed by ,times=N (for N requests in place of one) and
  ,operation=ID (only for requests of this operation, such as resendInvite);
  a status also by ,retry-after=VALUE.

Examples:
  dci sandbox
  dci sandbox --invites 1000
  dci sandbox --port 8080 --fault status=503,times=2 --fault drop-after,operation=resendInvite")]
pub struct Args {
    /// Listen on this port; 0 means a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,

    /// Add this many users who are invited
    ///
    /// They are user-1@example.com with the id invite-1, and so on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    invites: u32,

    /// Make requests fail, in the order given
    ///
    /// What a fault is stands below, under Faults.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<Fault>,

    /// Make this share of all requests fail at random
    ///
    /// After the faults of --fault.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    fault_rate: u8,

    /// Which random faults: the same seed brings the same ones
    #[arg(long, value_name = "N", default_value_t = 0, requires = "fault_rate")]
    fault_seed: u64,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let sandbox = Sandbox::start_on(args.port).map_err(|error| {
        CliError::other(format!("the sandbox cannot listen on port {}: {error}", args.port))
            .hint("Choose another port with --port, or leave it out for a free one.")
    })?;
    for number in 1..=args.invites {
        sandbox.add_invited(&format!("invite-{number}"), &format!("user-{number}@example.com"));
    }
    for fault in args.faults {
        sandbox.inject(fault);
    }
    sandbox.inject_at_random(args.fault_rate, args.fault_seed);
    line(&format!("export DCI_API_BASE_URL={}", sandbox.url()))?;
    line(&format!("export DCI_API_KEY={}", sandbox.api_key()))?;
    line(&format!("export DCI_AUTHORIZE_URL={}", sandbox.authorize_url()))?;
    line(&format!("export DCI_TOKEN_URL={}", sandbox.token_url()))?;
    context.output.note(&format!("It runs until Ctrl-C. The emails that it sends: {}/_sandbox/outbox", sandbox.url()));
    context.output.note("To sign in there with dci login, unset DCI_API_KEY first.");
    context.interrupts.ended().await;
    Ok(Report::nothing())
}
