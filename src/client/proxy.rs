//! The proxy of the environment. An invalid one is an error: it is never ignored.

mod error;
mod no_proxy;

use std::sync::Arc;

use reqwest::Url;
use tower::util::ThenLayer;

use super::ConfigError;
use super::env::variable;
use error::{BoxError, Explainer};
use no_proxy::is_listed;

pub(super) use error::ProxyError;

/// In curl's order. The first that is not empty is used. On Windows, the case of a name does not matter.
const PROXY: &[&str] = if cfg!(windows) {
    &["HTTPS_PROXY", "ALL_PROXY"]
} else {
    &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
};
const NO_PROXY: &[&str] = if cfg!(windows) { &["NO_PROXY"] } else { &["no_proxy", "NO_PROXY"] };

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy, and the variable that it comes from.
#[derive(Clone)]
pub(super) struct Proxy {
    variable: &'static str,
    /// It may contain a password.
    url: Url,
    /// Host and port of the server behind it.
    server: String,
}

impl Proxy {
    /// The proxy for an `https` server; `None` if there is none.
    pub fn from_env(server: &Url) -> Result<Option<Self>, ConfigError> {
        let Some((name, text)) = first_set(PROXY)? else { return Ok(None) };
        if let Some((name, list)) = first_set(NO_PROXY)?
            && is_listed(server, &list).map_err(|problem| ConfigError::Variable { variable: name, problem })?
        {
            return Ok(None);
        }
        let url = proxy_url(&text).map_err(|problem| ConfigError::Variable {
            variable: name,
            problem: format!("invalid proxy URL: {problem}"),
        })?;
        let host = server.host_str().unwrap_or_default();
        let server = format!("{host}:{}", server.port_or_known_default().unwrap_or(443));
        Ok(Some(Self { variable: name, url, server }))
    }

    /// Sends all requests through the proxy.
    pub fn apply(
        self,
        http: reqwest::ClientBuilder,
        tls: &rustls::ClientConfig,
    ) -> reqwest::Result<reqwest::ClientBuilder> {
        let proxy = reqwest::Proxy::all(self.url.clone())?;
        let explainer = Arc::new(Explainer { proxy: self, tls: Arc::new(tls.clone()) });
        let explain = move |connected: Result<_, BoxError>| {
            let explainer = Arc::clone(&explainer);
            async move {
                match connected {
                    Ok(connection) => Ok(connection),
                    Err(error) => Err(explainer.explain(error).await),
                }
            }
        };
        Ok(http.proxy(proxy).connector_layer(ThenLayer::new(explain)))
    }
}

fn first_set(names: &[&'static str]) -> Result<Option<(&'static str, String)>, ConfigError> {
    for &name in names {
        if let Some(value) = variable(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// Parses the URL of a proxy. The error does not contain the text.
fn proxy_url(text: &str) -> Result<Url, &'static str> {
    if text.contains(|char: char| char.is_whitespace() || char.is_control()) {
        return Err("it contains white space");
    }
    if text.contains(['"', '\'']) {
        return Err("it contains quotes");
    }
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let text = match &scheme {
        Some(scheme) if SCHEMES.contains(&scheme.as_str()) => text.to_owned(),
        Some(_) => return Err("its scheme is not one of http, https, socks4, socks4a, socks5 and socks5h"),
        None => format!("http://{text}"),
    };
    // `Url` would skip further slashes to find a host.
    let has_host = text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with(['/', '\\', ':', '?', '#']));
    let mut url = Url::parse(&text).map_err(|error| match error {
        url::ParseError::InvalidPort => "its port is not a number up to 65535",
        url::ParseError::EmptyHost => "it has no host",
        _ => "it cannot be parsed",
    })?;
    if !has_host || url.host_str().is_none_or(str::is_empty) {
        return Err("it has no host");
    }
    if url.port() == Some(0) {
        return Err("its port is 0");
    }
    // An unescaped slash in a password starts a path.
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("it has a path, a query or a fragment; escape / ? # in a password as %2F %3F %23");
    }
    if url.port().is_none() && url.scheme().starts_with("socks") {
        url.set_port(Some(1080)).map_err(|()| "it cannot be parsed")?;
    }
    // The HTTP client would ignore an invalid proxy.
    match url.as_str().parse::<http::Uri>() {
        Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        _ => Err("it cannot be parsed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_port_and_password_of_a_proxy_are_optional() {
        for (text, url) in [
            ("http://p.example:3128", "http://p.example:3128/"),
            ("http://p.example:3128/", "http://p.example:3128/"),
            ("p.example:3128", "http://p.example:3128/"),
            ("p.example", "http://p.example/"),
            ("localhost:3128", "http://localhost:3128/"),
            ("HTTP://p.example", "http://p.example/"),
            ("https://p.example:8443", "https://p.example:8443/"),
            ("[::1]:3128", "http://[::1]:3128/"),
            ("http://u:p%40ss%2F@p.example:1", "http://u:p%40ss%2F@p.example:1/"),
            ("socks5h://p.example", "socks5h://p.example:1080"),
            ("socks4://127.0.0.1:9", "socks4://127.0.0.1:9"),
        ] {
            assert_eq!(proxy_url(text).as_ref().map(Url::as_str), Ok(url), "{text}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_an_error() {
        for text in [
            " http://p.example:3128",
            "http://p.example:3128 ",
            "http://p.example:3128\n",
            "http://p .example:3128",
            "\u{a0}http://p.example:3128",
            "\"http://p.example:3128\"",
            "'http://p.example:3128'",
            " ",
            "http://",
            "http:///p.example:3128",
            "http://:3128",
            ":3128",
            "//p.example",
            "/p.example",
            "http:/p.example:3128",
            "http://u:p@",
            "http://u:p@:3128",
            "socks5://",
            "socks5://:1080",
            "socks5h://u:p@",
            "socks5://a%2fb",
            "http://p.example:99999",
            "http://p.example:-1",
            "http://p.example:port",
            "http://p.example:0",
            "http://u:p#w@p.example:3128",
            "http://u:12/w@p.example:3128",
            "http://u:12?w@p.example:3128",
            "http://p.example/proxy.pac",
            "ftp://p.example",
            "socks://p.example",
            "socks6://p.example",
            "file:///etc/passwd",
            "://p.example",
            "http://[::1",
            "http://p.example;http://q.example",
            "http=p.example:80;https=p.example:80",
            "DIRECT://",
            "::::x",
        ] {
            assert!(proxy_url(text).is_err(), "{text:?}: {:?}", proxy_url(text));
        }
    }
}
