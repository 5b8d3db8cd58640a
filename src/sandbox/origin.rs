//! Rejects requests that a web page of another origin makes a browser send.

use std::net::IpAddr;

use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{Request, StatusCode};

use super::authorization::AUTHORIZE;
use super::error_response::ErrorResponse;

/// Whether the page that sent a request has the same origin; only browsers send it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Rejects a request whose `Host` is not loopback, as with DNS rebinding, or that a page of another origin sent.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), ErrorResponse> {
    let headers = request.headers();
    let host = match request.uri().authority() {
        Some(host) => Some(host.clone()),
        None => single_value(headers, &HOST).and_then(|host| host.parse().ok()),
    };
    let Some(host) = host.filter(is_loopback) else {
        return Err(ErrorResponse::new(
            StatusCode::MISDIRECTED_REQUEST,
            "the Host header must be localhost or a loopback address",
        ));
    };
    // Other pages link to the authorization page only.
    if has_other_origin(headers, &host) && request.uri().path() != AUTHORIZE {
        return Err(ErrorResponse::new(
            StatusCode::FORBIDDEN,
            "the sandbox rejects requests from pages of other origins",
        ));
    }
    Ok(())
}

fn is_loopback(host: &Authority) -> bool {
    if host.as_str().contains('@') {
        return false;
    }
    let name = host.host();
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether a page of another origin sent the request.
fn has_other_origin(headers: &HeaderMap, host: &Authority) -> bool {
    let is_same_origin =
        |origin: &str| origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host.as_str()));
    // An unreadable value counts as another origin.
    let is_other_origin = headers.get_all(ORIGIN).iter().any(|origin| !origin.to_str().is_ok_and(is_same_origin));
    let is_same_site = |site: &str| ["same-origin", "none"].contains(&site);
    let is_other_site = headers.get_all(SEC_FETCH_SITE).iter().any(|site| !site.to_str().is_ok_and(is_same_site));
    is_other_origin || is_other_site
}

/// The value of a header; `None` if it is repeated.
fn single_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn status(path: &str, headers: &[(&str, &str)]) -> u16 {
        let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        let error = check(&request.body(()).expect("a request")).err();
        error.map_or(200, |error| error.into_response().status().as_u16())
    }

    #[test]
    fn only_loopback_hosts_are_accepted() {
        for good in ["localhost", "LOCALHOST:80", "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:8080"] {
            assert_eq!(status("/iam/v1/users", &[("host", good)]), 200, "{good}");
        }
        for bad in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:1", "192.168.0.1", "0.0.0.0", "[::]"]
        {
            assert_eq!(status("/iam/v1/users", &[("host", bad)]), 421, "{bad}");
        }
        for bad in ["", "evil.example@127.0.0.1", "a b", "localhost/x"] {
            assert_eq!(status("/_sandbox/outbox", &[("host", bad)]), 421, "{bad:?}");
        }
        assert_eq!(status("/iam/v1/users", &[]), 421, "without a host");
        assert_eq!(status("/iam/v1/users", &[("host", "localhost"), ("host", "evil.example")]), 421);
        assert_eq!(status("http://evil.example/iam/v1/users", &[("host", "localhost")]), 421);
        assert_eq!(status("http://localhost/iam/v1/users", &[("host", "localhost")]), 200);
    }

    #[test]
    fn pages_of_other_origins_are_rejected() {
        let host = ("host", "127.0.0.1:49152");
        for path in ["/_sandbox/faults", "/_sandbox/outbox", "/iam/v1/users", "/oauth/token"] {
            for origin in ["https://evil.example", "null", "", "http://localhost:3000", "https://127.0.0.1:49152"] {
                assert_eq!(status(path, &[host, ("origin", origin)]), 403, "{path} {origin}");
            }
            for site in ["cross-site", "same-site", "new-word"] {
                assert_eq!(status(path, &[host, ("sec-fetch-site", site)]), 403, "{path} {site}");
            }
            assert_eq!(status(path, &[host, ("origin", "http://127.0.0.1:49152")]), 200, "{path}");
            assert_eq!(status(path, &[host, ("sec-fetch-site", "none")]), 200, "{path}");
            assert_eq!(status(path, &[host, ("sec-fetch-site", "same-origin")]), 200, "{path}");
        }
        assert_eq!(status("/oauth/authorize?a=b", &[host, ("sec-fetch-site", "cross-site")]), 200);
    }
}
