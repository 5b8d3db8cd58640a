use reqwest::Url;
use url::Host;

/// A URL that no secret may be sent to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{url:?} {problem}")]
pub(super) struct InvalidEndpoint {
    /// What was given; an ellipsis when it may hold a secret.
    pub url: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Where secrets may be sent: `https`, or `http` to a loopback address.
pub(super) fn endpoint(url: &str) -> Result<Url, InvalidEndpoint> {
    // What may hold a secret is not repeated in the message.
    let shown = if url.contains(['@', '?', '#']) { "…" } else { url };
    let refuse = |problem: &str| InvalidEndpoint { url: shown.to_owned(), problem: problem.to_owned() };
    let parsed = Url::parse(url).map_err(|error| refuse(&format!("is not a URL: {error}")))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(refuse("has a user name or a password in it"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refuse("has a query or a fragment"));
    }
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if is_loopback(&parsed) => Ok(parsed),
        "http" => Err(refuse("is not encrypted: use https (http is for loopback addresses only)")),
        _ => Err(refuse("is neither https nor http")),
    }
}

/// `localhost` counts: resolvers keep it on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
