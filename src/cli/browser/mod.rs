//! Gets an authorization code: opens a browser, and waits for its redirect or for a pasted code.

mod callback;
mod listeners;
mod opening;
mod page;
mod paste;

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::error::CliError;
use crate::client::sign_in::{AuthorizationRequest, AuthorizationServer};

use callback::{Callback, sign_in_failed};
use listeners::{Listeners, cannot_listen, listen};
use opening::Opening;
use paste::read_pasted;

/// The hint after a failed sign-in.
pub(super) const RETRY_HINT: &str = "To retry, run dci login again.";

/// The maximum number of notices about ignored callbacks.
const MAX_NOTICES: usize = 5;

/// An authorization code from the browser.
pub(super) struct AuthorizationCode {
    pub code: String,
    /// The request that it belongs to.
    pub request: Arc<AuthorizationRequest>,
    opening: Option<Opening>,
}

/// Waits for a code from a redirect to this port, or from the user's paste.
pub(super) async fn code(
    server: &AuthorizationServer,
    port: u16,
    opens_browser: bool,
    timeout: Duration,
    context: &Context<'_>,
) -> Result<AuthorizationCode, CliError> {
    let say = |text: &str| context.output.say(text);
    let listeners = match listen(port).await {
        Err(error) if !opens_browser && error.kind() == io::ErrorKind::AddrInUse => {
            say(&format!("Port {port} is in use, so the code must be pasted."));
            Listeners::empty(port)
        }
        Err(error) => return Err(cannot_listen(port, &error)),
        Ok(listeners) => listeners,
    };
    let is_listening = !listeners.is_empty();
    let request = Arc::new(server.begin(listeners.port));
    let url = request.url();
    let instruction = if opens_browser {
        "Sign in with your browser at this address. If no browser opens, press Ctrl-C and add --no-browser."
    } else {
        "Sign in at:"
    };
    say(&format!("{instruction}\n{url}"));
    let opening = opens_browser.then(|| Opening::start(url.clone()));

    let reported = RefCell::new(Vec::new());
    let on_invalid = |problem| {
        // Any web page can redirect the browser here, any number of times.
        let mut reported = reported.borrow_mut();
        if reported.len() < MAX_NOTICES && !reported.contains(&problem) {
            say(&format!("Ignored a redirect of the browser: {problem}. Still waiting."));
            reported.push(problem);
        }
    };
    let pasting = async {
        // If a browser opened, stdin belongs to later commands.
        if let Some(opening) = &opening {
            opening.failed().await;
            say("No browser could be opened. Open the address on any machine.");
        }
        match read_pasted(&request, context).await {
            Some(callback) => Ok(callback),
            None if is_listening => std::future::pending().await,
            None => Err(CliError::not_signed_in("stdin ended before a code was pasted").hint(RETRY_HINT)),
        }
    };
    let waiting = async {
        tokio::select! {
            callback = listeners.callback(&request, on_invalid) => Ok(callback),
            pasted = pasting => pasted,
        }
    };
    let in_time = tokio::time::timeout(timeout, waiting);
    let timed_out = |_| {
        CliError::not_signed_in("the sign-in timed out")
            .hint("Run dci login again, with a longer --timeout, or with --no-browser if no browser opens.")
    };
    match context.unless_interrupted(in_time).await?.map_err(timed_out)?? {
        Callback::Code(code) => Ok(AuthorizationCode { code, request, opening }),
        Callback::Error { error, description } => Err(sign_in_failed(&error, description.as_deref()).hint(RETRY_HINT)),
    }
}

impl AuthorizationCode {
    /// Waits until no browser is running in the terminal.
    pub async fn terminal_closed(self) {
        if let Some(opening) = self.opening {
            opening.terminal_closed().await;
        }
    }
}
