//! Runs the built program as a user's shell does, with an environment of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use dci::sandbox::Sandbox;

/// The API key of every run that is not on the sandbox; no output may hold it.
pub const API_KEY: &str = "s3cret-api-key";

/// `dci` with an empty environment.
pub fn dci(args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dci"));
    command.args(args).env_clear().env("TZ", "UTC").stdin(Stdio::null());
    Run { command, shown: format!("dci {}", args.join(" ")) }
}

/// `dci`, pointed at a server and with the API key.
pub fn dci_at(url: &str, args: &[&str]) -> Run {
    dci(args).env("DCI_API_BASE_URL", url).env("DCI_API_KEY", API_KEY)
}

/// `dci`, pointed at a sandbox as the two lines that `dci sandbox` prints do.
pub fn dci_on(sandbox: &Sandbox, args: &[&str]) -> Run {
    dci(args).env("DCI_API_BASE_URL", sandbox.url()).env("DCI_API_KEY", sandbox.api_key())
}

pub struct Run {
    command: Command,
    shown: String,
}

pub struct Running {
    child: Child,
    /// The rest of it, once a line was read.
    stdout: Option<BufReader<ChildStdout>>,
    shown: String,
}

pub struct Finished {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    shown: String,
}

impl Run {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn finish(self) -> Finished {
        self.start().finish()
    }

    /// Runs it in a pseudo-terminal: the exit code, and what is on the screen in the end.
    #[cfg(unix)]
    pub fn finish_at_terminal(mut self) -> (i32, String) {
        use rustix::fs::{Mode, OFlags, open};
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&screen).and_then(|()| unlockpt(&screen)).expect("it is ours");
        let name = ptsname(&screen, Vec::new()).expect("it has a name");
        let terminal = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
        let stdout = terminal.try_clone().expect("a second handle");
        let mut child = self.command.stdout(stdout).stderr(terminal).spawn().expect("the program starts");
        // The command holds handles of the terminal: while it does, the screen does not end.
        drop(self.command);
        let mut shown = Vec::new();
        // At the end of a terminal Linux reports an I/O error.
        let _ = std::fs::File::from(screen).read_to_end(&mut shown);
        let code = child.wait().expect("the program ends").code().expect("by itself");
        (code, String::from_utf8(shown).expect("the program prints UTF-8").replace('\r', ""))
    }

    pub fn start(mut self) -> Running {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { child: self.command.spawn().expect("the program starts"), stdout: None, shown: self.shown }
    }
}

impl Running {
    /// The next line of stdout, without its end.
    pub fn line(&mut self) -> String {
        let stdout = self.stdout.get_or_insert_with(|| BufReader::new(self.child.stdout.take().expect("it is piped")));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the program prints UTF-8");
        line.trim_end().to_owned()
    }

    /// What Ctrl-C does.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("it runs");
    }

    pub fn finish(self) -> Finished {
        let output = self.child.wait_with_output().expect("the program ends");
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        let finished = Finished {
            code: output.status.code().expect("the program ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            shown: self.shown,
        };
        for shown in [&finished.stdout, &finished.stderr] {
            assert!(!shown.contains(API_KEY), "the API key is shown:\n{shown}");
            assert!(!shown.contains("panicked"), "the program panicked:\n{shown}");
        }
        finished
    }
}

impl Finished {
    /// The whole run as text, with what differs from run to run masked.
    pub fn transcript(&self) -> String {
        let Self { code, stdout, stderr, shown } = self;
        format!("$ {shown}\nexit code: {code}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }

    pub fn error(&self) -> serde_json::Value {
        let object: serde_json::Value = serde_json::from_str(&self.stderr)
            .unwrap_or_else(|error| panic!("stderr has no error object ({error}): {}", self.stderr));
        object["error"].clone()
    }
}

/// Compares with a snapshot after masking ports, random keys and moments.
macro_rules! assert_masked_snapshot {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ filters => vec![
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "[random UUID]"),
            (r"until \w{3} \d+ \w{3} \d{4}, \d\d:\d\d UTC", "until [in 48 hours]"),
            (r"\b\d+(\.\d)? m?s\b", "[time]"),
            (r"\S+/debug/dci ", "dci "),
            (r"dci/\d+\.\d+\.\d+", "dci/[version]"),
        ], omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}
pub(crate) use assert_masked_snapshot;
