//! The columns of a CSV of people: their names, and what a header line means.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;

use super::problems::quoted;
use crate::cli::formula::unguarded;
use crate::cli::output::from_spec;
use crate::operation::Operation;

/// What a column gives about a person.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::cli) enum Property {
    Email,
    FirstName,
    LastName,
    JobTitle,
    Role,
    Organization,
}

/// The columns that are read, by name. `list-users` writes the last two as `roleId` and `organizationId`.
const COLUMNS: [(&str, Property); 8] = [
    ("email", Property::Email),
    ("first name", Property::FirstName),
    ("last name", Property::LastName),
    ("job title", Property::JobTitle),
    ("role", Property::Role),
    ("organization", Property::Organization),
    ("role id", Property::Role),
    ("organization id", Property::Organization),
];

/// A property of an invited user that `list-users` writes, although the spec does not describe it.
const INVITE_STATUS: &str = "inviteStatus";

/// What the header line means.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The property of each column; `None` if the column is ignored.
    pub properties: Vec<Option<Property>>,
    /// The columns without a name. Their cells must be empty.
    pub unnamed: Vec<usize>,
    /// The names of the columns that are ignored.
    pub ignored: Vec<String>,
    /// The names of the columns that the spec does not know. The server may know them: see `Unknown`.
    pub unknown: Vec<String>,
    /// The name of each property as the file spells it.
    pub names: HashMap<Property, String>,
}

impl Header {
    /// Reads the header line; the error lists what is wrong with it.
    pub fn read(cells: &StringRecord) -> Result<Self, Vec<String>> {
        let listed = listed();
        let mut header = Self::default();
        let mut seen = HashMap::new();
        let mut problems = Vec::new();
        for (index, cell) in cells.iter().enumerate() {
            let cell = unguarded(cell.trim()).trim();
            let name = normalized(cell);
            let property = COLUMNS.iter().find(|(known, _)| normalized(known) == name).map(|(_, property)| *property);
            if name.is_empty() {
                header.unnamed.push(index);
            } else if let Some(first) = seen.insert(name.clone(), index) {
                problems.push(format!("columns {} and {} are both named {}", first + 1, index + 1, quoted(cell)));
            } else if let Some(property) = property {
                if let Some(other) = header.names.insert(property, cell.to_owned()) {
                    problems.push(format!("{} and {} are the same column; keep one", quoted(&other), quoted(cell)));
                }
            } else if listed.contains(&name) {
                header.ignored.push(cell.to_owned());
            } else {
                header.unknown.push(cell.to_owned());
            }
            header.properties.push(property);
        }
        if header.names.is_empty() && header.ignored.is_empty() {
            return Err(vec!["the first line must be a header, but it names no known column".to_owned()]);
        }
        if !header.names.contains_key(&Property::Email) {
            problems.push("the column \"email\" is required".to_owned());
        }
        if problems.is_empty() {
            return Ok(header);
        }
        Err(header.unknown.iter().map(|name| unknown_column(name)).chain(problems).collect())
    }
}

/// The columns of a file that the spec does not know.
#[derive(Debug, Default)]
pub(in crate::cli) struct Unknown {
    /// The line of the header.
    pub(super) line: usize,
    pub(super) names: Vec<String>,
}

impl Unknown {
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Separates the columns with the names of `properties` from the others, which are problems.
    pub(super) fn split(self, properties: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
        let properties: HashSet<String> = properties.map(|name| normalized(&name)).collect();
        self.names.into_iter().partition(|name| properties.contains(&normalized(name)))
    }
}

pub(super) fn unknown_column(name: &str) -> String {
    format!("unknown column {}", quoted(name))
}

/// The hint if a header is wrong.
pub(super) fn advice() -> String {
    let names: Vec<&str> = COLUMNS[..6].iter().map(|(name, _)| *name).collect();
    format!(
        "The first line names the columns, separated by commas, semicolons or tabs: {}. Columns that only list-users \
         writes are ignored.",
        names.join(", ")
    )
}

/// The normalized names of the columns that `list-users` writes.
fn listed() -> HashSet<String> {
    let spec = from_spec(Operation::LIST_USERS, Some("users"));
    spec.iter().map(|column| &*column.property).chain([INVITE_STATUS]).map(normalized).collect()
}

/// A name without case, white space, `_` and `-`.
fn normalized(name: &str) -> String {
    let kept = name.chars().filter(|char| !char.is_whitespace() && !matches!(char, '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn header(cells: &[&str]) -> Result<Header, Vec<String>> {
        Header::read(&StringRecord::from(cells.to_vec()))
    }

    #[test]
    fn each_column_gives_a_property_of_an_invite() {
        let schema = Operation::INVITE_USER.request.expect("a body").schema;
        let schema: Value = serde_json::from_str(schema).expect("JSON");
        let sent: HashSet<String> =
            schema["properties"].as_object().expect("properties").keys().map(|name| normalized(name)).collect();
        let is_sent = |(name, _): &&(&str, Property)| sent.contains(&normalized(name));
        let given: HashSet<Property> = COLUMNS.iter().filter(is_sent).map(|(_, property)| *property).collect();
        let read: HashSet<Property> = COLUMNS.iter().map(|(_, property)| *property).collect();
        assert_eq!(given, read);
    }

    #[test]
    fn all_columns_of_list_users_are_understood() {
        let names: Vec<String> = from_spec(Operation::LIST_USERS, Some("users"))
            .iter()
            .map(|column| column.property.to_string())
            .chain([INVITE_STATUS.to_owned()])
            .collect();
        let read = header(&names.iter().map(String::as_str).collect::<Vec<_>>()).expect("known columns");
        assert_eq!(read.names.len(), 6);
        assert!(read.ignored.contains(&"status".to_owned()) && read.ignored.contains(&"id".to_owned()));
    }

    #[test]
    fn case_blanks_and_dashes_in_names_do_not_matter() {
        for name in ["First Name", "first_name", "FIRST-NAME", "firstName", " first\u{a0}name "] {
            let read = header(&["E-Mail", name, ""]).expect("known columns");
            assert_eq!(read.properties, [Some(Property::Email), Some(Property::FirstName), None]);
            assert_eq!((read.unnamed, &*read.names[&Property::FirstName]), (vec![2], name.trim()));
        }
    }

    #[test]
    fn a_wrong_header_says_all_that_is_wrong() {
        let problems = |cells: &[&str]| header(cells).expect_err("it is wrong");
        assert_eq!(
            problems(&["first name", "shoe size", "First_Name"]),
            [
                "unknown column \"shoe size\"",
                "columns 1 and 3 are both named \"First_Name\"",
                "the column \"email\" is required"
            ]
        );
        assert_eq!(problems(&["email", "id", "ID"]), ["columns 2 and 3 are both named \"ID\""]);
        assert_eq!(problems(&["email", "role", "roleId"]), ["\"role\" and \"roleId\" are the same column; keep one"]);
        for cells in [&["ada@example.com", "Ada"][..], &["email|first name"], &["", ""]] {
            assert_eq!(problems(cells), ["the first line must be a header, but it names no known column"]);
        }
    }
}
