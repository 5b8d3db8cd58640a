//! The confirmation before an action that cannot be undone.

use std::io::{self, IsTerminal};

use super::context::Context;
use super::error::CliError;
use super::output::{end_prompt, prompt};

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Confirmation {
    /// Skip the confirmation
    ///
    /// Required if stdin or stderr is not a terminal.
    #[arg(short, long)]
    pub yes: bool,
}

/// Whether a user can be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

impl Confirmation {
    /// Asks whether to do `what`, such as "cancel 2 invites", below the lines that `about` looks up.
    pub async fn ask(
        self,
        context: &Context<'_>,
        what: &str,
        about: impl Future<Output = Result<Vec<String>, CliError>>,
    ) -> Result<(), CliError> {
        if self.yes {
            return Ok(());
        }
        if !can_ask() {
            return Err(CliError::usage(format!("confirmation required to {what}, but there is no terminal"))
                .hint("Nothing was sent. To skip the confirmation, add --yes."));
        }
        let lines = about.await?;
        let (first, rest) = what.split_at(1);
        prompt(&format!("{}{rest}?", first.to_uppercase()), &lines);
        let read = || {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        };
        let line = context.interrupts.run_blocking(read).await;
        let reply = line.unwrap_or_else(|| Ok(String::new())).map_err(CliError::io)?;
        if !reply.ends_with('\n') {
            // Start a new line for the next output.
            end_prompt();
        }
        if context.interrupts.is_ended() {
            return Err(CliError::interrupted());
        }
        match reply.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(CliError::other("not confirmed; nothing was sent")),
        }
    }
}
