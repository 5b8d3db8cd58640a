//! Why a proxy made no connection.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::StatusCode;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::Proxy;
use crate::client::causes::{causes, certificate_error};
use crate::client::error_body::status_text;
use crate::client::tls::in_words;

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// The time for each step of the second CONNECT.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A proxy made no connection to the server; nothing was sent to the server.
#[derive(Debug)]
pub(in crate::client) struct ProxyError {
    variable: &'static str,
    server: String,
    /// The status of the response to CONNECT; `None` if it is unknown.
    status: Option<StatusCode>,
    cause: BoxError,
}

impl ProxyError {
    /// Whether the proxy may make the connection later.
    pub fn is_transient(&self) -> bool {
        self.status.is_none_or(|status| status.is_server_error() || matches!(status.as_u16(), 408 | 429))
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, server, status, cause } = self;
        match status {
            Some(status) if status.as_u16() == 407 => {
                write!(f, "the proxy in {variable} requires a valid user name and password ({})", status_text(*status))
            }
            Some(status) => write!(f, "the proxy in {variable} did not connect to {server}: {}", status_text(*status)),
            None => {
                let why = match certificate_error(&**cause) {
                    Some(reason) => format!("the certificate of the proxy is rejected: {}", in_words(reason)),
                    None => causes(&**cause).last().map(ToString::to_string).unwrap_or_default(),
                };
                write!(f, "cannot connect to {server} through the proxy in {variable}: {why}")
            }
        }
    }
}

impl StdError for ProxyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

/// Finds out why a proxy made no connection.
pub(super) struct Explainer {
    pub proxy: Proxy,
    pub tls: Arc<rustls::ClientConfig>,
}

impl Explainer {
    /// Replaces the error of a connection that the proxy did not make with a [`ProxyError`].
    pub async fn explain(self: Arc<Self>, error: BoxError) -> BoxError {
        // The types of these errors are not public.
        let is_proxy_error =
            |text: &String| ["tunnel error", "SOCKS error"].iter().any(|start| text.starts_with(start));
        let problem = causes(&*error).map(ToString::to_string).find(is_proxy_error);
        let status = match problem.as_deref() {
            Some("tunnel error: proxy authorization required") => Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED),
            Some("tunnel error: unsuccessful") => self.status().await,
            Some(_) => None,
            None => return error,
        };
        let Proxy { variable, server, .. } = &self.proxy;
        Box::new(ProxyError { variable, server: server.clone(), status, cause: error })
    }

    /// The status of the response to CONNECT. Sends CONNECT again, since the HTTP client reports only 407.
    async fn status(self: &Arc<Self>) -> Option<StatusCode> {
        let explainer = Arc::clone(self);
        let status = tokio::task::spawn_blocking(move || explainer.connect()).await;
        // A success does not explain the earlier failure.
        status.ok()?.ok().filter(|status| *status != StatusCode::OK)
    }

    fn connect(&self) -> io::Result<StatusCode> {
        let url = &self.proxy.url;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(80);
        let address = (host, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        if url.scheme() != "https" {
            return self.proxy.connect_status(stream);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::clone(&self.tls), name).map_err(io::Error::other)?;
        self.proxy.connect_status(StreamOwned::new(tls, stream))
    }
}

impl Proxy {
    /// Sends CONNECT and reads the status of the response.
    fn connect_status(&self, mut stream: impl Read + Write) -> io::Result<StatusCode> {
        let (server, authorization) = (&self.server, self.authorization());
        write!(stream, "CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n{authorization}\r\n")?;
        stream.flush()?;
        let mut line = Vec::new();
        BufReader::new(stream.take(8192)).read_until(b'\n', &mut line)?;
        let status = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let status = status.get(..3).unwrap_or_default();
        StatusCode::from_bytes(status).map_err(io::Error::other)
    }

    /// The header with the user name and password of the URL; empty if it has none.
    fn authorization(&self) -> String {
        let user = self.url.username();
        if user.is_empty() && self.url.password().is_none() {
            return String::new();
        }
        let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let credentials = [decoded(user), decoded(self.url.password().unwrap_or_default())].join(&b':');
        format!("Proxy-Authorization: Basic {}\r\n", BASE64_STANDARD.encode(credentials))
    }
}
