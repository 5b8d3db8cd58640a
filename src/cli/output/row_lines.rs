//! The lines of a run for people. Targets that failed with the same message share a line.

use indexmap::IndexMap;

use super::row::{FAILED, Row};

/// How many targets of a shared line are named.
const MAX_NAMED: usize = 5;

/// The lines, in the order of their first rows.
#[derive(Debug, Default)]
pub(super) struct RowLines(IndexMap<Shared, Targets>);

/// What the rows of one line have in common.
#[derive(Debug, Eq, Hash, PartialEq)]
enum Shared {
    /// The message of a failure.
    Failure(String),
    /// The position and the message of another row, which has its own line.
    Row(usize, String),
}

#[derive(Debug, Default)]
struct Targets {
    /// The first few.
    named: Vec<String>,
    count: usize,
}

impl RowLines {
    /// Adds a row, if it is for people.
    pub fn add(&mut self, row: &Row<'_>) {
        let Some(message) = row.message.clone().filter(|_| row.is_for_people) else { return };
        let shared = if row.outcome == FAILED { Shared::Failure(message) } else { Shared::Row(self.0.len(), message) };
        let targets = self.0.entry(shared).or_default();
        targets.count += 1;
        if targets.named.len() < MAX_NAMED {
            targets.named.push(row.target.to_owned());
        }
    }

    /// Such as `invite-1: not found` or `2 targets: not found (invite-1, invite-2)`.
    pub fn into_texts(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(Shared::Failure(message) | Shared::Row(_, message), Targets { named, count })| {
            let names = named.join(", ");
            match count - named.len() {
                _ if count == 1 => format!("{names}: {message}"),
                0 => format!("{count} targets: {message} ({names})"),
                more => format!("{count} targets: {message} ({names} and {more} more)"),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[(&str, &'static str, &str)]) -> Vec<String> {
        let mut lines = RowLines::default();
        for (target, outcome, message) in rows {
            let message = Some((*message).to_owned());
            lines.add(&Row { outcome, message, is_for_people: true, ..Row::new(target, None) });
        }
        lines.into_texts().collect()
    }

    #[test]
    fn equal_failures_share_a_line_that_names_the_first() {
        let failed = |target| (target, FAILED, "not found");
        assert_eq!(texts(&[failed("a")]), ["a: not found"]);
        let rows = [failed("a"), ("b", FAILED, "refused"), ("c", "skipped", "not found"), failed("d")];
        assert_eq!(texts(&rows), ["2 targets: not found (a, d)", "b: refused", "c: not found"]);
        let rows = [failed("a"), failed("b"), failed("c"), failed("d"), failed("e")];
        assert_eq!(texts(&rows), ["5 targets: not found (a, b, c, d, e)"]);
        let rows = [&rows[..], &[failed("f"), failed("g")]].concat();
        assert_eq!(texts(&rows), ["7 targets: not found (a, b, c, d, e and 2 more)"]);
    }

    #[test]
    fn other_rows_keep_a_line_each() {
        let rows = [("a", "skipped", "exists"), ("b", "skipped", "exists"), ("a", "skipped", "exists")];
        assert_eq!(texts(&rows), ["a: exists", "b: exists", "a: exists"]);
    }
}
