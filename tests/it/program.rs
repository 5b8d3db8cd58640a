//! Runs the built program as a user's shell does, with an environment of its own.

use std::process::{Command, Stdio};

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

    pub fn finish(mut self) -> Finished {
        let output = self.command.output().expect("the program starts");
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
            (r"dci/\d+\.\d+\.\d+", "dci/[version]"),
        ], omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}
pub(crate) use assert_masked_snapshot;
