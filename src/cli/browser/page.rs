use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY};
use html_escape::encode_text;

use super::callback::{Callback, InvalidCallback};
use crate::cli::escape::escape;

type Page = ([(HeaderName, &'static str); 4], String);

/// It is to load nothing, to be shown in no other page, and to tell nobody the code in its address.
const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
];

pub(super) fn of_answer(answer: &Callback) -> Page {
    match answer {
        Callback::Code(_) => {
            page("Back to the terminal", "The answer has arrived, and dci goes on with it. You can close this page.")
        }
        Callback::Refused { error, description } => {
            let said = description.as_deref().unwrap_or("The authorization server gave no reason.");
            page("Nobody was signed in", &format!("{said} ({error})"))
        }
    }
}

pub(super) fn of_no_answer(problem: &InvalidCallback) -> Page {
    page("This page is not what dci waits for", &format!("It is left out, since {problem}. dci still waits."))
}

fn page(title: &str, text: &str) -> Page {
    // What reorders a text is shown too, or it could hide what it stands in.
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
    fn what_the_server_said_is_text() {
        let hostile = "<script>alert(1)</script>&lt;\"'\u{202e}";
        let answer = Callback::Refused { error: hostile.to_owned(), description: Some(hostile.to_owned()) };
        let (_, html) = of_answer(&answer);
        assert!(!html.contains("<script") && !html.contains('\u{202e}'), "{html}");
        assert_eq!(html.matches("&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;").count(), 2, "{html}");
    }
}
