//! Completion for bash, which splits `--flag=value` into several words and inserts candidates unquoted. So its script
//! passes the line up to the cursor and the part that readline will replace; this module splits and quotes.

use std::io;

use clap_complete::engine::complete;

use super::{PROGRAM, VARIABLE, targets, understood, unquoted};

/// Marks the cursor, so that there is always a word at it.
const CURSOR: char = '\u{1}';

pub(super) fn registration() -> String {
    // bash before 4.4 has no `nosort`.
    format!(
        r#"_{PROGRAM}() {{
    local IFS=$'\n'
    COMPREPLY=($({VARIABLE}=bash {PROGRAM} -- "${{COMP_LINE:0:COMP_POINT}}" "$2" 2> /dev/null))
}}
complete -o nosort -F _{PROGRAM} {PROGRAM} 2> /dev/null || complete -F _{PROGRAM} {PROGRAM}"#
    )
}

/// The candidates, a line each. `typed` is the line up to the cursor, and the part of it to replace.
pub(super) fn candidates(command: &mut clap::Command, typed: &[String]) -> io::Result<String> {
    let [line, replaced] = typed else { return Ok(String::new()) };
    let Some((words, quote)) = split(line) else { return Ok(String::new()) };
    let last = words.last().cloned().unwrap_or_default();
    // The part of the last word that is not replaced, such as `--flag=`.
    let kept = last.strip_suffix(&unquoted(replaced)).unwrap_or_default();
    let index = words.len() - 1;
    targets::complete_in(command, &words);
    let found = complete(command, understood(command, words), index, None)?;
    let lines = found.iter().filter_map(|candidate| {
        let value = candidate.get_value().to_string_lossy();
        Some(quoted(value.strip_prefix(kept)?, quote) + "\n")
    });
    Ok(lines.collect())
}

/// The words of a line, and the quote that is open at its end.
fn split(line: &str) -> Option<(Vec<String>, Option<char>)> {
    [None, Some('\''), Some('"')].into_iter().find_map(|quote| {
        let closed = format!("{line}{CURSOR}{}", quote.map(String::from).unwrap_or_default());
        let mut words = shlex::split(&closed)?;
        let last = words.pop()?.strip_suffix(CURSOR)?.to_owned();
        words.push(last);
        Some((words, quote))
    })
}

/// Quotes a value for the command line; `quote` is the one that is open there.
fn quoted(value: &str, quote: Option<char>) -> String {
    match quote {
        Some('\'') => value.replace('\'', r"'\''"),
        Some(_) => escaped(value, |char| "\"\\$`".contains(char)),
        None => escaped(value, |char| !char.is_alphanumeric() && !"-_./=:,@%+".contains(char)),
    }
}

fn escaped(value: &str, is_special: impl Fn(char) -> bool) -> String {
    let escape = |char| if is_special(char) { format!("\\{char}") } else { char.to_string() };
    value.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command_line;
    use crate::types::UpdateUserRequestLanguage;

    fn candidates_of(line: &str, replaced: &str) -> Vec<String> {
        let typed = [line.to_owned(), replaced.to_owned()];
        let text = candidates(&mut command_line::with_short_help(), &typed).expect("candidates");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn completed_values_are_quoted() {
        for (typed, replaced, completed) in [
            ("Fin", "Fin", r"Finance\ /\ Accounting"),
            ("'Fin", "Fin", "Finance / Accounting"),
            ("\"Fin", "Fin", "Finance / Accounting"),
            (r"Finance\ /\ A", r"Finance\ /\ A", r"Finance\ /\ Accounting"),
            ("'Finance / A", "Finance / A", "Finance / Accounting"),
        ] {
            assert_eq!(
                candidates_of(&format!("dci invite-user --job-title {typed}"), replaced),
                [completed],
                "{typed}"
            );
            let line = format!("dci invite-user --job-title={typed}");
            assert_eq!(candidates_of(&line, replaced), [completed], "{line}");
        }
        // If `=` does not split words.
        let whole = candidates_of("dci invite-user --job-title=Fin", "--job-title=Fin");
        assert_eq!(whole, [r"--job-title=Finance\ /\ Accounting"]);
    }

    #[test]
    fn earlier_words_select_the_candidates() {
        let languages = UpdateUserRequestLanguage::ALL.iter().map(ToString::to_string);
        let candidates = candidates_of("dci update-user ada@example.com --language ", "");
        assert_eq!(candidates, languages.collect::<Vec<_>>());
        let line =
            "dci --api-base-url http://127.0.0.1:1 update-user 'a b' --job-title=\"Executive Team\" --language=j";
        assert_eq!(candidates_of(line, "j"), ["ja"]);
        assert_eq!(candidates_of("dci resend-invite ada@exa", "exa"), [""; 0]);
        assert!(candidates_of("dci update-user -- --lang", "--lang").is_empty());
    }

    #[test]
    fn each_candidate_is_one_line() {
        assert!(candidates_of("dci ", "").iter().all(|line| !line.is_empty()));
        assert_eq!(quoted("a'b\"c$d", Some('\'')), "a'\\''b\"c$d");
        assert_eq!(quoted("a'b\"c$d", Some('"')), "a'b\\\"c\\$d");
        assert_eq!(quoted("a'b (c)", None), "a\\'b\\ \\(c\\)");
    }
}
