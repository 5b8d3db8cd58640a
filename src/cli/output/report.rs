use bytes::Bytes;
use serde_json::Value;

use super::columns::{Columns, documented, with_those_of};
use super::{CliError, Column, Format, List, format, plain, table};
use crate::cli::many::Row;
use crate::operation::Operation;

/// The result of a command, for people and for scripts.
#[derive(Debug)]
pub(in crate::cli) struct Report {
    content: Content,
    /// What the command ends with after its result is shown, when not all went well.
    ending: Option<CliError>,
}

#[derive(Debug)]
enum Content {
    Nothing,
    Answer {
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
    Run {
        rows: Vec<Row>,
        summary: String,
    },
}

impl Report {
    /// The answer of the server to an operation, and what it means.
    pub fn answer(operation: &'static Operation, sentence: String, body: Bytes) -> Self {
        Content::Answer { operation: Some(operation), lines: vec![sentence], body }.into()
    }

    /// Lines for people, and JSON for scripts.
    pub fn lines(lines: Vec<String>, json: String) -> Self {
        Content::Answer { operation: None, lines, body: json.into() }.into()
    }

    /// JSON, which people read as it is too.
    pub fn json(value: &Value) -> Self {
        let json = value.to_string();
        Self::lines(format::indented(&json).lines().map(str::to_owned).collect(), json)
    }

    /// A list of the server, and the columns of it that people are shown.
    pub fn list(list: List, columns: &[Column], empty: &'static str) -> Self {
        Content::List { list, columns: columns.to_vec(), empty }.into()
    }

    /// What came of each target of a run, and of all of them.
    pub fn run(rows: Vec<Row>, summary: String, ending: Option<CliError>) -> Self {
        Self { content: Content::Run { rows, summary }, ending }
    }

    /// Of a command that has said all that it has to say.
    pub fn nothing() -> Self {
        Content::Nothing.into()
    }

    /// Ends with this error after the result is shown.
    pub fn ending_with(self, error: CliError) -> Self {
        Self { ending: Some(error), ..self }
    }

    /// The error that the command ends with.
    pub fn into_ending(self) -> Result<(), CliError> {
        self.ending.map_or(Ok(()), Err)
    }

    pub(super) fn render(&self, format: Format, columns: &Columns) -> Result<Option<String>, CliError> {
        let text = match format {
            Format::Table if columns.is_chosen() => table::table(&self.rows()?, &columns.choose(&self.columns(true)?)?),
            Format::Table => return Ok(self.words()),
            Format::Csv => match self.content {
                Content::Nothing => return Ok(None),
                _ => format::csv(&self.rows()?, &columns.choose(&self.columns(columns.is_chosen())?)?)?,
            },
            Format::Json => match &self.content {
                Content::Nothing => return Ok(None),
                Content::Answer { body, .. } => format::indented(&String::from_utf8_lossy(body)),
                Content::List { list, .. } => format::indented(&list.json()),
                Content::Run { rows, .. } => format::indented(&json(rows)?),
            },
            Format::Yaml => match self.value()? {
                Some(value) => format::yaml(&value)?,
                None => return Ok(None),
            },
            Format::Toon => match self.value()? {
                Some(value) => format::toon(&value)?,
                None => return Ok(None),
            },
        };
        Ok(Some(text))
    }

    /// What is shown in the formats that have the properties of JSON.
    fn value(&self) -> Result<Option<Value>, CliError> {
        Ok(match &self.content {
            Content::Nothing => None,
            Content::Answer { body, .. } => Some(format::parse(body)?),
            Content::List { list, .. } => Some(list.value().clone()),
            Content::Run { rows, .. } => Some(format::parse(json(rows)?.as_bytes())?),
        })
    }

    fn rows(&self) -> Result<Vec<Value>, CliError> {
        Ok(match &self.content {
            Content::List { list, .. } => list.rows().to_vec(),
            _ => match self.value()? {
                Some(Value::Array(rows)) => rows.into_iter().map(as_row).collect(),
                Some(row) => vec![as_row(row)],
                None => Vec::new(),
            },
        })
    }

    /// The columns that there are; `all` with those that people are shown and the server does not send.
    fn columns(&self, all: bool) -> Result<Vec<Column>, CliError> {
        let known = match &self.content {
            Content::List { columns, list, .. } => {
                let mut known = if all { columns.clone() } else { Vec::new() };
                for column in list.documented_columns() {
                    if !known.iter().any(|other| other.property == column.property) {
                        known.push(column);
                    }
                }
                known
            }
            Content::Run { .. } => Row::columns(),
            Content::Answer { operation: Some(operation), .. } => documented(operation, None),
            Content::Nothing | Content::Answer { operation: None, .. } => Vec::new(),
        };
        Ok(with_those_of(known, &self.rows()?))
    }

    /// What a person reads.
    fn words(&self) -> Option<String> {
        let lines: Vec<String> = match &self.content {
            Content::Nothing => Vec::new(),
            Content::Answer { lines, .. } => lines.clone(),
            Content::List { list, empty, .. } if list.rows().is_empty() => vec![(*empty).to_owned()],
            Content::List { list, columns, .. } => return Some(table::table(list.rows(), columns)),
            Content::Run { rows, summary } => {
                let failures = rows.iter().filter_map(Row::failure);
                // The ending says the summary when not all went well.
                let summary = Some(summary.clone()).filter(|_| self.ending.is_none());
                failures.chain(summary).collect()
            }
        };
        let lines: Vec<_> = lines.iter().map(|line| plain(line)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl From<Content> for Report {
    fn from(content: Content) -> Self {
        Self { content, ending: None }
    }
}

/// What has no properties has one in a table.
fn as_row(value: Value) -> Value {
    if value.is_object() { value } else { serde_json::json!({ "value": value }) }
}

fn json(rows: &[Row]) -> Result<String, CliError> {
    serde_json::to_string(rows).map_err(|error| CliError::other(error.to_string()))
}
