//! The page that the browser shows after the redirect.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY};
use html_escape::encode_text;

use super::callback::{Callback, InvalidCallback};
use crate::cli::escape::escape;

type Page = ([(HeaderName, &'static str); 4], String);

/// The page loads nothing, cannot be framed, and does not leak the code in its address.
const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
];

pub(super) fn of_callback(callback: &Callback) -> Page {
    match callback {
        Callback::Code(_) => page("Return to the terminal", "dci has received the response. You can close this page."),
        Callback::Error { error, description } => {
            let reason = description.as_deref().unwrap_or("The authorization server gave no reason.");
            page("Sign-in failed", &format!("{reason} ({error})"))
        }
    }
}

pub(super) fn of_invalid_callback(problem: &InvalidCallback) -> Page {
    page("Unexpected redirect", &format!("dci ignored this redirect: {problem}. It is still waiting."))
}

fn page(title: &str, text: &str) -> Page {
    // Characters that reorder text could hide what surrounds them.
    let text = escape(text);
    let (title, text) = (encode_text(title), encode_text(&text));
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title} – dci</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\n\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1.5rem;\
         color:#222;background:#fff;overflow-wrap:anywhere}}@media(prefers-color-scheme:dark){{body{{color:#ddd;\
         background:#222}}}}</style>\n<h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
    );
    (HEADERS, html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_server_is_escaped() {
        let hostile = "<script>alert(1)</script>&lt;\"'\u{202e}";
        let callback = Callback::Error { error: hostile.to_owned(), description: Some(hostile.to_owned()) };
        let (_, html) = of_callback(&callback);
        assert!(!html.contains("<script") && !html.contains('\u{202e}'), "{html}");
        assert_eq!(html.matches("&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;").count(), 2, "{html}");
    }
}
