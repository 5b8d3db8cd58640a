//! The rows of a run: shown as they come, where the form allows it.

use serde_json::Value;

use super::row::Row;
use super::row_text::RowText;
use super::writer::Writer;
use super::{CliError, Format, Output, Report, format};

/// The rows of a run, in their order.
pub(in crate::cli) struct Rows {
    form: Form,
    /// Why no more rows can be shown.
    problem: Option<CliError>,
}

enum Form {
    /// A person reads what went wrong.
    Failures(Vec<String>),
    Stream {
        text: RowText,
        writer: Writer,
    },
    /// The width of columns and the count in a header are known when all rows are.
    Whole(Vec<Value>),
}

impl Form {
    fn stream(text: RowText) -> Self {
        Self::Stream { text, writer: Writer::start() }
    }
}

impl Rows {
    pub(super) fn new(output: &Output) -> Self {
        let mut rows = Self { form: Form::Whole(Vec::new()), problem: None };
        match output.format {
            Format::Table if output.columns.is_chosen() => {}
            Format::Table => rows.form = Form::Failures(Vec::new()),
            Format::Toon => {}
            Format::Json => rows.form = Form::stream(RowText::json()),
            Format::Yaml => rows.form = Form::stream(RowText::yaml()),
            Format::Csv => match output.columns.choose(&Row::columns()) {
                Ok(columns) => rows.form = Form::stream(RowText::csv(columns)),
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
            Form::Stream { text, .. } => text.add(row),
            Form::Whole(rows) => format::value(row).map(|value| rows.push(value)),
        };
        self.problem = added.err();
    }

    /// Whether there are rows that are not shown yet, and that the form allows to show.
    pub fn are_to_be_shown(&self) -> bool {
        matches!(&self.form, Form::Stream { text, .. } if !text.is_empty())
    }

    /// Shows them.
    pub fn show(&mut self) {
        if let Form::Stream { text, writer } = &mut self.form {
            writer.write(text.take());
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

    fn report(self, summary: Option<String>, ending: Option<CliError>) -> Report {
        let shown = match (self.form, self.problem) {
            (Form::Stream { mut text, writer }, problem) => {
                let ended = text.end();
                writer.write(text.take());
                let written = writer.end();
                match problem.map_or(ended.and(written), Err) {
                    Ok(()) => Report::nothing(),
                    Err(problem) => Report::unwritable(problem),
                }
            }
            (_, Some(problem)) => Report::unwritable(problem),
            (Form::Failures(lines), None) => Report::of_words(lines.into_iter().chain(summary).collect()),
            (Form::Whole(rows), None) => Report::of_rows(rows, Row::columns()),
        };
        ending.into_iter().fold(shown, Report::ending_with)
    }
}
