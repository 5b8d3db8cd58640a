use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::columns::{Columns, documented, with_those_of};
use super::{CliError, Column, Format, List, exact, format, table};
use crate::cli::escape::escape;
use crate::operation::Operation;

/// How many cells a table may have for each value in them.
const MAX_CELLS_PER_VALUE: usize = 100;

/// The result of a command, for people and for scripts.
#[derive(Debug)]
pub(in crate::cli) struct Report {
    content: Content,
    /// What the command ends with after its result is shown, when not all went well.
    ending: Option<CliError>,
}

/// A result in the form in which it is shown.
pub(super) enum Rendered {
    /// For people it has styles, and no other sequences that a terminal obeys.
    Text(String),
    Json(Value),
    /// What has no value, as the server sent it.
    Body(Bytes),
}

#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Response {
        /// What it answers, where it is the server's.
        operation: Option<&'static Operation>,
        /// What a person reads.
        lines: Vec<String>,
        /// What the server sent, with the properties that the document does not know.
        body: Bytes,
    },
    List {
        list: List,
        /// What a person reads of a row.
        columns: Vec<Column>,
        /// What a person reads when the list is empty.
        empty: &'static str,
    },
    /// What came of each target of a run, in the forms that need to know all of them.
    Rows {
        rows: Vec<Value>,
        columns: Vec<Column>,
    },
    /// It could not be shown when it came.
    Unwritable(CliError),
}

impl Report {
    /// The answer of the server to an operation, and what it means.
    pub fn answer(operation: &'static Operation, sentence: String, body: Bytes) -> Self {
        Content::Response { operation: Some(operation), lines: vec![sentence], body }.into()
    }

    /// Lines for people, and JSON for scripts.
    pub fn lines(lines: Vec<String>, json: String) -> Self {
        Content::Response { operation: None, lines, body: json.into() }.into()
    }

    /// JSON, which people read as it is too.
    pub fn json(value: &Value) -> Self {
        let json = format::json(value);
        Self::lines(json.lines().map(str::to_owned).collect(), json)
    }

    /// A list of the server, and the columns of it that people are shown.
    pub fn list(list: List, columns: &[Column], empty: &'static str) -> Self {
        Content::List { list, columns: columns.to_vec(), empty }.into()
    }

    /// What came of each target of a run, where that is shown in the end.
    pub(super) fn of_rows(rows: Vec<Value>, columns: Vec<Column>) -> Self {
        Content::Rows { rows, columns }.into()
    }

    /// Lines for people alone.
    pub(super) fn of_words(lines: Vec<String>) -> Self {
        Self::lines(lines, String::new())
    }

    /// Of a command whose result could not be shown when it came.
    pub(super) fn unwritable(problem: CliError) -> Self {
        Content::Unwritable(problem).into()
    }

    /// Of a command that has said all that it has to say.
    pub fn nothing() -> Self {
        Content::Nothing.into()
    }

    /// Ends with this error after the result is shown.
    pub fn ending_with(self, error: CliError) -> Self {
        Self { ending: Some(error), ..self }
    }

    /// What is shown, and what the command ends with after that.
    pub(super) fn into_parts(self) -> (Content, Result<(), CliError>) {
        (self.content, self.ending.map_or(Ok(()), Err))
    }
}

impl Content {
    pub(super) fn render(self, format: Format, columns: &Columns) -> Result<Option<Rendered>, CliError> {
        let text = match (format, self) {
            (_, Self::Unwritable(problem)) => return Err(problem),
            (Format::Table, content) if !columns.is_chosen() => return Ok(content.words()?.map(Rendered::Text)),
            (_, Self::Nothing) => return Ok(None),
            (Format::Json, content) => return content.into_value_or_body().map(Some),
            (Format::Table, content) => {
                let rows = content.rows()?;
                table::table(&rows, &columns.choose(&with_those_of(content.columns(true), &rows))?)
            }
            (Format::Csv, content) => {
                let rows = content.rows()?;
                let known = with_those_of(content.columns(columns.is_chosen()), &rows);
                if !columns.is_chosen() {
                    check_cells(&rows, known.len())?;
                }
                format::csv(&rows, &columns.choose(&known)?)?
            }
            (Format::Yaml, content) => format::yaml(content.into_value()?)?,
            (Format::Toon, content) => format::toon(content.into_value()?)?,
        };
        Ok(Some(Rendered::Text(text)))
    }

