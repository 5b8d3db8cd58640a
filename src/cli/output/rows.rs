//! The rows of a run, printed as they come if the format allows it.

use serde_json::Value;

use super::format::{self, RowStream};
use super::row::Row;
use super::row_lines::RowLines;
use super::writer::Writer;
use super::{CliError, Output, Report};

/// The rows of a run, in the order of its targets.
pub(in crate::cli) struct Rows {
    form: Form,
    /// Why rows can no longer be written.
    problem: Option<CliError>,
}

enum Form {
    /// For people: lines for some rows, printed at the end.
    Lines(RowLines),
    /// Printed as they come.
    Stream { stream: Box<dyn RowStream>, text: Vec<u8>, writer: Writer },
    /// Printed at the end.
    Whole(Vec<Value>),
}

impl Rows {
    pub(super) fn new(output: &Output) -> Self {
        if output.is_for_people() && !output.columns.are_given() {
            return Self { form: Form::Lines(RowLines::default()), problem: None };
        }
        let stream = output.columns.select(&Row::columns()).map(|columns| output.format.row_stream(columns));
        match stream {
            Ok(Some(stream)) => {
                let form = Form::Stream { stream, text: Vec::new(), writer: Writer::start() };
                Self { form, problem: None }
            }
            Ok(None) => Self { form: Form::Whole(Vec::new()), problem: None },
            Err(unknown_column) => Self { form: Form::Whole(Vec::new()), problem: Some(unknown_column) },
        }
    }

    pub fn add(&mut self, row: &Row<'_>) {
        if self.problem.is_some() {
            return;
        }
        let added = match &mut self.form {
            Form::Lines(lines) => {
                lines.add(row);
                Ok(())
            }
            Form::Stream { stream, text, .. } => stream.add(row, text),
            Form::Whole(rows) => format::to_value(row).map(|value| rows.push(value)),
        };
        self.problem = added.err();
    }

    /// Whether `flush` has something to print.
    pub fn has_unprinted(&self) -> bool {
        matches!(&self.form, Form::Stream { text, .. } if !text.is_empty())
    }

    /// Prints the rows added since the last flush.
    pub fn flush(&mut self) {
        if let Form::Stream { text, writer, .. } = &mut self.form {
            writer.write(std::mem::take(text));
        }
    }

    /// The report of a run in which every target succeeded.
    pub fn into_report(self, summary: String) -> Report {
        self.report(Some(summary))
    }

    /// The report of a run that ends with an error.
    pub fn into_report_of_failure(self, error: CliError) -> Report {
        self.report(None).with_error(error)
    }

    fn report(self, summary: Option<String>) -> Report {
        match (self.form, self.problem) {
            (Form::Stream { mut stream, mut text, writer }, problem) => {
                let ended = stream.end(&mut text);
                writer.write(text);
                let written = writer.end();
                match problem.map_or(ended.and(written), Err) {
                    Ok(()) => Report::nothing(),
                    Err(problem) => Report::unwritable(problem),
                }
            }
            (_, Some(problem)) => Report::unwritable(problem),
            (Form::Lines(lines), None) => Report::words(lines.into_texts().chain(summary).collect()),
            (Form::Whole(rows), None) => Report::rows(rows, Row::columns()),
        }
    }
}
