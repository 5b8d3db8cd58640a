//! The HTML pages of the authorization server.

use std::fmt::Write;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};
use html_escape::encode_double_quoted_attribute as escape;

/// Why the browser is not redirected to the client.
#[derive(Debug)]
pub(super) struct NotRedirected(pub String);

impl IntoResponse for NotRedirected {
    fn into_response(self) -> Response {
        let text = format!("<p>Sign-in failed: {}.</p>\n", escape(&self.0));
        (StatusCode::BAD_REQUEST, page(&text)).into_response()
    }
}

/// A page with links and their labels, for the client at this address.
pub(super) fn choices(redirect_uri: &str, scope: Option<&str>, links: &[(String, String)]) -> Response {
    let mut text = format!("<p>A program at {} wants to act on your behalf", escape(redirect_uri));
    if let Some(scope) = scope {
        let _ = write!(text, ", with the scope {}", escape(scope));
    }
    text.push_str(".</p>\n<ul>\n");
    for (link, label) in links {
        let _ = writeln!(text, "<li><a href=\"{}\">{}</a></li>", escape(link), escape(label));
    }
    text.push_str("</ul>\n");
    page(&text)
}

fn page(text: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>DoiT sandbox</title>\n\
         <h1>DoiT sandbox</h1>\n{text}</html>\n"
    );
    // Blocks scripts, and frames in which another page could make the user click a link.
    let policy = "default-src 'none'; frame-ancestors 'none'";
    ([(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}
