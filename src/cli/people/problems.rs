//! What is wrong with a file or a list: all of it, each with its line and column.

use std::collections::HashMap;

use super::columns::Property;
use crate::cli::error::CliError;
use crate::client::excerpt;

/// The most problems that an error lists.
const MAX_LISTED: usize = 50;

/// How much of a text in a problem is shown, in characters.
const MAX_QUOTED: usize = 80;

#[derive(Debug)]
pub(in crate::cli) struct Problems {
    /// The file's name, or `stdin`.
    source: String,
    /// The name of each property in the file; empty if it has no columns.
    pub(super) columns: HashMap<Property, String>,
    /// Each with the number of its line.
    found: Vec<(usize, String)>,
    hints: Vec<String>,
}

impl Problems {
    pub(super) fn in_source(source: &str) -> Self {
        Self { source: source.to_owned(), columns: HashMap::new(), found: Vec::new(), hints: Vec::new() }
    }

    /// Adds a problem with a whole line.
    pub fn add(&mut self, line: usize, problem: &str) {
        self.found.push((line, format!("line {line}: {problem}")));
    }

    /// Adds a problem with one property of the person in a line.
    pub fn add_to(&mut self, line: usize, property: Property, problem: &str) {
        match self.columns.get(&property) {
            Some(column) => self.found.push((line, format!("line {line}, column {}: {problem}", quoted(column)))),
            None => self.add(line, problem),
        }
    }

    /// Adds what to do, once.
    pub fn hint(&mut self, hint: &str) {
        if !self.hints.iter().any(|other| other == hint) {
            self.hints.push(hint.to_owned());
        }
    }

    /// Fails if there are problems.
    pub fn check(mut self) -> Result<(), CliError> {
        let count = self.found.len();
        if count == 0 {
            return Ok(());
        }
        self.found.sort_by_key(|(line, _)| *line);
        let mut listed: Vec<String> = self.found.into_iter().take(MAX_LISTED).map(|(_, problem)| problem).collect();
        if count > MAX_LISTED {
            listed.push(format!("and {} more", count - MAX_LISTED));
        }
        let problems = if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") };
        let error = CliError::usage(format!("{} has {problems}; nothing was sent", self.source)).problems(listed);
        Err(self.hints.into_iter().fold(error, CliError::hint))
    }
}

/// The text in quotes, cut to a limit.
pub(in crate::cli) fn quoted(text: &str) -> String {
    format!("{:?}", excerpt(text, MAX_QUOTED))
}
