use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use dci::operation::Operation;

use super::measure::Program;

/// A sandbox in its own process, stopped on drop. Its invites are `invite-1`, `invite-2` and so on.
pub struct Sandbox {
    process: Child,
    pub url: String,
    pub api_key: String,
}

impl Sandbox {
    pub fn start(invites: u32) -> anyhow::Result<Self> {
        Self::start_with(invites, &[])
    }

    /// Starts a sandbox that takes some time to resend an invite, as a distant service does.
    pub fn start_distant(invites: u32, latency: &str) -> anyhow::Result<Self> {
        let fault = format!("latency={latency},times={},operation={}", u32::MAX, Operation::RESEND_INVITE.id);
        Self::start_with(invites, &["--fault", &fault])
    }

    fn start_with(invites: u32, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(super::dci());
        command.args(["sandbox", "--quiet", "--invites", &invites.to_string()]).args(arguments).stdout(Stdio::piped());
        let mut process = command.spawn().context("cannot start the sandbox")?;
        let stdout = process.stdout.take().context("no stdout")?;
        let mut sandbox = Self { process, url: String::new(), api_key: String::new() };
        let mut lines = BufReader::new(stdout).lines();
        for (variable, value) in [("DCI_API_BASE_URL", &mut sandbox.url), ("DCI_API_KEY", &mut sandbox.api_key)] {
            let line = lines.next().context("the sandbox exited")??;
            let printed = line.strip_prefix("export ").and_then(|line| line.strip_prefix(variable)?.strip_prefix('='));
            printed.with_context(|| format!("expected {variable}, found {line:?}"))?.clone_into(value);
        }
        Ok(sandbox)
    }

    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.url.trim_start_matches("http://").parse()?)
    }

    /// `dci` with this sandbox's key and a URL that leads to it.
    pub fn dci(&self, url: &str, arguments: &[&str]) -> Program {
        let program = Program::new(super::dci(), arguments);
        program.with_variable("DCI_API_BASE_URL", url).with_variable("DCI_API_KEY", &self.api_key)
    }

    /// The headers of a request to resend an invite, as `dci` sends them.
    pub fn headers(&self, idempotency_key: &str) -> [(&'static str, String); 4] {
        [
            ("accept", "application/json".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", idempotency_key.to_owned()),
            ("authorization", format!("Bearer {}", self.api_key)),
        ]
    }
}

/// The path at which an invite is resent.
pub fn path(id: &str) -> String {
    Operation::RESEND_INVITE.path.replace("{id}", id)
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The process may have exited already.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}
