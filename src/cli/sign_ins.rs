//! Changes to the file of sign-ins.

use super::context::Context;
use super::credential::sign_ins;
use super::error::CliError;
use crate::client::CredentialsError;
use crate::client::sign_in::SignInStore;

impl Context<'_> {
    /// Fails with `--sandbox`: a private sandbox does not outlive the command, so a sign-in to it is of no use.
    pub fn refuse_private_sandbox(&self) -> Result<(), CliError> {
        if self.sandbox.is_none() {
            return Ok(());
        }
        Err(CliError::usage("login and logout cannot be used with --sandbox")
            .hint("Run dci sandbox in another terminal and set the variables that it prints."))
    }

    /// Changes the stored sign-ins. Waits for other processes that change them, at most `--timeout` or until Ctrl-C.
    pub async fn change_sign_ins<T: Send + 'static>(
        &self,
        change: impl FnOnce(&SignInStore) -> Result<T, CredentialsError> + Send + 'static,
    ) -> Result<T, CliError> {
        let store = sign_ins()?;
        let busy = format!("timed out: another dci process is using {}", store.path().display());
        let changed = self.interrupts.run_blocking(move || change(&store));
        let changed = tokio::time::timeout(self.global.timeout, changed);
        let changed = changed.await.map_err(|_| CliError::other(busy).hint("End that process, then retry."))?;
        let interrupted = || CliError::interrupted_in_doubt().hint("dci status shows who is signed in.");
        changed.ok_or_else(interrupted)?.map_err(CliError::credentials)
    }
}
