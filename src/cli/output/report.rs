use bytes::Bytes;
use serde_json::Value;

use super::columns::{Columns, documented, with_those_of};
use super::{CliError, Column, Format, List, format, plain, table};
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

    /// The error that the command ends with.
    pub(super) fn into_ending(self) -> Result<(), CliError> {
        self.ending.map_or(Ok(()), Err)
    }

    pub(super) fn render(&mut self, format: Format, columns: &Columns) -> Result<Option<String>, CliError> {
        if let Content::Unwritable(_) = &self.content
            && let Content::Unwritable(problem) = std::mem::replace(&mut self.content, Content::Nothing)
        {
            return Err(problem);
        }
        let text = match format {
            Format::Table if columns.is_chosen() => table::table(&self.rows()?, &columns.choose(&self.columns(true)?)?),
            Format::Table => return Ok(self.words()),
            Format::Csv => match self.content {
                Content::Nothing => return Ok(None),
                _ => format::csv(&self.rows()?, &columns.choose(&self.columns(columns.is_chosen())?)?)?,
            },
            Format::Json => match &self.content {
                Content::Nothing | Content::Unwritable(_) => return Ok(None),
                Content::Answer { body, .. } => format::indented(&String::from_utf8_lossy(body)),
                Content::List { list, .. } => format::indented(&list.json()),
                Content::Rows { rows, .. } => format::indented(&Value::from(rows.clone()).to_string()),
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
            Content::Nothing | Content::Unwritable(_) => None,
            Content::Answer { body, .. } => Some(format::parse(body)?),
            Content::List { list, .. } => Some(list.value().clone()),
            Content::Rows { rows, .. } => Some(Value::Array(rows.clone())),
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
            Content::Rows { columns, .. } => columns.clone(),
            Content::Answer { operation: Some(operation), .. } => documented(operation, None),
            Content::Nothing | Content::Unwritable(_) | Content::Answer { operation: None, .. } => Vec::new(),
        };
        Ok(with_those_of(known, &self.rows()?))
    }

    /// What a person reads.
    fn words(&self) -> Option<String> {
        let lines: Vec<String> = match &self.content {
            Content::Nothing | Content::Rows { .. } | Content::Unwritable(_) => Vec::new(),
            Content::Answer { lines, .. } => lines.clone(),
            Content::List { list, empty, .. } if list.rows().is_empty() => vec![(*empty).to_owned()],
            Content::List { list, columns, .. } => return Some(table::table(list.rows(), columns)),
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
