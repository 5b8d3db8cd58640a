//! The list in `NO_PROXY`.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;
use url::Host;

/// Whether a list contains a server. Fails with the first invalid entry.
pub(super) fn is_listed(server: &Url, list: &str) -> Result<bool, String> {
    let mut is_listed = false;
    for entry in list.split(|char: char| char == ',' || char.is_whitespace()).filter(|entry| !entry.is_empty()) {
        let problem = || format!("{entry:?} is not a host, an address or a network");
        is_listed |= contains(entry, server).ok_or_else(problem)?;
    }
    Ok(is_listed)
}

/// Whether an entry contains a server; `None` if the entry is invalid.
fn contains(entry: &str, server: &Url) -> Option<bool> {
    if let Ok(address) = entry.parse::<IpAddr>() {
        return Some(address_of(server) == Some(address));
    }
    if let Some((address, length)) = entry.split_once('/') {
        let network: IpNet = format!("{}/{length}", without_brackets(address)).parse().ok()?;
        return Some(address_of(server).is_some_and(|address| network.contains(&address)));
    }
    let (host, port) = match entry.rsplit_once(':') {
        // An address in brackets, without a port
        Some((_, end)) if end.ends_with(']') => (entry, None),
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (entry, None),
    };
    let has_port = port.is_none_or(|port: u16| server.port_or_known_default() == Some(port));
    Some(host_contains(host, server)? && has_port)
}

/// Whether a host without a port contains a server: an address, a domain with its subdomains, or a name or address with
/// asterisks, each of which matches any text. `None` if the host is invalid.
fn host_contains(host: &str, server: &Url) -> Option<bool> {
    if host.starts_with('[') {
        let address: IpAddr = without_brackets(host).parse().ok()?;
        return Some(address_of(server) == Some(address));
    }
    let name = server.host_str().unwrap_or_default().trim_end_matches('.');
    let host = host.trim_start_matches('.').trim_end_matches('.');
    if host.contains('*') {
        return is_name(host).then(|| matches_pattern(without_brackets(name), &host.to_ascii_lowercase()));
    }
    match Host::parse(host).ok()? {
        Host::Domain(domain) => is_name(&domain).then(|| {
            let subdomain = name.strip_suffix(&domain).filter(|_| address_of(server).is_none());
            subdomain.is_some_and(|subdomain| subdomain.is_empty() || subdomain.ends_with('.'))
        }),
        Host::Ipv4(address) => Some(address_of(server) == Some(address.into())),
        Host::Ipv6(address) => Some(address_of(server) == Some(address.into())),
    }
}

fn address_of(server: &Url) -> Option<IpAddr> {
    match server.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
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
