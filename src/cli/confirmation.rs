//! What cannot be taken back is asked about.

use std::io::{self, IsTerminal};

use tokio::sync::oneshot;

use super::context::Context;
use super::error::CliError;
use super::output::question;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Confirmation {
    /// Do not ask
    ///
    /// Needed where nobody can be asked, because stdin or stderr is no terminal.
    #[arg(short, long)]
    pub yes: bool,
}

impl Confirmation {
    /// Asks whether to do `what`, such as "Cancel 2 invites", to these.
    pub async fn ask(self, context: &Context<'_>, what: &str, items: &[String]) -> Result<(), CliError> {
        if self.yes {
            return Ok(());
        }
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(CliError::usage(format!("{what}? There is no terminal to ask at, so that nothing was sent"))
                .hint("Add --yes to do it without being asked."));
        }
        question(&format!("{what}?"), items);
        // A thread of its own, so that Ctrl-C is heard while it reads; it ends with the program.
        let (sender, answer) = oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = sender.send(io::stdin().read_line(&mut line).map(|_| line));
        });
        let answer = tokio::select! {
            answer = answer => answer.unwrap_or_else(|_| Ok(String::new())).map_err(CliError::io)?,
            () = context.interrupts.ended() => return Err(CliError::interrupted()),
        };
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(CliError::other("the question was not answered with yes, so that nothing was sent")),
        }
    }
}
