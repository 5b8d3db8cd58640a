//! Plain load loops over connections that are kept: one by hyper, which makes the very same calls, and one by a tool for
//! it where one is installed.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::sandbox::{Sandbox, path};
use super::tools::installed;

pub const CONNECTIONS: u32 = 32;

/// Tools and their options, beside headers and URL. All of them resend one invite with one key, which is less work for
/// the sandbox than what they stand beside, and say `Requests/sec:` in the end.
const TOOLS: [(&str, &str); 3] = [
    ("oha", "--no-tui -n REQUESTS -c CONNECTIONS -m POST -d {}"),
    ("wrk", "-t 1 -c CONNECTIONS -d 2s -s SCRIPT"),
    ("hey", "-n REQUESTS -c CONNECTIONS -m POST -d {}"),
];

/// What wrk sends.
const SCRIPT: &str = "wrk.method = \"POST\"\nwrk.body = \"{}\"\n";

pub struct Load<'a> {
    sandbox: &'a Sandbox,
    requests: u32,
    tool: Option<(&'static str, Vec<String>, PathBuf)>,
}

impl<'a> Load<'a> {
    /// All that can be had here.
    pub fn all(sandbox: &'a Sandbox, requests: u32) -> anyhow::Result<Vec<Self>> {
        let script = super::folder().join("post.lua");
        std::fs::write(&script, SCRIPT).with_context(|| script.display().to_string())?;
        let word = |word| match word {
            "REQUESTS" => requests.to_string(),
            "CONNECTIONS" => CONNECTIONS.to_string(),
            "SCRIPT" => script.display().to_string(),
            word => word.to_owned(),
        };
        let tool = TOOLS.into_iter().find_map(|(name, options)| {
            let path = installed(name)?;
            Some((name, options.split(' ').map(word).collect(), path))
        });
        let by_tool = tool.map(|tool| Self { sandbox, requests, tool: Some(tool) });
        Ok([Self::by_hyper(sandbox, requests)].into_iter().chain(by_tool).collect())
    }

    pub fn by_hyper(sandbox: &'a Sandbox, requests: u32) -> Self {
        Self { sandbox, requests, tool: None }
    }

    pub fn name(&self) -> &'static str {
        self.tool.as_ref().map_or("hyper", |(name, ..)| name)
    }

    /// Requests per second.
    pub fn rate(&self) -> anyhow::Result<f64> {
        match &self.tool {
            Some((name, options, path)) => self.rate_of_tool(path, options).with_context(|| (*name).to_owned()),
            None => self.rate_of_hyper(),
        }
    }

    fn rate_of_tool(&self, tool: &PathBuf, options: &[String]) -> anyhow::Result<f64> {
        let headers = self.sandbox.headers(&Uuid::new_v4().to_string());
        let headers = headers.iter().flat_map(|(name, value)| ["-H".to_owned(), format!("{name}: {value}")]);
        let url = format!("{}{}", self.sandbox.url, path("invite-1"));
        let output = Command::new(tool).args(options).args(headers).arg(url).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        // Such as `[200] 10000 responses`, or wrk's `Non-2xx or 3xx responses: 10000`.
        let failed = said.lines().any(|line| line.contains("responses") && !line.trim_start().starts_with("[2"));
        ensure!(output.status.success() && !failed, "{said}{}", String::from_utf8_lossy(&output.stderr));
        let rate = said.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"));
        Ok(rate.context("no rate")?.trim().parse()?)
    }

    /// Each invite once, with a key of its own.
    fn rate_of_hyper(&self) -> anyhow::Result<f64> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let address = self.sandbox.address()?;
        let started = Instant::now();
        runtime.block_on(async {
            let mut connections = JoinSet::new();
            for first in 1..=CONNECTIONS {
                let numbers = (first..=self.requests).step_by(CONNECTIONS as usize);
                let requests: Vec<_> = numbers.map(|number| self.request(number)).collect::<Result<_, _>>()?;
                connections.spawn(async move {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                    tokio::spawn(connection);
                    for request in requests {
                        sender.ready().await?;
                        let answer = sender.send_request(request).await?;
                        ensure!(answer.status().is_success(), "{}", answer.status());
                        answer.into_body().collect().await?;
                    }
                    Ok(())
                });
            }
            connections.join_all().await.into_iter().collect::<anyhow::Result<()>>()
        })?;
        Ok(f64::from(self.requests) / started.elapsed().as_secs_f64())
    }

    fn request(&self, number: u32) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::post(path(&format!("invite-{number}"))).header("host", "127.0.0.1");
        for (name, value) in self.sandbox.headers(&Uuid::new_v4().to_string()) {
            request = request.header(name, value);
        }
        Ok(request.body(Full::from("{}"))?)
    }
}