    fn into_value_or_body(self) -> Result<Rendered, CliError> {
        let value_or_body = match self {
            Self::Response { body, .. } => exact::read(&body).map_err(|_| body),
            Self::List { list, .. } => list.into_value_or_body(),
            other => Ok(other.into_value()?),
        };
        Ok(value_or_body.map_or_else(Rendered::Body, Rendered::Json))
    }

    /// What is shown in the formats that have the properties of JSON.
    fn into_value(self) -> Result<Value, CliError> {
        match self {
            Self::Nothing => Ok(Value::Null),
            Self::Unwritable(problem) => Err(problem),
            Self::Response { body, .. } => exact::read(&body).map_err(|why| format::unreadable(&why)),
            Self::List { list, .. } => list.into_value(),
            Self::Rows { rows, .. } => Ok(rows.into()),
        }
    }

    fn rows(&self) -> Result<Cow<'_, [Value]>, CliError> {
        Ok(match self {
            Self::Nothing | Self::Unwritable(_) => Cow::Borrowed(&[]),
            Self::List { list, .. } => list.rows()?.into(),
            Self::Rows { rows, .. } => rows.into(),
            Self::Response { body, .. } => match exact::read(body).map_err(|why| format::unreadable(&why))? {
                Value::Array(rows) => rows.into_iter().map(as_row).collect(),
                row => vec![as_row(row)].into(),
            },
        })
    }

    /// The columns that are known before there are rows; `all` with those that people are shown and the server does not
    /// send.
    fn columns(&self, all: bool) -> Vec<Column> {
        match self {
            Self::List { columns, list, .. } => {
                let mut known = if all { columns.clone() } else { Vec::new() };
                for column in list.documented_columns() {
                    if !known.iter().any(|other| other.property == column.property) {
                        known.push(column);
                    }
                }
                known
            }
            Self::Rows { columns, .. } => columns.clone(),
            Self::Response { operation: Some(operation), .. } => documented(operation, None),
            Self::Nothing | Self::Unwritable(_) | Self::Response { operation: None, .. } => Vec::new(),
        }
    }

    /// What a person reads.
    fn words(&self) -> Result<Option<String>, CliError> {
        let lines: Vec<String> = match self {
            Self::Nothing | Self::Rows { .. } | Self::Unwritable(_) => Vec::new(),
            Self::Response { lines, .. } => lines.clone(),
            Self::List { list, columns, empty } => match list.rows()? {
                [] => vec![(*empty).to_owned()],
                rows => return Ok(Some(table::table(rows, columns))),
            },
        };
        let lines: Vec<_> = lines.iter().map(|line| escape(line)).collect();
        Ok((!lines.is_empty()).then(|| lines.join("\n")))
    }
}

impl From<Content> for Report {
    fn from(content: Content) -> Self {
        Self { content, ending: None }
    }
}

/// Refuses a table whose size is not in proportion to its values, since each row names properties of its own.
fn check_cells(rows: &[Value], columns: usize) -> Result<(), CliError> {
    let values: usize = rows.iter().filter_map(Value::as_object).map(Map::len).sum();
    if columns * rows.len() <= MAX_CELLS_PER_VALUE * (values + rows.len()) {
        return Ok(());
    }
    Err(CliError::other(format!(
        "the command succeeded, but its result has {columns} columns, almost all of them empty"
    ))
    .hint("Choose columns with --columns, or use -o json."))
}

/// What has no properties has one in a table.
fn as_row(value: Value) -> Value {
    if value.is_object() { value } else { serde_json::json!({ "value": value }) }
}
