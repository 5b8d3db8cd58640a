//! Reads text from stdin or a file line by line, within a limit.

use std::io::{self, BufRead, Read};

use super::error::CliError;

/// The keys that end input at a terminal.
pub(super) const END_KEYS: &str = if cfg!(windows) { "Ctrl-Z+Enter" } else { "Ctrl-D" };

/// Why a text cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    Io(io::Error),
    /// The number of the line, and what is wrong with it, such as `is not UTF-8`.
    Line(usize, String),
}

/// Passes each line to `each`, with its number and its line end. Fails at the first line that is not text, has more
/// than `longest` bytes, or that `each` refuses.
pub(super) fn read(
    mut input: impl BufRead,
    longest: usize,
    mut each: impl FnMut(usize, &str) -> Result<(), String>,
) -> Result<(), Unreadable> {
    let mut line = Vec::new();
    for number in 1_usize.. {
        line.clear();
        // Two bytes more than the longest line: its line end, or so that a longer line is noticed.
        let length = (&mut input).take(longest as u64 + 2).read_until(b'\n', &mut line).map_err(Unreadable::Io)?;
        if length == 0 {
            break;
        }
        let foreign = if number == 1 { foreign_form(&line) } else { None };
        let text = match foreign {
            Some(form) => Err(format!("shows that this is {form}, not text in UTF-8")),
            None => as_text(&line, longest),
        };
        text.and_then(|text| each(number, text)).map_err(|problem| Unreadable::Line(number, problem))?;
    }
    Ok(())
}

impl Unreadable {
    /// The error of the command. `form` says what the text must be.
    pub fn error(self, source: &str, form: &str) -> CliError {
        match self {
            Self::Io(error) => CliError::usage(format!("cannot read {source}: {error}")).hint("Nothing was sent."),
            Self::Line(number, problem) => CliError::usage(format!("line {number} of {source} {problem}"))
                .hint(format!("Nothing was sent. {form}")),
        }
    }
}

/// The form of a file that is not UTF-8, known from its first line.
fn foreign_form(line: &[u8]) -> Option<&'static str> {
    match line {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=255, ..] | [1..=255, 0, ..] => Some("UTF-16"),
        [b'P', b'K', 3, 4, ..] => Some("a ZIP file, as Excel workbooks are"),
        _ => None,
    }
}

fn as_text(line: &[u8], longest: usize) -> Result<&str, String> {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    if content.len() > longest {
        return Err(format!("is longer than {longest} bytes"));
    }
    if content.contains(&0) {
        return Err("contains a NUL character".to_owned());
    }
    str::from_utf8(line).map_err(|_| "is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &[u8]) -> String {
        let outcome = read(text, 8, |_, line| if line == "bad\n" { Err("is bad".to_owned()) } else { Ok(()) });
        outcome.map_or_else(|unreadable| unreadable.error("f", "").sentence(), |()| String::new())
    }

    #[test]
    fn lines_keep_their_ends() {
        let mut lines = Vec::new();
        let text = "\u{feff}a\r\n\n12345678\r\nb";
        read(text.as_bytes(), 8, |number, line| {
            lines.push((number, line.to_owned()));
            Ok(())
        })
        .expect("all lines are text");
        assert_eq!(lines.iter().map(|(_, line)| line.as_str()).collect::<String>(), text);
        assert_eq!(lines.last(), Some(&(4, "b".to_owned())));
    }

    #[test]
    fn the_first_bad_line_is_named() {
        for (text, expected) in [
            (&b"a\nbad\n\xff"[..], "line 2 of f is bad"),
            (b"a\n\xff\n", "line 2 of f is not UTF-8"),
            (b"a\n\nb\0", "line 3 of f contains a NUL character"),
            (b"123456789", "line 1 of f is longer than 8 bytes"),
            (b"12345678\r\n123456789\n", "line 2 of f is longer than 8 bytes"),
            (b"\xff\xfea\0", "line 1 of f shows that this is UTF-16, not text in UTF-8"),
            (b"\xfe\xff\0a", "line 1 of f shows that this is UTF-16, not text in UTF-8"),
            (b"a\0b\0\n\0", "line 1 of f shows that this is UTF-16, not text in UTF-8"),
            (b"\0a\0b\0\n", "line 1 of f shows that this is UTF-16, not text in UTF-8"),
            (
                b"PK\x03\x04\x14\0",
                "line 1 of f shows that this is a ZIP file, as Excel workbooks are, not text in UTF-8",
            ),
        ] {
            assert_eq!(problem(text), expected);
        }
    }
}
