//! The rows of a run: shown as they come, where the form allows it.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

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
    writer: Writer,
}

/// Writes to stdout in a thread of its own: calls go on while whoever reads it takes their time.
struct Writer {
    texts: mpsc::Sender<String>,
    thread: JoinHandle<io::Result<()>>,
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

    /// Whether there are rows that are not shown yet, and that the form allows to show.
    pub fn are_to_be_shown(&self) -> bool {
        matches!(&self.form, Form::Stream(stream) if !stream.text.is_empty())
    }

    /// Shows them.
    pub fn show(&mut self) {
        if let Form::Stream(stream) = &mut self.form {
            stream.show();
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
            (Form::Stream(stream), problem) => {
                let shown = stream.end();
                match problem.map_or(shown, Err) {
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

impl Stream {
    fn new(form: Streamed) -> Self {
        Self { form, text: Vec::new(), writer: Writer::start() }
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
        self.show();
        self.writer.end()
    }

    fn show(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let text = match &self.form {
            Streamed::Json(_) => format::with_escapes(text),
            _ => text,
        };
        self.writer.write(text.into_owned());
        self.text.clear();
    }
}

impl Writer {
    fn start() -> Self {
        let (texts, received) = mpsc::channel();
        let is_terminal = io::stdout().is_terminal();
        let write_all = move || if is_terminal { at_terminal(&received) } else { received.iter().try_for_each(write) };
        Self { texts, thread: thread::spawn(write_all) }
    }

    /// What cannot be written is told in the end.
    fn write(&self, text: String) {
        let _ = self.texts.send(text);
    }

    fn end(self) -> Result<(), CliError> {
        drop(self.texts);
        super::written(self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing broke off"))))
    }
}

/// Only whole lines, since the progress is shown in the line after them.
fn at_terminal(texts: &mpsc::Receiver<String>) -> io::Result<()> {
    let mut begun = String::new();
    for text in texts {
        begun.push_str(&text);
        let rest = begun.split_off(begun.rfind('\n').map_or(0, |end| end + 1));
        let lines = std::mem::replace(&mut begun, rest);
        progress::above(|| write(plain::plain_lines(&lines.replace('\r', ""))))?;
    }
    write(begun)
}

fn write(text: impl AsRef<str>) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_ref().as_bytes()).and_then(|()| stdout.flush())
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
