//! The only place that prints. The result goes to stdout, everything else to stderr.

mod choice;
mod columns;
mod exact;
mod format;
mod list;
mod local_time;
mod pager;
mod progress;
mod report;
mod row;
mod row_lines;
mod rows;
mod writer;

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use clap::builder::Styles;
use serde_json::{Value, json};

pub(super) use choice::{Color, FormatChoice};
pub(super) use columns::{Column, ColumnStyle, from_spec};
pub(super) use list::List;
pub(super) use local_time::in_local_time;
pub(super) use progress::{Progress, is_run_shown};
pub(super) use report::Report;
pub(super) use row::{FAILED, Row, SKIPPED};
pub(super) use rows::Rows;

use columns::Columns;
use format::{Format, Writer};
use report::Rendered;

use super::error::CliError;
use super::escape::{self, escape};
use crate::client::RunId;
use crate::operation::Operation;

/// The width of a terminal that does not know its own.
const DEFAULT_WIDTH: u16 = 80;

/// Where and how this command prints.
#[derive(Clone, Debug)]
pub(super) struct Output {
    format: Format,
    color: Color,
    quiet: bool,
    columns: Columns,
}

impl Output {
    /// The output that the flags ask for; no `columns` means all.
    pub fn new(format: FormatChoice, color: Color, quiet: bool, columns: Vec<String>) -> Result<Self, CliError> {
        let format = format.resolve();
        if !columns.is_empty() && !matches!(format.writer(), Writer::Rows(_)) {
            return Err(CliError::usage("--columns applies to tables and CSV only").hint("Add --output csv or table."));
        }
        Ok(Self { format, color, quiet, columns: Columns(columns) })
    }

    /// The output for usage errors: the arguments are not parsed yet.
    pub fn before_parsing(args: &[OsString]) -> Self {
        let (format, color) = choice::guess(args);
        Self { format, color, quiet: false, columns: Columns(Vec::new()) }
    }

    /// Checks `--columns` against an operation's response, before anything is sent.
    pub fn check_columns_of(&self, operation: &Operation) -> Result<(), CliError> {
        self.check_columns(|| from_spec(operation, None))
    }

    /// Checks `--columns` against the known columns.
    pub fn check_columns(&self, known: impl FnOnce() -> Vec<Column>) -> Result<(), CliError> {
        if self.columns.are_given() {
            self.columns.select(&known())?;
        }
        Ok(())
    }

    /// Whether the result is text and tables for people, not the values that the server sent.
    pub fn is_for_people(&self) -> bool {
        self.format == Format::Table
    }

    /// Whether to show a column that the server does not send.
    pub fn shows_column(&self, name: &str) -> bool {
        if self.columns.are_given() { self.columns.contain(name) } else { self.is_for_people() }
    }

