//! Prints the rows of a run on a thread of its own, so that a slow reader of stdout does not slow down the calls.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::{CliError, progress};
use crate::cli::escape;

pub(super) struct Writer {
    texts: mpsc::Sender<Vec<u8>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Writer {
    pub fn start() -> Self {
        let (texts, received) = mpsc::channel();
        let is_terminal = io::stdout().is_terminal();
        let write_all = move || {
            if is_terminal { write_lines(&received) } else { received.iter().try_for_each(|text| write(&text)) }
        };
        Self { texts, thread: thread::spawn(write_all) }
    }

    /// Sends text to the thread. `end` returns its errors.
    pub fn write(&self, text: Vec<u8>) {
        let _ = self.texts.send(text);
    }

    pub fn end(self) -> Result<(), CliError> {
        drop(self.texts);
        // The panic hook has shown a panic already.
        super::written(self.thread.join().expect("a panic ends the program"))
    }
}

/// Writes whole lines only: the progress is on the line below.
fn write_lines(texts: &mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    let mut unfinished = Vec::new();
    for text in texts {
        unfinished.extend(text);
        let end = unfinished.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let rest = unfinished.split_off(end);
        let lines = std::mem::replace(&mut unfinished, rest);
        progress::above(|| write(escape::data_at_terminal(&String::from_utf8_lossy(&lines)).as_bytes()))?;
    }
    write(&unfinished)
}

fn write(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text).and_then(|()| stdout.flush())
}
