//! The browser in which somebody signs in: opening it, and hearing what it brings back.

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

use callback::{Callback, refused};
use listeners::{Listeners, cannot_listen, listen};
use opening::Opening;
use paste::pasted;

/// What to do when it came to nothing.
pub(super) const ONCE_MORE: &str = "Nobody was signed in. Run dci login again to try once more.";

/// How many different things are told of that are no answer.
const MOST_TOLD: usize = 5;

/// What the browser brought.
pub(super) struct AuthorizationCode {
    pub code: String,
    /// What it is the answer to.
    pub request: Arc<AuthorizationRequest>,
    opening: Option<Opening>,
}

/// Waits for the code that the browser brings back to this port, or that is pasted, whichever comes first.
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
            say(&format!("Port {port} is in use here, so that a code can only be pasted."));
            Listeners::none(port)
        }
        Err(error) => return Err(cannot_listen(port, &error)),
        Ok(listeners) => listeners,
    };
    let is_heard = listeners.are_some();
    let request = Arc::new(server.begin(listeners.port()));
    let url = request.url();
    let how = if opens_browser {
        "Sign in with the browser, at this address. Where none opens here, press Ctrl-C and add --no-browser."
    } else {
        "Sign in at:"
    };
    say(&format!("{how}\n{url}"));
    let opening = opens_browser.then(|| Opening::of(url.clone()));

    let told = RefCell::new(Vec::new());
    let left_out = |problem| {
        // Any page can send the browser here, as often as it likes.
        let mut told = told.borrow_mut();
        if told.len() < MOST_TOLD && !told.contains(&problem) {
            say(&format!("The browser brought something that is left out, since {problem}. Still waiting."));
            told.push(problem);
        }
    };
    let pasting = async {
        // Where a browser opened, stdin is for whatever comes after this.
        if let Some(opening) = &opening {
            opening.failed().await;
            say("No browser could be opened here. Open the address on any machine.");
        }
        match pasted(&request, context).await {
            Some(answer) => Ok(answer),
            None if is_heard => std::future::pending().await,
            None => Err(CliError::not_signed_in("stdin ended before a code was pasted").hint(ONCE_MORE)),
        }
    };
    let waiting = async {
        tokio::select! {
            answer = listeners.answer(&request, left_out) => Ok(answer),
            pasted = pasting => pasted,
        }
    };
    let in_time = tokio::time::timeout(timeout, waiting);
    let too_late = |_| {
        CliError::not_signed_in("the browser brought no answer in time; nobody was signed in").hint(
            "Run dci login again, with a longer --timeout where you need it, or with --no-browser where no browser \
             opens here.",
        )
    };
    match context.unless_interrupted(in_time).await?.map_err(too_late)?? {
        Callback::Code(code) => Ok(AuthorizationCode { code, request, opening }),
        Callback::Refused { error, description } => Err(refused(&error, description.as_deref())),
    }
}

impl AuthorizationCode {
    /// Waits until a browser that has the terminal for itself is left.
    pub async fn browser_left(self) {
        if let Some(opening) = self.opening {
            opening.terminal_left().await;
        }
    }
}
