//! The browser in which somebody signs in: opening it, and hearing what it brings back.

mod answer;
mod listeners;
mod page;
mod paste;

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::context::Context;
use super::error::CliError;
use crate::client::sign_in::{AuthorizationRequest, AuthorizationServer};

use answer::{Answer, refused};
use listeners::{Listeners, cannot_listen, listen};
use paste::pasted;

/// What to do when it came to nothing.
pub(super) const ONCE_MORE: &str = "Nobody was signed in. Run dci login again to try once more.";

/// The code that the browser brings back to this port, or that is pasted, whichever comes first, and the request that it
/// is the answer to.
pub(super) async fn code(
    server: &AuthorizationServer,
    port: u16,
    opens_browser: bool,
    timeout: Duration,
    context: &Context<'_>,
) -> Result<(Arc<AuthorizationRequest>, String), CliError> {
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
    let how = if opens_browser { "Sign in with the browser. Where none opens, go to:" } else { "Sign in at:" };
    say(&format!("{how}\n{url}"));

    let told = RefCell::new(Vec::new());
    let left_out = |problem| {
        // Any page can send the browser here, as often as it likes.
        if !told.borrow().contains(&problem) {
            told.borrow_mut().push(problem);
            say(&format!("The browser brought something that is left out, since {problem}. Still waiting."));
        }
    };
    let pasting = async {
        // A browser of the terminal has stdin until it ends.
        if !(opens_browser && open(url).await) || io::stdin().is_terminal() {
            match pasted(&request, context).await {
                Some(answer) => return Ok(answer),
                None if !is_heard => return Err(CliError::not_signed_in("stdin ended before a code was pasted")),
                None => {}
            }
        }
        std::future::pending().await
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
        Answer::Code(code) => Ok((request, code)),
        Answer::Refused { error, description } => Err(refused(&error, description.as_deref())),
    }
}

/// Opens the person's browser, if there is one that can be opened here.
async fn open(url: &Url) -> bool {
    let url = url.to_string();
    // It may wait for a program.
    let opened = tokio::task::spawn_blocking(move || webbrowser::open(&url).is_ok());
    opened.await.unwrap_or(false)
}
