//! The beginning of a text of a server, so that every text in an error has a limit.

/// The text, cut to a number of characters.
pub(crate) fn excerpt(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
