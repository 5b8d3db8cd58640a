//! The list in `NO_PROXY`.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;
use url::Host;

/// Whether a list contains a server. Fails with the first invalid entry.
pub(super) fn is_listed(server: &Url, list: &str) -> Result<bool, String> {
    let mut is_listed = false;
    for text in list.split(|char: char| char == ',' || char.is_whitespace()).filter(|text| !text.is_empty()) {
        let Some(entry) = Entry::parse(text) else {
            return Err(format!("{text:?} is not a host, an address or a network"));
        };
        is_listed |= entry.matches(server);
    }
    Ok(is_listed)
}

struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

enum Hosts {
    /// A domain and its subdomains.
    Domain(String),
    /// A name or address with asterisks, each of which matches any text.
    Pattern(String),
    Network(IpNet),
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self { hosts: Hosts::Network(address.into()), port: None });
        }
        if let Some((address, length)) = text.split_once('/') {
            let network = format!("{}/{length}", without_brackets(address)).parse().ok()?;
            return Some(Self { hosts: Hosts::Network(network), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            // An address in brackets, without a port
            Some((_, end)) if end.ends_with(']') => (text, None),
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        Some(Self { hosts: Hosts::parse(host)?, port })
    }

    fn matches(&self, server: &Url) -> bool {
        self.port.is_none_or(|port| server.port_or_known_default() == Some(port)) && self.hosts.contain(server)
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if text.starts_with('[') {
            let address: IpAddr = without_brackets(text).parse().ok()?;
            return Some(Self::Network(address.into()));
        }
        let text = text.trim_start_matches('.').trim_end_matches('.');
        if text.contains('*') {
            return is_name(text).then(|| Self::Pattern(text.to_ascii_lowercase()));
        }
        match Host::parse(text).ok()? {
            Host::Domain(name) => is_name(&name).then_some(Self::Domain(name)),
            Host::Ipv4(address) => Some(Self::Network(IpAddr::V4(address).into())),
            Host::Ipv6(address) => Some(Self::Network(IpAddr::V6(address).into())),
        }
    }

    fn contain(&self, server: &Url) -> bool {
        let address = match server.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let name = server.host_str().unwrap_or_default().trim_end_matches('.');
        match self {
            Self::Network(network) => address.is_some_and(|address| network.contains(&address)),
            Self::Pattern(pattern) => matches_pattern(without_brackets(name), pattern),
            Self::Domain(domain) => {
                let subdomain = name.strip_suffix(domain.as_str());
                address.is_none() && subdomain.is_some_and(|subdomain| subdomain.is_empty() || subdomain.ends_with('.'))
            }
        }
    }
}

fn without_brackets(text: &str) -> &str {
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text)
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte))
}

/// Whether a text matches a pattern, in which an asterisk matches any text.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let (Some(first), Some(last)) = (parts.next(), parts.next_back()) else { return text == pattern };
    let Some(middle) = text.strip_prefix(first).and_then(|text| text.strip_suffix(last)) else { return false };
    parts.try_fold(middle, |rest, part| rest.split_once(part).map(|(_, rest)| rest)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(server: &str, list: &str) -> bool {
        is_listed(&server.parse().expect("a URL"), list).unwrap_or_else(|problem| panic!("{list}: {problem}"))
    }

    #[test]
    fn a_host_is_listed_by_name_address_network_port_or_asterisk() {
        for (server, list) in [
            ("https://api.example.com", "api.example.com"),
            ("https://api.example.com", "example.com"),
            ("https://api.example.com", ".example.com"),
            ("https://example.com", ".example.com"),
            ("https://api.example.com", "EXAMPLE.Com"),
            ("https://API.example.com.", "example.com."),
            ("https://api.example.com", "*"),
            ("https://api.example.com", "*.example.com"),
            ("https://api.example.com", "localhost *.example.com"),
            ("https://api.example.com", "api.*.com"),
            ("https://api.example.com", "a.example,api.example.com"),
            ("https://api.example.com", "a.example , api.example.com"),
            ("https://api.example.com", "a.example api.example.com"),
            ("https://api.example.com", "a.example\tapi.example.com\n"),
            ("https://api.example.com", ",,api.example.com,"),
            ("https://api.example.com", "api.example.com:443"),
            ("https://api.example.com:8443", "example.com:8443"),
            ("https://xn--bcher-kva.example", "b\u{fc}cher.example"),
            ("https://127.0.0.1", "*"),
            ("https://127.0.0.1", "127.0.0.1"),
            ("https://127.0.0.1:8443", "127.0.0.1:8443"),
            ("https://127.0.0.1", "127.0.0.0/8"),
            ("https://127.0.0.1", "127.1.2.3/8"),
            ("https://127.0.0.1", "0.0.0.0/0"),
            ("https://192.168.3.4", "192.168.*"),
            ("https://[::1]", "*"),
            ("https://[::1]", "::1"),
            ("https://[::1]", "[::1]"),
            ("https://[::1]", "0:0:0:0:0:0:0:1"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("https://[fe80::1]", "fe80::/10"),
            ("https://[fe80::1]", "[fe80::]/10"),
        ] {
            assert!(listed(server, list), "{server} {list:?}");
        }
    }

    #[test]
    fn other_hosts_are_not_listed() {
        for (server, list) in [
            ("https://api.example.com", " "),
            ("https://api.example.com", "other.example"),
            ("https://notexample.com", "example.com"),
            ("https://example.com", "api.example.com"),
            ("https://example.com", "*.example.com"),
            ("https://api.example.com.evil.example", "api.example.com"),
            ("https://api.example.com", "api.example.com:80"),
            ("https://api.example.com:8443", "api.example.com:443"),
            ("https://127.0.0.1", "localhost"),
            ("https://127.0.0.1", "0.0.1"),
            ("https://127.0.0.1", "128.0.0.0/8"),
            ("https://127.0.0.1", "::/0"),
            ("https://127.0.0.1", "127.0.0.1:8443"),
            ("https://10.1.2.3", "1.2.3.*"),
            ("https://[::1]", "::2"),
            ("https://[::1]:8443", "[::1]:443"),
        ] {
            assert!(!listed(server, list), "{server} {list:?}");
        }
    }

    #[test]
    fn an_invalid_entry_is_an_error() {
        for list in [
            "\"api.example.com\"",
            "'a.example,b.example'",
            "https://api.example.com",
            "api.example.com;b.example",
            "api.example.com|b.example",
            "api.example.com:port",
            "api.example.com:99999",
            "10.0.0.0/33",
            "10.0.0.0/x",
            "api.example.com/x",
            "[::1",
            "[::1]x",
            "<local>",
        ] {
            let server = "https://api.example.com".parse().expect("a URL");
            assert!(is_listed(&server, list).is_err(), "{list:?}");
        }
    }
}
