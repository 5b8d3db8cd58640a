//! The pages that a person sees when a client asks for access.

use std::fmt::Write;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};

/// Why nobody is sent back to the client: above all, that it is not known to be one.
#[derive(Debug)]
pub(super) struct NotRedirected(pub String);

impl IntoResponse for NotRedirected {
    fn into_response(self) -> Response {
        let text = format!("<p>Nobody is signed in: {}.</p>\n", escaped(&self.0));
        (StatusCode::BAD_REQUEST, page(&text)).into_response()
    }
}

/// Lets a person choose among links, each with its text, for the client at this address.
pub(super) fn choices(redirect_uri: &str, scope: Option<&str>, links: &[(String, String)]) -> Response {
    let mut text = format!("<p>A program at {} asks to act for you", escaped(redirect_uri));
    if let Some(scope) = scope {
        let _ = write!(text, ", within {}", escaped(scope));
    }
    text.push_str(".</p>\n<ul>\n");
    for (link, label) in links {
        let _ = writeln!(text, "<li><a href=\"{}\">{}</a></li>", escaped(link), escaped(label));
    }
    text.push_str("</ul>\n");
    page(&text)
}

fn page(text: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>DoiT, the sandbox</title>\n\
         <h1>DoiT, the sandbox</h1>\n{text}</html>\n"
    );
    // No script, should there be one after all, and no frame of another page around the links.
    let policy = "default-src 'none'; frame-ancestors 'none'";
    ([(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

/// As text, or as the value of an attribute in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
