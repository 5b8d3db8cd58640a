//! The rows of a run: shown as they come, so that a long one needs no memory for them, where the form allows it.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde_json::Value;

use super::columns::Column;
use super::{CliError, Format, Output, Report, format, plain, progress};
use crate::cli::many::Row;

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

struct Stream {
    stdout: BufWriter<Stdout>,
    format: Format,
    /// Of CSV.
    columns: Vec<Column>,
    is_empty: bool,
}

impl Rows {
    pub(super) fn new(output: &Output) -> Self {
        let mut rows = Self { form: Form::Whole(Vec::new()), problem: None };
        match output.format {
            Format::Table if output.columns.is_chosen() => {}
            Format::Table => rows.form = Form::Failures(Vec::new()),
            Format::Toon => {}
            Format::Json | Format::Yaml | Format::Csv => match output.columns.choose(&Row::columns()) {
                Ok(columns) => {
                    let stdout = BufWriter::new(io::stdout());
                    rows.form = Form::Stream(Stream { stdout, format: output.format, columns, is_empty: true });
                }
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
    fn add(&mut self, row: &Row<'_>) -> Result<(), CliError> {
        let begin = self.begin()?;
        let text = match self.format {
            Format::Csv => begin + &format::csv_row(&format::value(row)?, &self.columns)?,
            Format::Yaml => begin + &format::yaml(&[row])? + "\n",
            _ => begin + "\n  " + &format::indented_from(1, &format::json(row)?),
        };
        self.write(&text)
    }

    /// What stands before the next row.
    fn begin(&mut self) -> Result<String, CliError> {
        let is_first = std::mem::replace(&mut self.is_empty, false);
        Ok(match self.format {
            Format::Csv if is_first => format::csv_names(&self.columns)?,
            Format::Csv | Format::Yaml => String::new(),
            _ if is_first => "[".to_owned(),
            _ => ",".to_owned(),
        })
    }

    fn end(mut self) -> Result<(), CliError> {
        let end = match self.format {
            Format::Csv if self.is_empty => self.begin()?,
            Format::Csv | Format::Yaml if !self.is_empty => String::new(),
            _ if self.is_empty => "[]\n".to_owned(),
            _ => "\n]\n".to_owned(),
        };
        self.write(&end)?;
        super::written(self.stdout.flush())
    }

    fn write(&mut self, text: &str) -> Result<(), CliError> {
        if !io::stdout().is_terminal() {
            return super::written(self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush()));
        }
        let text = plain::plain_lines(&text.replace('\r', "")).into_owned();
        super::written(progress::above(|| self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush())))
    }
}
