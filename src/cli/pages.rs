//! Lists that the API sends in pages. A command reads one page, and says so if there are more.

use std::borrow::Cow;

use serde::Deserialize;

use super::output::Output;

/// Tells the user if the list in a response is not complete. Otherwise a part would look like the whole.
pub(super) fn note_more_pages(body: &[u8], output: &Output) {
    if has_more(body) {
        output.say("A list is incomplete: the API has more pages, and dci reads only the first.");
    }
}

/// Whether the response has a token for the next page, as the API's paged lists have. On the last page it is empty or
/// missing.
fn has_more(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow, rename = "pageToken")]
        page_token: Option<Cow<'a, str>>,
    }
    // serde would accept an array as a struct.
    let page = Some(body).filter(|body| body.trim_ascii_start().starts_with(b"{"));
    let page: Option<Page<'_>> = page.and_then(|body| serde_json::from_slice(body).ok());
    page.and_then(|page| page.page_token).is_some_and(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_a_token_is_not_the_last() {
        for more in [r#"{"pageToken":"x"}"#, r#" {"users":[{"id":1}],"pageToken":"\u0061\"","rowCount":1}"#] {
            assert!(has_more(more.as_bytes()), "{more}");
        }
        for last in [
            "{}",
            r#"{"pageToken":""}"#,
            r#"{"pageToken":null}"#,
            r#"{"pageToken":7}"#,
            r#"{"users":[{"pageToken":"x"}]}"#,
            r#"["x"]"#,
            r#""pageToken""#,
            "",
        ] {
            assert!(!has_more(last.as_bytes()), "{last}");
        }
    }
}
