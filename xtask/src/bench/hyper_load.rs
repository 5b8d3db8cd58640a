//! A plain load loop by hyper that makes the same calls as `dci`, over connections that are kept open.

use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::sandbox::{Sandbox, path};

pub const CONNECTIONS: u32 = 32;

/// Resends each of the first invites once, with its own key. Returns the requests per second.
pub fn rate(sandbox: &Sandbox, invites: u32) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let address = sandbox.address()?;
    let started = Instant::now();
    runtime.block_on(async {
        let mut connections = JoinSet::new();
        for first in 1..=CONNECTIONS {
            let numbers = (first..=invites).step_by(CONNECTIONS as usize);
            let requests: Vec<_> = numbers.map(|number| request(sandbox, number)).collect::<Result<_, _>>()?;
            connections.spawn(async move {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                for request in requests {
                    sender.ready().await?;
                    let response = sender.send_request(request).await?;
                    ensure!(response.status().is_success(), "{}", response.status());
                    response.into_body().collect().await?;
                }
                Ok(())
            });
        }
        connections.join_all().await.into_iter().collect::<anyhow::Result<()>>()
    })?;
    Ok(f64::from(invites) / started.elapsed().as_secs_f64())
}

fn request(sandbox: &Sandbox, number: u32) -> anyhow::Result<Request<Full<Bytes>>> {
    let mut request = Request::post(path(&format!("invite-{number}"))).header("host", "127.0.0.1");
    for (name, value) in sandbox.headers(&Uuid::new_v4().to_string()) {
        request = request.header(name, value);
    }
    Ok(request.body(Full::from("{}"))?)
}
