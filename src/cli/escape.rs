//! Escapes terminal controls in text from a server or the command line.

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes control characters; line breaks and tabs become spaces.
pub(in crate::cli) fn escape(text: &str) -> Cow<'_, str> {
    escape_unless(text, |_| false)
}

/// Escapes control characters, except line breaks and tabs.
pub(in crate::cli) fn escape_lines(text: &str) -> Cow<'_, str> {
    escape_unless(text, |char| char == '\n' || char == '\t')
}

/// Escapes control characters, except line breaks, tabs and colours.
pub(in crate::cli) fn escape_styled(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut escaped = escape_lines(pieces.next().unwrap_or_default()).into_owned();
    for piece in pieces {
        let parameters = |text: &str| text.trim_start_matches(|char: char| char.is_ascii_digit() || char == ';').len();
        let rest = piece.strip_prefix('[').map(|sequence| &sequence[sequence.len() - parameters(sequence)..]);
        let style = match rest.filter(|rest| rest.starts_with('m')) {
            Some(rest) => &piece[..piece.len() - rest.len()],
            None => "",
        };
        escaped.push_str(if style.is_empty() { "\\u{1b}" } else { "\u{1b}" });
        escaped.push_str(style);
        escaped.push_str(&escape_lines(&piece[style.len()..]));
    }
    escaped
}

/// Escapes data for a terminal. Line ends of CSV become plain line breaks.
pub(in crate::cli) fn data_at_terminal(text: &str) -> String {
    escape_lines(&text.replace("\r\n", "\n")).into_owned()
}

/// Escapes bytes for a terminal, including those that are not UTF-8.
pub(in crate::cli) fn bytes_at_terminal(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        escaped.push_str(&data_at_terminal(chunk.valid()));
        escaped.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    escaped
}

/// Escapes control characters in JSON as `\u` sequences.
pub(in crate::cli) fn json_escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len() + 16);
    for char in json.chars() {
        // A line break is never inside a string.
        if is_terminal_control(char) && char != '\n' {
            // Writing to a string does not fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(char));
        } else {
            escaped.push(char);
        }
    }
    escaped
}

fn escape_unless(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_unsafe = |char: char| is_terminal_control(char) && !is_kept(char);
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            '\n' | '\t' if is_unsafe(char) => escaped.push(' '),
            _ if is_unsafe(char) => escaped.extend(char.escape_unicode()),
            _ => escaped.push(char),
        }
    }
    Cow::Owned(escaped)
}

/// Whether a terminal acts on the character instead of showing it: control characters, and marks that reorder the text
/// around them.
pub(in crate::cli) fn is_terminal_control(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(escape("\u{1b}[31mred\u{9b}0m"), "\\u{1b}[31mred\\u{9b}0m");
        assert_eq!(escape("a\nb\r\u{202e}c"), "a b\\u{d}\\u{202e}c");
        assert_eq!(escape_lines("a\nb\u{7}"), "a\nb\\u{7}");
        assert_eq!(
            escape_styled("\u{1b}[1;31mred\u{1b}[0m\u{1b}[2J\u{1b}\u{7}\n"),
            "\u{1b}[1;31mred\u{1b}[0m\\u{1b}[2J\\u{1b}\\u{7}\n"
        );
        assert!(matches!(escape("naïve 日本"), Cow::Borrowed("naïve 日本")));
    }
}
