//! Setting up the HTTP client.

use reqwest::Url;

use super::proxy::Proxy;
use super::{ConfigError, RetryPolicy, tls};

/// The most headers of a response. hyper allocates space for all of them with each response: 50 ns for 2,000, 20 µs for
/// 4,000. hyper limits their size to 400 kB; curl to 300 KB.
const MAX_HEADERS: usize = 2000;

/// The HTTP client for a server. Root certificates are read only for `https`.
#[cfg(feature = "sign-in")]
pub(super) fn http_client(server: &Url, policy: &RetryPolicy) -> Result<reqwest::Client, ConfigError> {
    http_clients(server, policy)?(IdleConnections::Kept)
}

/// What an HTTP client does with idle connections.
#[derive(Clone, Copy, Debug)]
pub(super) enum IdleConnections {
    Kept,
    Closed,
}

/// A constructor of HTTP clients for a server, which share the root certificates and the proxy.
pub(super) fn http_clients(
    server: &Url,
    policy: &RetryPolicy,
) -> Result<impl Fn(IdleConnections) -> Result<reqwest::Client, ConfigError> + Send + use<>, ConfigError> {
    let encrypted = server.scheme() == "https";
    // `http` is for loopback: a proxy would take the credential off this machine unencrypted.
    let proxy = if encrypted { Proxy::from_env(server)? } else { None };
    let tls = tls::client_config(encrypted)?;
    let connect_timeout = policy.connect_timeout;
    Ok(move |idle_connections| {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("dci/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // Only the exchange retries; 0 also saves a copy of each request.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .referer(false)
            .connect_timeout(connect_timeout)
            .http1_max_headers(MAX_HEADERS)
            // `Proxy::from_env` reads the environment.
            .no_proxy();
        if let Some(proxy) = proxy.clone() {
            http = proxy.apply(http, &tls).map_err(ConfigError::Http)?;
        }
        if matches!(idle_connections, IdleConnections::Closed) {
            http = http.pool_max_idle_per_host(0);
        }
        http.tls_backend_preconfigured(tls.clone()).build().map_err(ConfigError::Http)
    })
}
