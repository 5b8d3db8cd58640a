//! Cells of a CSV that a spreadsheet would run as a formula: an apostrophe before them makes them text (OWASP, CSV
//! injection).

use std::borrow::Cow;

/// The characters that a formula begins with, and those that a spreadsheet may skip before them.
const FIRST: &[char] = &['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\t', '\r', '\n', '\0'];

const GUARD: char = '\'';

/// Adds an apostrophe to a text that would run as a formula. A sign and digits, as in a phone number, stay.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { format!("{GUARD}{text}").into() } else { text.into() }
}

/// Removes the apostrophe that [`guarded`] adds.
pub(super) fn unguarded(text: &str) -> &str {
    text.strip_prefix(GUARD).filter(|rest| is_formula(rest)).unwrap_or(text)
}

/// Apostrophes before a formula count too, so that a text which has them already is read back unchanged.
fn is_formula(text: &str) -> bool {
    let text = text.trim_start_matches(GUARD);
    text.starts_with(FIRST) && !is_number(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_gets_an_apostrophe() {
        for formula in [
            "=1+1",
            "=",
            "+1+1",
            "+cmd|' /C calc'!A0",
            "-2-3",
            "-",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\0=1",
            "＝1",
            "+49 30",
            "+1=1",
            "-1.5",
            "+",
        ] {
            assert_eq!(guarded(formula), format!("'{formula}"));
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in ["", "Ada", "+4930123456", "-5", "a=b", "1-2", "'tis", "'", "{\"a\":1}", " =1", "日本"] {
            assert_eq!(guarded(text), text);
            assert_eq!(unguarded(text), text);
        }
    }

    proptest! {
        #[test]
        fn each_text_is_read_back_and_none_runs(text in "['=+@\t\r\n0-9a-]{0,6}|.*") {
            let written = guarded(&text);
            prop_assert!(!written.starts_with(FIRST) || is_number(&written), "{written:?}");
            prop_assert_eq!(unguarded(&written), &text);
        }
    }
}
