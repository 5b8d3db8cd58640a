//! Runs the built program as a shell does, with its own environment.

use std::fmt::{self, Display};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use dci::sandbox::Sandbox;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

#[cfg(unix)]
use crate::support::terminal::Terminal;

/// All output formats.
pub const FORMATS: [&str; 5] = ["table", "json", "yaml", "csv", "toon"];

/// The API key of every run outside the sandbox. `Running::finish` checks that no output contains it.
pub const API_KEY: &str = "s3cret-api-key";

/// What separates the entries of `PATH`, and of variables like it.
pub const PATH_SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// The signals that end a program: Ctrl-C, `kill` or `timeout`, and a closed terminal.
#[cfg(unix)]
pub const END_SIGNALS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

/// Not a folder, so that nothing is recorded there.
const NOT_A_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// A data folder without sign-ins.
const NO_SIGN_INS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/no-sign-ins");

/// Runs `dci` with an empty environment and without a sign-in.
pub fn dci(args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dci"));
    command.args(args).env_clear().env("TZ", "UTC").stdin(Stdio::null());
    // Sockets on Windows need it.
    command.envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder)));
    Run { command, stdin: Vec::new(), command_line: format!("dci {}", args.join(" ")) }
        .home(NO_SIGN_INS)
        .env("XDG_STATE_HOME", NOT_A_FOLDER)
        .env("XDG_CACHE_HOME", NOT_A_FOLDER)
        .env("LOCALAPPDATA", NOT_A_FOLDER)
}

/// Runs `dci` with a server and the API key.
pub fn dci_at(url: &str, args: &[&str]) -> Run {
    dci(args).env("DCI_API_BASE_URL", url).env("DCI_API_KEY", API_KEY)
}

/// Runs `dci` with the two variables that `dci sandbox` prints.
pub fn dci_on(sandbox: &Sandbox, args: &[&str]) -> Run {
    dci(args).env("DCI_API_BASE_URL", sandbox.url()).env("DCI_API_KEY", sandbox.api_key())
}

/// The user with this address, as `list-users` shows it; null if there is none.
pub fn user(sandbox: &Sandbox, email: &str) -> serde_json::Value {
    dci_on(sandbox, &["list-users", "--email", email]).finish().json()["users"][0].clone()
}

/// Runs a printed command line in a shell, which must succeed.
#[cfg(unix)]
pub fn run_in_shell(command: &str, sandbox: &Sandbox) {
    let output = Command::new("sh")
        .args(["-c", command])
        .env("DCI_API_BASE_URL", sandbox.url())
        .env("DCI_API_KEY", sandbox.api_key())
        .env("XDG_STATE_HOME", NOT_A_FOLDER)
        .env("XDG_CACHE_HOME", NOT_A_FOLDER)
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

pub struct Run {
    command: Command,
    stdin: Vec<u8>,
    command_line: String,
}

pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Set once a line was read.
    stdout: Option<BufReader<ChildStdout>>,
    /// What was read so far.
    stderr: Vec<u8>,
    command_line: String,
}

pub struct Finished {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    command_line: String,
}

impl Run {
    /// Runs it under `nohup`.
    #[cfg(unix)]
    pub fn under_nohup(mut self) -> Self {
        let mut nohup = Command::new("nohup");
        nohup.arg(self.command.get_program()).args(self.command.get_args()).env_clear().stdin(Stdio::null());
        nohup.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = nohup;
        self
    }

