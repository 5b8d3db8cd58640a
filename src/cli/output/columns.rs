//! Columns: their names and styles, and the ones that `--columns` selects.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::CliError;
use crate::operation::Operation;

/// A property of rows.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Column {
    pub property: Cow<'static, str>,
    /// The header in a table.
    pub title: Cow<'static, str>,
    pub style: ColumnStyle,
}

/// How a table shows a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::cli) enum ColumnStyle {
    Plain,
    /// Coloured: the state of a user or an invite.
    State,
    /// Coloured: the outcome of a target.
    Outcome,
    /// A time: shown in the local time zone.
    Time,
    /// Cut only if the terminal is very narrow: it can be used as a target.
    Uncut,
}

impl Column {
    pub const fn new(property: &'static str, title: &'static str) -> Self {
        Self { property: Cow::Borrowed(property), title: Cow::Borrowed(title), style: ColumnStyle::Plain }
    }

    pub const fn with_style(mut self, style: ColumnStyle) -> Self {
        self.style = style;
        self
    }

    /// A column without a title of its own.
    pub fn of(property: &str) -> Self {
        Self { property: property.to_owned().into(), title: property.to_owned().into(), style: ColumnStyle::Plain }
    }
}

/// The names given to `--columns`; empty means all columns.
#[derive(Clone, Debug)]
pub(super) struct Columns(pub Vec<String>);

impl Columns {
    /// Selects from the known columns, in the order of `--columns`.
    pub fn select(&self, known: &[Column]) -> Result<Vec<Column>, CliError> {
        if self.0.is_empty() {
            return Ok(known.to_vec());
        }
        let select = |name: &String| {
            let name = name.trim();
            let has_name = |other: &str| other.eq_ignore_ascii_case(name);
            let selected = known.iter().find(|column| has_name(&column.property));
            let selected = selected.or_else(|| known.iter().find(|column| has_name(&column.title)));
            selected.cloned().ok_or_else(|| {
                let known: Vec<&str> = known.iter().map(|column| &*column.property).collect();
                CliError::usage(format!("--columns: unknown column {name:?}"))
                    .hint(format!("Use one of: {}.", known.join(", ")))
            })
        };
        self.0.iter().map(select).collect()
    }

    pub fn are_given(&self) -> bool {
        !self.0.is_empty()
    }

    pub fn contain(&self, name: &str) -> bool {
        self.0.iter().any(|column| column.trim().eq_ignore_ascii_case(name))
    }
}

/// The properties of an operation's successful response in the spec, or of the rows in its property `list`.
pub(in crate::cli) fn from_spec(operation: &Operation, list: Option<&str>) -> Vec<Column> {
    let success = operation.responses.iter().find(|response| response.status.starts_with('2'));
    let schema = success.and_then(|response| serde_json::from_str::<Value>(response.content?.schema).ok());
    let schema = schema.unwrap_or_default();
    let properties = match list {
        Some(name) => &schema["properties"][name]["items"]["properties"],
        None => &schema["properties"],
    };
    properties.as_object().into_iter().flat_map(|properties| properties.keys()).map(|name| Column::of(name)).collect()
}

/// Adds a column for each property of the rows that has none.
pub(super) fn with_properties_of(mut columns: Vec<Column>, rows: &[Value]) -> Vec<Column> {
    let mut seen: HashSet<String> = columns.iter().map(|column| column.property.to_string()).collect();
    for name in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        if seen.insert(name.clone()) {
            columns.push(Column::of(name));
        }
    }
    columns
}
