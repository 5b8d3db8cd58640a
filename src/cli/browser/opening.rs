//! Opens a browser: one of `$BROWSER`, otherwise the desktop's default.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use reqwest::Url;
use tokio::sync::watch;

use crate::client::env;

/// Browsers that run in the terminal.
const TERMINAL_BROWSERS: [&str; 8] = ["elinks", "eww", "links", "links2", "lynx", "netrik", "retawq", "w3m"];

/// What separates the browsers in `$BROWSER`, as in `PATH`: a path on Windows may contain a colon.
const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// A browser that is being opened.
pub(super) struct Opening(watch::Receiver<State>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Starting,
    /// A terminal browser is running.
    InTerminal,
    Opened,
    Failed,
}

impl Opening {
    pub fn start(url: Url) -> Self {
        let (state, receiver) = watch::channel(State::Starting);
        // The thread may wait until the browser exits, and ends with the program.
        thread::spawn(move || {
            let is_open = commands(&url).into_iter().any(|command| open(command, &state));
            state.send_replace(if is_open { State::Opened } else { State::Failed });
        });
        Self(receiver)
    }

    /// Waits until every browser has failed to open.
    pub async fn failed(&self) {
        if self.0.clone().wait_for(|state| *state == State::Failed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until no terminal browser is running.
    pub async fn terminal_closed(&self) {
        // An error means that the thread has ended.
        let _ = self.0.clone().wait_for(|state| *state != State::InTerminal).await;
    }
}

/// Runs the command until it exits, and returns whether it succeeded. It may be the browser, or only start one.
fn open(mut command: Command, state: &watch::Sender<State>) -> bool {
    command.env_remove(env::API_KEY);
    let is_in_terminal = Path::new(command.get_program()).file_name().is_some_and(is_in_terminal);
    if is_in_terminal {
        state.send_replace(State::InTerminal);
    } else {
        state.send_replace(State::Starting);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    }
    // Explorer exits with 1 on success.
    let is_explorer = command.get_program() == "explorer.exe";
    command.status().is_ok_and(|status| status.success() || is_explorer)
}

fn is_in_terminal(name: &OsStr) -> bool {
    TERMINAL_BROWSERS.iter().any(|browser| name == *browser)
}

fn commands(url: &Url) -> Vec<Command> {
    let browsers = std::env::var("BROWSER").unwrap_or_default();
    let browsers = browsers.split(SEPARATOR).filter_map(|browser| browser_command(browser, url.as_str()));
    browsers.chain(open::commands(url.as_str())).collect()
}

/// An entry of `$BROWSER`: a command with `%s` for the URL. Without `%s`, the URL is the last argument.
fn browser_command(browser: &str, url: &str) -> Option<Command> {
    let mut words = browser.split_ascii_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words.map(|word| word.replace("%s", url)));
    if !browser.contains("%s") {
        command.arg(url);
    }
    Some(command)
}
