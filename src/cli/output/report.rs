//! The result of a command, and how each format shows it.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::columns::{Columns, from_spec, with_properties_of};
use super::exact::{self, Unreadable};
use super::format::{self, Format, Writer};
use super::{CliError, Column, List};
use crate::cli::escape::escape;
use crate::operation::Operation;

/// The most cells that a CSV may have per value. More means that almost all are empty.
const MAX_CELLS_PER_VALUE: usize = 100;

/// The result of a command.
#[derive(Debug)]
pub(in crate::cli) struct Report {
    content: Content,
    /// The error that the command ends with after its result is printed.
    error: Option<CliError>,
}

/// A result as it is printed.
pub(super) enum Rendered {
    /// For people it may have styles, but no other terminal controls.
    Text(String),
    /// A response that cannot be parsed, as the server sent it.
    Body(Bytes),
}

#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Response {
        /// `None` if the program made the body.
        operation: Option<&'static Operation>,
        /// The text for people.
        lines: Vec<String>,
        /// The value for scripts, with the properties that the spec does not have.
        body: Bytes,
    },
    List {
        list: List,
        /// The columns for people.
        columns: Vec<Column>,
        /// The text for people if the list is empty.
        empty: &'static str,
    },
    /// The rows of a run, in a format that needs all of them.
    Rows {
        rows: Vec<Value>,
        columns: Vec<Column>,
    },
    /// Printing the rows of a run failed.
    Unwritable(CliError),
}

impl Report {
    /// The response to an operation, and a sentence for people that says what it means.
    pub fn response(operation: &'static Operation, sentence: String, body: Bytes) -> Self {
        Content::Response { operation: Some(operation), lines: vec![sentence], body }.into()
    }

    /// Lines for people, and JSON for scripts.
    pub fn lines(lines: Vec<String>, json: String) -> Self {
        Content::Response { operation: None, lines, body: json.into() }.into()
    }

    /// JSON for people and scripts.
    pub fn json(value: &Value) -> Result<Self, CliError> {
        let json = format::json(value)?;
        Ok(Self::lines(json.lines().map(str::to_owned).collect(), json))
    }

    /// A list, and its columns for people.
    pub fn list(list: List, columns: &[Column], empty: &'static str) -> Self {
        Content::List { list, columns: columns.to_vec(), empty }.into()
    }

    /// The rows of a run, in a format that needs all of them.
    pub(super) fn rows(rows: Vec<Value>, columns: Vec<Column>) -> Self {
        Content::Rows { rows, columns }.into()
    }

    /// Lines for people only.
    pub(super) fn words(lines: Vec<String>) -> Self {
        Self::lines(lines, String::new())
    }

    /// Printing the rows of a run failed.
    pub(super) fn unwritable(problem: CliError) -> Self {
        Content::Unwritable(problem).into()
    }

    /// Nothing more to print.
    pub fn nothing() -> Self {
        Content::Nothing.into()
    }

    /// Makes the command end with this error after its result is printed.
    pub fn with_error(self, error: CliError) -> Self {
        Self { error: Some(error), ..self }
    }

    /// The content, and how the command ends.
    pub(super) fn into_parts(self) -> (Content, Result<(), CliError>) {
        (self.content, self.error.map_or(Ok(()), Err))
    }
}

impl Content {
    /// `None` if there is nothing to print.
    pub(super) fn render(self, format: Format, columns: &Columns) -> Result<Option<Rendered>, CliError> {
        match self {
            Self::Unwritable(problem) => return Err(problem),
            content if format == Format::Table && !columns.are_given() => return content.words(),
            Self::Nothing => return Ok(None),
            _ => {}
        }
        let text = match format.writer() {
            Writer::Rows(write) => {
                let rows = self.rows()?;
                let known = with_properties_of(self.columns(columns.are_given()), &rows);
                if !columns.are_given() {
                    check_cells(&rows, known.len())?;
                }
                write(&rows, &columns.select(&known)?)?
            }
            Writer::Value(write) => match self.into_value() {
                Ok(value) => write(value)?,
                Err(unreadable) if format == Format::Json => return Ok(Some(Rendered::Body(unreadable.body))),
                Err(unreadable) => return Err(unreadable.error()),
            },
        };
        Ok(Some(Rendered::Text(text)))
    }

    fn into_value(self) -> Result<Value, Unreadable> {
        match self {
            Self::Nothing | Self::Unwritable(_) => Ok(Value::Null),
            Self::Response { body, .. } => exact::read_body(body),
            Self::List { list, .. } => list.into_value(),
            Self::Rows { rows, .. } => Ok(rows.into()),
        }
    }

    fn rows(&self) -> Result<Cow<'_, [Value]>, CliError> {
        Ok(match self {
            Self::Nothing | Self::Unwritable(_) => Cow::Borrowed(&[]),
            Self::List { list, .. } => list.rows()?.into(),
            Self::Rows { rows, .. } => rows.into(),
            Self::Response { body, .. } => match exact::read_body(body.clone()).map_err(|error| error.error())? {
                Value::Array(rows) => rows.into_iter().map(as_row).collect(),
                row => vec![as_row(row)].into(),
            },
        })
    }

    /// The columns that are known without the rows. With `all`, a list has its columns for people too, which the server
    /// may not send.
    fn columns(&self, all: bool) -> Vec<Column> {
        match self {
            Self::List { columns, list, .. } => {
                let mut known = if all { columns.clone() } else { Vec::new() };
                for column in list.spec_columns() {
                    if !known.iter().any(|other| other.property == column.property) {
                        known.push(column);
                    }
                }
                known
            }
            Self::Rows { columns, .. } => columns.clone(),
            Self::Response { operation: Some(operation), .. } => from_spec(operation, None),
            Self::Nothing | Self::Unwritable(_) | Self::Response { operation: None, .. } => Vec::new(),
        }
    }

    /// The text for people.
    fn words(&self) -> Result<Option<Rendered>, CliError> {
        let lines = match self {
            Self::Nothing | Self::Rows { .. } | Self::Unwritable(_) => &[][..],
            Self::Response { lines, .. } => lines,
            Self::List { list, columns, empty } => match list.rows()? {
                [] => &[(*empty).to_owned()],
                rows => return Ok(Some(Rendered::Text(format::table(rows, columns)))),
            },
        };
        let lines: Vec<_> = lines.iter().map(|line| escape(line)).collect();
        Ok((!lines.is_empty()).then(|| Rendered::Text(lines.join("\n"))))
    }
}

impl From<Content> for Report {
    fn from(content: Content) -> Self {
        Self { content, error: None }
    }
}

/// Refuses a huge CSV of a small response, in which each row has property names of its own.
fn check_cells(rows: &[Value], columns: usize) -> Result<(), CliError> {
    let values: usize = rows.iter().filter_map(Value::as_object).map(Map::len).sum();
    if columns * rows.len() <= MAX_CELLS_PER_VALUE * (values + rows.len()) {
        return Ok(());
    }
    Err(CliError::other(format!(
        "the command succeeded, but its result has too many columns for CSV: {columns}, almost all of them empty"
    ))
    .hint("Choose columns with --columns, or use -o json."))
}

/// A value without properties becomes a row with one.
fn as_row(value: Value) -> Value {
    if value.is_object() { value } else { json!({ "value": value }) }
}
