//! Checks that a secret may be sent to a URL.

use reqwest::Url;
use url::Host;

/// Parses a URL that secrets may be sent to: `https`, or `http` for a loopback address. An error names the URL, except
/// if it may contain a secret.
pub(super) fn endpoint(url: &str) -> Result<Url, String> {
    let printable = if url.contains(['@', '?', '#']) { "…" } else { url };
    let invalid = |problem: &str| format!("{printable:?} {problem}");
    let parsed = Url::parse(url).map_err(|error| invalid(&format!("is not a URL: {error}")))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(invalid("has a user name or a password in it"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(invalid("has a query or a fragment"));
    }
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if is_loopback(&parsed) => Ok(parsed),
        "http" => Err(invalid("is not encrypted: use https (http is for loopback addresses only)")),
        _ => Err(invalid("is neither https nor http")),
    }
}

/// Whether the host is this machine. `localhost` always is (RFC 6761).
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
