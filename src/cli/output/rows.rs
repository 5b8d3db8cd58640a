//! The rows of a run: shown as they come, so that a long one needs no memory for them, where the form allows it.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use serde_json::{Error, Value};

use super::columns::Column;
use super::row::Row;
use super::{CliError, Format, Output, Report, format, plain, progress};

/// The rows of a run, in their order.
pub(in crate::cli) struct Rows {
    form: Form,
    /// Why no more rows can be shown.
    problem: Option<CliError>,
}

enum Form {
    /// A person reads what went wrong.
    Failures(Vec<String>),
    Stream(Stream),
    /// The width of columns and the count in a header are known when all rows are.
    Whole(Vec<Value>),
}

/// Rows in a form in which each can be written without those after it.
struct Stream {
    form: Streamed,
    /// What is not shown yet.
    text: Vec<u8>,
    is_terminal: bool,
}

enum Streamed {
    Json(JsonArray),
    Yaml { is_empty: bool },
    Csv { columns: Vec<Column>, is_empty: bool },
}

/// An array that is written as its elements come.
struct JsonArray {
    formatter: PrettyFormatter<'static>,
    is_empty: bool,
}

impl Rows {
    pub(super) fn new(output: &Output) -> Self {
        let mut rows = Self { form: Form::Whole(Vec::new()), problem: None };
        match output.format {
            Format::Table if output.columns.is_chosen() => {}
            Format::Table => rows.form = Form::Failures(Vec::new()),
            Format::Toon => {}
            Format::Json => rows.form = Form::Stream(Stream::new(Streamed::Json(JsonArray::new()))),
            Format::Yaml => rows.form = Form::Stream(Stream::new(Streamed::Yaml { is_empty: true })),
            Format::Csv => match output.columns.choose(&Row::columns()) {
                Ok(columns) => rows.form = Form::Stream(Stream::new(Streamed::Csv { columns, is_empty: true })),
                Err(unknown) => rows.problem = Some(unknown),
            },
        }
        rows
    }

    pub fn add(&mut self, row: &Row<'_>) {
        if self.problem.is_some() {
            return;
        }
        let added = match &mut self.form {
            Form::Failures(lines) => {
                lines.extend(row.failure());
                Ok(())
            }
            Form::Stream(stream) => stream.add(row),
            Form::Whole(rows) => format::value(row).map(|value| rows.push(value)),
        };
        self.problem = added.err();
    }

    /// Shows the rows that were added, where the form allows it now.
    pub fn show(&mut self) {
        if let (None, Form::Stream(stream)) = (&self.problem, &mut self.form) {
            self.problem = stream.show().err();
        }
    }

    /// The report of a run in which all went well.
    pub fn into_report(self, summary: String) -> Report {
        self.report(Some(summary), None)
    }

    /// The report of a run in which not all went well, as its ending says.
    pub fn into_report_of_failure(self, ending: CliError) -> Report {
        self.report(None, Some(ending))
    }

    fn report(mut self, summary: Option<String>, ending: Option<CliError>) -> Report {
        let shown = match (self.problem.take(), self.form) {
            (Some(problem), _) => Report::unwritable(problem),
            (None, Form::Failures(lines)) => Report::of_words(lines.into_iter().chain(summary).collect()),
            (None, Form::Whole(rows)) => Report::of_rows(rows, Row::columns()),
            (None, Form::Stream(stream)) => match stream.end() {
                Ok(()) => Report::nothing(),
                Err(problem) => Report::unwritable(problem),
            },
        };
        ending.into_iter().fold(shown, Report::ending_with)
    }
}

impl Stream {
    fn new(form: Streamed) -> Self {
        Self { form, text: Vec::new(), is_terminal: io::stdout().is_terminal() }
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), CliError> {
        match &mut self.form {
            Streamed::Json(array) => {
                array.add(row, &mut self.text).map_err(|error| format::unwritable("JSON", &error))?;
            }
            Streamed::Yaml { is_empty } => {
                *is_empty = false;
                self.text.extend_from_slice(format::yaml(&[row])?.as_bytes());
                self.text.push(b'\n');
            }
            Streamed::Csv { columns, is_empty } => {
                if std::mem::replace(is_empty, false) {
                    self.text.extend_from_slice(format::csv_names(columns)?.as_bytes());
                }
                self.text.extend_from_slice(format::csv_row(&format::value(row)?, columns)?.as_bytes());
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), CliError> {
        match &mut self.form {
            Streamed::Json(array) => array.end(&mut self.text).map_err(|error| format::unwritable("JSON", &error))?,
            Streamed::Yaml { is_empty: true } => self.text.extend_from_slice(b"[]\n"),
            Streamed::Csv { columns, is_empty: true } => {
                self.text.extend_from_slice(format::csv_names(columns)?.as_bytes());
            }
            Streamed::Yaml { .. } | Streamed::Csv { .. } => {}
        }
        self.show()
    }

    fn show(&mut self) -> Result<(), CliError> {
        let text = String::from_utf8_lossy(&self.text);
        let text = match &self.form {
            Streamed::Json(_) => format::with_escapes(text),
            _ => text,
        };
        let mut stdout = io::stdout();
        let mut write = |text: &str| stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        let outcome = if self.is_terminal {
            progress::above(|| write(&plain::plain_lines(&text.replace('\r', ""))))
        } else {
            write(&text)
        };
        self.text.clear();
        super::written(outcome)
    }
}

impl JsonArray {
    fn new() -> Self {
        Self { formatter: PrettyFormatter::new(), is_empty: true }
    }

    fn add(&mut self, element: &impl Serialize, text: &mut Vec<u8>) -> Result<(), Error> {
        let is_first = self.is_empty;
        self.begin(text).map_err(Error::io)?;
        self.formatter.begin_array_value(text, is_first).map_err(Error::io)?;
        element.serialize(&mut Serializer::with_formatter(&mut *text, self.formatter.clone()))?;
        self.formatter.end_array_value(text).map_err(Error::io)
    }

    fn end(&mut self, text: &mut Vec<u8>) -> Result<(), Error> {
        self.begin(text).map_err(Error::io)?;
        self.formatter.end_array(text).map_err(Error::io)?;
        text.push(b'\n');
        Ok(())
    }

    fn begin(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        if std::mem::replace(&mut self.is_empty, false) { self.formatter.begin_array(text) } else { Ok(()) }
    }
}
