use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use reqwest::Url;
use tokio::sync::watch;

use crate::client::env;

/// Browsers that take the terminal for themselves.
const FOR_TERMINALS: [&str; 8] = ["elinks", "eww", "links", "links2", "lynx", "netrik", "retawq", "w3m"];

/// A browser that is being opened: one of `$BROWSER`, or else the desktop's.
pub(super) struct Opening(watch::Receiver<State>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// It has not failed.
    Begun,
    HasTerminal,
    Opened,
    Failed,
}

impl Opening {
    pub fn of(url: Url) -> Self {
        let (state, seen) = watch::channel(State::Begun);
        // It may wait for a browser for as long as that runs, and ends with the program.
        thread::spawn(move || {
            let is_open = commands(&url).into_iter().any(|command| has_opened(command, &state));
            state.send_replace(if is_open { State::Opened } else { State::Failed });
        });
        Self(seen)
    }

    /// Waits until it is known that no browser opens.
    pub async fn failed(&self) {
        if self.0.clone().wait_for(|state| *state == State::Failed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a browser that has the terminal is left.
    pub async fn terminal_left(&self) {
        // The thread has ended then.
        let _ = self.0.clone().wait_for(|state| *state != State::HasTerminal).await;
    }
}

/// Waits until the command ends: some only pass the URL on, others are the browser.
fn has_opened(mut command: Command, state: &watch::Sender<State>) -> bool {
    command.env_remove(env::API_KEY);
    let is_for_terminal = Path::new(command.get_program()).file_name().is_some_and(is_for_terminal);
    if is_for_terminal {
        state.send_replace(State::HasTerminal);
    } else {
        state.send_replace(State::Begun);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    }
    // Explorer ends with 1 when all is well.
    command.status().is_ok_and(|status| status.success() || cfg!(windows))
}

fn is_for_terminal(name: &OsStr) -> bool {
    FOR_TERMINALS.iter().any(|browser| name == *browser)
}

fn commands(url: &Url) -> Vec<Command> {
    let browsers = std::env::var("BROWSER").unwrap_or_default();
    let named = browsers.split(':').filter_map(|browser| named(browser, url.as_str()));
    named.chain(open::commands(url.as_str())).collect()
}

/// One of `$BROWSER`: a command in which `%s` stands for the URL, which is otherwise its last argument.
fn named(browser: &str, url: &str) -> Option<Command> {
    let mut words = browser.split_ascii_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words.map(|word| word.replace("%s", url)));
    if !browser.contains("%s") {
        command.arg(url);
    }
    Some(command)
}
