use std::io::{self, IsTerminal, Write};
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::{CliError, progress};
use crate::cli::escape;

/// Writes to stdout in a thread of its own: calls go on while whoever reads it takes their time.
pub(super) struct Writer {
    texts: mpsc::Sender<String>,
    thread: JoinHandle<io::Result<()>>,
}

impl Writer {
    pub fn start() -> Self {
        let (texts, received) = mpsc::channel();
        let is_terminal = io::stdout().is_terminal();
        let write_all = move || if is_terminal { at_terminal(&received) } else { received.iter().try_for_each(write) };
        Self { texts, thread: thread::spawn(write_all) }
    }

    /// What cannot be written is told in the end.
    pub fn write(&self, text: String) {
        let _ = self.texts.send(text);
    }

    pub fn end(self) -> Result<(), CliError> {
        drop(self.texts);
        // A panic there was shown when it happened.
        super::written(self.thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

/// Only whole lines, since the progress is shown in the line after them.
fn at_terminal(texts: &mpsc::Receiver<String>) -> io::Result<()> {
    let mut begun = String::new();
    for text in texts {
        begun.push_str(&text);
        let rest = begun.split_off(begun.rfind('\n').map_or(0, |end| end + 1));
        let lines = std::mem::replace(&mut begun, rest);
        progress::above(|| write(escape::data_at_terminal(&lines)))?;
    }
    write(begun)
}

fn write(text: impl AsRef<str>) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_ref().as_bytes()).and_then(|()| stdout.flush())
}
