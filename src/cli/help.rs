//! The command line as clap knows it: the hand-written arguments, with the document's words about the operations.

use clap::CommandFactory;

use super::Cli;
use super::exit_code::ExitCode;
use crate::operation::Operation;

/// What no flag says.
const ENVIRONMENT: &str = "\
Environment:
  DCI_API_KEY  the API key, made in the DoiT console; there is no flag for it
  DCI_LOG      what to show on stderr in place of -v, such as dci=debug or trace
  HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR
               proxies and root certificates, as elsewhere";

/// The whole command line. A command that is named after an operation is described by the document, and has an
/// alias without the dashes.
pub(super) fn command() -> clap::Command {
    let command = Cli::command().after_long_help(format!("{ENVIRONMENT}\n\n{}", exit_codes()));
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| match Operation::named(&name.replace('-', "_")) {
        Some(operation) => command.mut_subcommand(name, |command| {
            let dashless = Some(name.replace('-', "")).filter(|alias| alias != name);
            let examples = command.get_after_long_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
            command
                .after_long_help(format!("{examples}{ENVIRONMENT}\n\n{}", exit_codes()))
                .about(operation.summary)
                .long_about(format!("{}\n\n{}", operation.summary, unwrapped(operation.description)))
                .visible_aliases(dashless)
        }),
        None => command,
    })
}

fn exit_codes() -> String {
    let lines = ExitCode::ALL.iter().map(|code| format!("  {:>3}  {}\n", code.number(), code.meaning()));
    format!("Exit codes:\n{}", lines.collect::<String>().trim_end())
}

/// Lines that the document breaks become paragraphs, to be wrapped to the terminal's width.
fn unwrapped(markdown: &str) -> String {
    let paragraphs = markdown.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}