    /// Sets the home folder, and the folder of user data where it is set on its own.
    pub fn home(mut self, folder: &str) -> Self {
        let names: &[&str] = if cfg!(windows) {
            &["USERPROFILE", "APPDATA", "LOCALAPPDATA"]
        } else {
            &["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
        };
        self.command.envs(names.iter().map(|name| (name, folder)));
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets a variable that need not be Unicode.
    #[cfg(unix)]
    pub fn env_of_bytes(mut self, name: &str, value: &[u8]) -> Self {
        use std::os::unix::ffi::OsStrExt;
        self.command.env(name, std::ffi::OsStr::from_bytes(value));
        self
    }

    /// Sets what stdin contains.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Waits until it ends. Its output must be UTF-8.
    pub fn finish(self) -> Finished {
        self.start().finish()
    }

    /// Waits until it ends. Its output may have other bytes, which are replaced.
    pub fn finish_lossy(self) -> Finished {
        self.start().finish_with(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Runs it at a terminal.
    #[cfg(unix)]
    pub fn at_terminal(self) -> Terminal {
        self.at_terminal_of(100)
    }

    /// Runs it at a terminal of this width.
    #[cfg(unix)]
    pub fn at_terminal_of(self, columns: u16) -> Terminal {
        Terminal::start(self.command, columns)
    }

    pub fn start(mut self) -> Running {
        let bytes = std::mem::take(&mut self.stdin);
        let mut running = self.start_with_stdin_open();
        let mut stdin = running.stdin.take().expect("it is open");
        // A thread, because the program may write before it reads, and need not read everything.
        std::thread::spawn(move || stdin.write_all(&bytes));
        running
    }

    /// Starts it with a stdin to type into.
    pub fn start_with_stdin_open(mut self) -> Running {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        Running { child, stdin, stdout: None, stderr: Vec::new(), command_line: self.command_line }
    }
}

impl Running {
    /// Reads the next line of stdout.
    pub fn line(&mut self) -> String {
        let stdout = self.stdout.get_or_insert_with(|| BufReader::new(self.child.stdout.take().expect("it is piped")));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the program prints UTF-8");
        line.trim_end().to_owned()
    }

    /// Waits for a text on stderr.
    pub fn wait_for(&mut self, text: &str) {
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        // Byte by byte, so that the rest stays unread.
        let mut byte = [0];
        loop {
            std::io::Read::read_exact(stderr, &mut byte).expect("the text comes before the end");
            self.stderr.push(byte[0]);
            if String::from_utf8_lossy(&self.stderr).ends_with(text) {
                break;
            }
        }
    }

    /// Waits for a line of stderr.
    pub fn line_of_stderr(&mut self, is_wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let begun = self.stderr.len();
            self.wait_for("\n");
            let line = String::from_utf8_lossy(&self.stderr[begun..]).trim_end().to_owned();
            if is_wanted(&line) {
                return line;
            }
        }
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().expect("it is open"), "{line}").expect("the program reads");
    }

    /// Writes these bytes to stdin again and again, `times` times or until the program stops reading. Returns how often.
    pub fn feed(&mut self, bytes: &[u8], times: usize) -> usize {
        let stdin = self.stdin.as_mut().expect("it is open");
        (0..times).take_while(|_| stdin.write_all(bytes).is_ok()).count()
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is ours");
    }

    /// Does what Ctrl-C does.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    #[cfg(unix)]
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_some()
    }

    /// Interrupts it until it ends.
    #[cfg(unix)]
    pub fn interrupt_until_it_ends(&mut self) {
        while !self.has_ended() {
            self.interrupt();
            std::thread::yield_now();
        }
    }

    /// Waits until it ends. Its output must be UTF-8.
    pub fn finish(self) -> Finished {
        self.finish_with(|bytes| String::from_utf8(bytes).expect("the program prints UTF-8"))
    }

    fn finish_with(self, text: impl Fn(Vec<u8>) -> String) -> Finished {
        let output = self.child.wait_with_output().expect("the program ends");
        let finished = Finished {
            code: output.status.code().expect("the program ends by itself"),
            stdout: text(output.stdout),
            stderr: text([self.stderr, output.stderr].concat()),
            command_line: self.command_line,
        };
        for output in [&finished.stdout, &finished.stderr] {
            assert!(!output.contains(API_KEY), "the output contains the API key:\n{output}");
            assert!(!output.contains("internal error in dci: "), "the program panicked:\n{output}");
        }
        finished
    }
}

impl Finished {
    /// Fails if a secret was printed.
    pub fn assert_without(&self, secret: &str) {
        assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "{secret}: {self}");
    }

    /// The error object: the last line of stderr.
    pub fn error(&self) -> serde_json::Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        let last: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        assert!(last["error"].is_object(), "stderr has no error object: {}", self.stderr);
        last["error"].clone()
    }

    /// Parses stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

/// The command line, the exit code and all output.
impl Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr, command_line } = self;
        write!(f, "$ {command_line}\nexit code: {code}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }
}

/// Compares with a snapshot in which ports, random keys and times are masked.
macro_rules! assert_masked_snapshot {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ filters => vec![
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "[random UUID]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "[run]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "[derived key]"),
            (r"invite-[0-9a-f]{32}", "invite-[random]"),
            (r"sandbox-\d+", "sandbox-[request]"),
            (r"until \w{3} \d+ \w{3} \d{4}, \d\d:\d\d UTC", "until [in 48 hours]"),
            (r"\b\d+(\.\d)? m?s\b", "[time]"),
            (r"\S+[/\\]debug[/\\]dci(\.exe)? ", "dci "),
            (r"dci/\d+\.\d+\.\d+", "dci/[version]"),
        ], omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}
pub(crate) use assert_masked_snapshot;
