use bytes::Bytes;
use serde_json::Value;

use super::{CliError, Column, Format, List, format};
use crate::cli::many::Row;

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
        /// What a person reads.
        sentence: String,
        /// What the server sent, with the properties that the document does not know.
        body: Bytes,
    },
    List {
        list: List,
        columns: &'static [Column],
        /// What a person reads when the list is empty.
        empty: &'static str,
    },
    Run {
        rows: Vec<Row>,
        summary: String,
    },
}

impl Report {
    /// An answer of the server, and what it means.
    pub fn answer(sentence: String, body: Bytes) -> Self {
        Content::Answer { sentence, body }.into()
    }

    /// A list of the server, and the columns of it that people are shown.
    pub fn list(list: List, columns: &'static [Column], empty: &'static str) -> Self {
        Content::List { list, columns, empty }.into()
    }

    /// What came of each target of a run, and of all of them.
    pub fn run(rows: Vec<Row>, summary: String, ending: Option<CliError>) -> Self {
        Self { content: Content::Run { rows, summary }, ending }
    }

    /// Of a command that has said all that it has to say.
    pub fn nothing() -> Self {
        Content::Nothing.into()
    }

    /// The error that the command ends with.
    pub fn into_ending(self) -> Result<(), CliError> {
        self.ending.map_or(Ok(()), Err)
    }

    pub(super) fn render(&self, format: Format) -> Result<Option<String>, CliError> {
        let text = match (&self.content, format) {
            (Content::Nothing, _) => return Ok(None),
            (content, Format::Table) => return Ok(self.words(content)),
            (Content::Answer { body, .. }, Format::Json) => format::indented(&String::from_utf8_lossy(body)),
            (Content::List { list, .. }, Format::Json) => format::indented(&list.json()),
            (Content::Run { rows, .. }, Format::Json) => format::indented(&json(rows)?),
            (Content::List { list, .. }, Format::Csv) => format::csv(list.rows())?,
            (content, format) => {
                let value = match content {
                    Content::List { list, .. } => list.value(),
                    Content::Answer { body, .. } => &format::parse(body)?,
                    Content::Run { rows, .. } => &format::parse(json(rows)?.as_bytes())?,
                    Content::Nothing => &Value::Null,
                };
                match format {
                    Format::Yaml => format::yaml(value)?,
                    Format::Toon => format::toon(value)?,
                    _ => format::csv(value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))?,
                }
            }
        };
        Ok(Some(text))
    }

    fn words(&self, content: &Content) -> Option<String> {
        match content {
            Content::Nothing => None,
            Content::Answer { sentence, .. } => Some(super::plain(sentence).into_owned()),
            Content::List { list, empty, .. } if list.rows().is_empty() => Some((*empty).to_owned()),
            Content::List { list, columns, .. } => Some(list.table(columns)),
            Content::Run { rows, summary } => {
                let failures = rows.iter().filter_map(Row::failure);
                // The ending says the summary when not all went well.
                let summary = Some(summary.clone()).filter(|_| self.ending.is_none());
                let lines: Vec<String> = failures.chain(summary).map(|line| super::plain(&line).into_owned()).collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
        }
    }
}

impl From<Content> for Report {
    fn from(content: Content) -> Self {
        Self { content, ending: None }
    }
}

fn json(rows: &[Row]) -> Result<String, CliError> {
    serde_json::to_string(rows).map_err(|error| CliError::other(error.to_string()))
}
