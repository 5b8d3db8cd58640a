//! A pseudo-terminal, at which a test types and reads.
#![cfg(unix)]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

pub struct Terminal {
    child: Child,
    /// The test types and reads here.
    line: File,
    written: Vec<u8>,
    columns: NonZeroU16,
}

/// How a program at a terminal ended.
pub struct Ended {
    pub code: i32,
    /// The output with escape sequences.
    pub written: String,
    /// The final contents of the screen.
    pub screen: String,
    /// Whether the terminal echoes lines and shows the cursor, as a shell expects.
    pub is_restored: bool,
}

const ROWS: NonZeroU16 = NonZeroU16::new(60).expect("60 is not 0");

impl Terminal {
    /// Runs the program at a terminal of this width.
    pub fn start(mut command: Command, columns: u16) -> Self {
        let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        // Otherwise the program would keep its own terminal open.
        fcntl_setfd(&line, FdFlags::CLOEXEC).expect("it is ours");
        grantpt(&line).and_then(|()| unlockpt(&line)).expect("it is ours");
        let size = Winsize { ws_row: ROWS.get(), ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&line, size).expect("it has a size");
        let name = ptsname(&line, Vec::new()).expect("it has a name");
        let terminal = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
        let handle = || terminal.try_clone().expect("another handle");
        let child = command.stdin(handle()).stdout(handle()).stderr(handle()).spawn().expect("the program starts");
        // The other end is closed here, so that reading ends with the program.
        Self { child, line: File::from(line), written: Vec::new(), columns: NonZeroU16::new(columns).expect("a width") }
    }

    /// Waits until the output, including its escape sequences, contains this text.
    pub fn wait_for(&mut self, text: &str) {
        while !self.written().contains(text) {
            assert!(self.read(), "{text:?} is expected before the end: {}", self.written());
        }
    }

    /// Types a text.
    pub fn type_text(&mut self, text: &str) {
        self.line.write_all(text.as_bytes()).expect("the terminal takes what is typed");
    }

    /// Does what Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// The contents of the screen.
    pub fn screen(&self) -> String {
        self.parsed().screen().contents()
    }

    /// Closes the window, without a signal, and returns the exit code.
    pub fn hang_up(mut self) -> i32 {
        drop(self.line);
        self.child.wait().expect("the program ends").code().expect("by itself")
    }

    /// Waits for the end of the program.
    pub fn end(mut self) -> Ended {
        while self.read() {}
        let code = self.child.wait().expect("the program ends").code().expect("by itself");
        let parser = self.parsed();
        let screen = parser.screen();
        let modes = tcgetattr(&self.line).expect("it has settings").local_modes;
        let is_restored = modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
            && !screen.hide_cursor()
            && !screen.bracketed_paste();
        Ended { code, written: self.written().replace('\r', ""), screen: screen.contents(), is_restored }
    }

    fn parsed(&self) -> vt100::Parser {
        let mut parser = vt100::Parser::new(ROWS, self.columns, 10_000);
        parser.process(&self.written);
        parser
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        // Linux reports the end of a terminal as an I/O error.
        let count = self.line.read(&mut buffer).unwrap_or(0);
        self.written.extend_from_slice(&buffer[..count]);
        count > 0
    }

    fn written(&self) -> String {
        String::from_utf8_lossy(&self.written).into_owned()
    }
}