    pub fn format_name(&self) -> String {
        self.format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Prints the result of a command, and ends as the command does.
    pub fn report(&self, report: Report) -> Result<(), CliError> {
        let (content, ending) = report.into_parts();
        let printed = content.render(self.format, &self.columns).and_then(|rendered| self.print(rendered));
        match (printed, ending) {
            (Err(unwritable), Err(ending)) => {
                self.error(&unwritable);
                Err(ending)
            }
            (printed, ending) => printed.and(ending),
        }
    }

    /// Data goes to stdout without the stream that removes styles: it would remove them from the data too.
    fn print(&self, rendered: Option<Rendered>) -> Result<(), CliError> {
        let is_terminal = io::stdout().is_terminal();
        match rendered {
            None => Ok(()),
            Some(Rendered::Text(text)) if self.is_for_people() => write(self.stdout(), &text),
            Some(Rendered::Text(text)) if is_terminal => {
                written(io::stdout().write_all(escape::data_at_terminal(&(text + "\n")).as_bytes()))
            }
            Some(Rendered::Text(text)) => write(io::stdout(), &text),
            Some(Rendered::Body(body)) => {
                let body = body.strip_suffix(b"\n").unwrap_or(&body);
                if is_terminal {
                    return write(io::stdout(), &escape::bytes_at_terminal(body));
                }
                let mut stdout = io::stdout();
                written(stdout.write_all(body).and_then(|()| writeln!(stdout)).and_then(|()| stdout.flush()))
            }
        }
    }

    /// The rows of a run, which are printed as they come if the format allows it.
    pub fn rows(&self) -> Rows {
        Rows::new(self)
    }

    /// Prints help or the version.
    pub fn help(&self, help: &clap::Error) -> Result<(), CliError> {
        let mut text = help.render().ansi().to_string();
        if !self.colors_stdout() && text.contains('\u{1b}') {
            text = anstream::adapter::strip_str(&text).to_string();
        }
        let text = text.trim_end();
        if io::stdout().is_terminal() && pager::show(text) {
            return Ok(());
        }
        if self.colors_stdout() { write(self.stdout(), text) } else { write(io::stdout(), text) }
    }

    /// The styles for help. Plain ones are not only a matter of taste: styling text and removing the styles again takes a
    /// third of the time of the short help.
    pub fn help_styles(&self) -> Styles {
        if self.colors_stdout() { Styles::styled() } else { Styles::plain() }
    }

    pub fn colors_stderr(&self) -> bool {
        AutoStream::new(io::stderr(), self.color.into()).current_choice() != anstream::ColorChoice::Never
    }

    fn colors_stdout(&self) -> bool {
        self.stdout().current_choice() != anstream::ColorChoice::Never
    }

    fn stdout(&self) -> AutoStream<io::Stdout> {
        AutoStream::new(io::stdout(), self.color.into())
    }

    /// Prints a note for people to stderr.
    pub fn note(&self, text: &str) {
        if !self.quiet && (self.is_for_people() || io::stderr().is_terminal()) {
            self.stderr(&escape(text));
        }
    }

    /// Prints instructions that the user needs, in every format and with `--quiet`.
    pub fn say(&self, text: &str) {
        self.stderr(&escape::escape_lines(text));
    }

    /// Prints the id of a run before its first call, so that the run can be resumed even after a crash.
    pub fn run_begins(&self, id: RunId, targets: usize) {
        if self.is_for_people() {
            self.note(&format!("Run {id}: {targets} to do."));
        } else if !self.quiet {
            self.stderr(&json!({ "run": { "id": id.to_string(), "targets": targets } }).to_string());
        }
    }

    /// Shows the progress of a run, at a terminal.
    pub fn progress(&self, targets: usize) -> Progress {
        Progress::start(targets, self.quiet)
    }

    /// Shows a spinner at a terminal after half a second, until this is dropped.
    pub async fn wait(&self) -> Infallible {
        progress::wait(self.quiet).await
    }

    /// Prints an error: for people what failed, why, and what to do; otherwise the error object.
    pub fn error(&self, error: &CliError) {
        if !self.is_for_people() {
            // One line, for log collectors and `read`.
            return self.stderr(&escape::json_escaped(&error.object().to_string()));
        }
        if let Some(clap_error) = &error.arguments {
            let text = clap_error.render().ansi().to_string();
            return self.stderr(escape::escape_styled(&text).trim_end());
        }
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let dim = Style::new().dimmed();
        let bold = Style::new().bold();
        let sentence = format!("{red}error:{red:#} {}", escape(&error.sentence()));
        let details = error.details().map(|details| format!("       {dim}{}{dim:#}", escape(&details)));
        let hints = error.hints().iter().map(|hint| format!("{bold}hint:{bold:#}  {}", escape(hint)));
        let lines: Vec<String> = std::iter::once(sentence).chain(details).chain(hints).collect();
        self.stderr(&lines.join("\n"));
    }

    fn stderr(&self, text: &str) {
        // If stderr is closed, there is no place to report it.
        progress::above(|| {
            // One write, so that the lines of several processes do not mix.
            let _ = AutoStream::new(io::stderr(), self.color.into()).write_all(format!("{text}\n").as_bytes());
        });
    }
}

/// Writes log lines to stderr, escaped.
pub(super) struct PlainStderr;

impl Write for PlainStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        progress::above(|| io::stderr().write_all(escape::escape_lines(&text).as_bytes()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Lays out rows in aligned lines that fit the terminal of stderr and leave some of its columns free.
pub(super) fn lines_on_stderr(rows: &[Value], columns: &[Column], free: u16) -> Vec<String> {
    let width = terminal_size::terminal_size_of(io::stderr()).map_or(DEFAULT_WIDTH, |(width, _)| width.0);
    format::table_lines(rows, columns, width.saturating_sub(free))
}

/// Prints these lines and a yes-or-no question, without a line end.
pub(super) fn prompt(question: &str, lines: &[String]) {
    let lines = lines.iter().map(|line| format!("{}\n", escape(line)));
    let text = lines.chain([format!("{} [y/N] ", escape(question))]).collect::<String>();
    let mut stderr = io::stderr();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Ends the line of a prompt that got no response.
pub(super) fn end_prompt() {
    let _ = writeln!(io::stderr());
}

/// Prints one line to stdout at once, in every format.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    write(io::stdout(), &escape(text))
}

/// Prints a text to stdout unescaped, in every format. Prints nothing if it is empty.
pub(super) fn text(text: &str) -> Result<(), CliError> {
    if text.is_empty() { Ok(()) } else { write(io::stdout(), text.trim_end()) }
}

/// Writes the text and a line end.
fn write(mut stream: impl Write, text: &str) -> Result<(), CliError> {
    written(writeln!(stream, "{text}").and_then(|()| stream.flush()))
}

/// The result of writing to stdout. A closed pipe is not an error: its reader has read enough.
fn written(outcome: io::Result<()>) -> Result<(), CliError> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::other(format!("the command ran, but its result cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
