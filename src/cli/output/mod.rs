//! The only place that prints. stdout gets the result and nothing else; everything else goes to stderr.

mod choice;
mod columns;
mod exact;
mod format;
mod list;
mod moment;
mod progress;
mod report;
mod row;
mod row_text;
mod rows;
mod table;
mod writer;

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use clap::builder::Styles;
use serde_json::{Value, json};

use choice::Format;
pub(super) use choice::{Color, FormatChoice};
pub(super) use columns::Column;
pub(super) use list::List;
pub(super) use moment::in_local_time;
pub(super) use progress::{Progress, is_run_shown};
pub(super) use report::Report;
pub(super) use row::{FAILED, Row};
pub(super) use rows::Rows;

use columns::{Columns, documented};
use report::Rendered;
use row_text::RowText;

use super::error::CliError;
use super::escape::{self, escape};
use super::help::page;
use crate::client::RunId;
use crate::operation::Operation;

/// How many of the things that a question is about are listed.
const MAX_LISTED: usize = 50;

/// How this run shows things, and where.
#[derive(Clone, Debug)]
pub(super) struct Output {
    format: Format,
    color: Color,
    quiet: bool,
    columns: Columns,
}

impl Output {
    /// As the flags ask for; no `columns` means all.
    pub fn new(format: FormatChoice, color: Color, quiet: bool, columns: Vec<String>) -> Result<Self, CliError> {
        let format = format.settled();
        if !columns.is_empty() && !matches!(format, Format::Table | Format::Csv) {
            return Err(CliError::usage("--columns is for tables and CSV").hint("Add --output csv, or table."));
        }
        Ok(Self { format, color, quiet, columns: Columns(columns) })
    }

    /// What arguments that are not parsed yet seem to ask for: if they turn out to be wrong, that is to be shown in
    /// the right form too.
    pub fn for_wrong_arguments(args: &[OsString]) -> Self {
        let format = match last_value(args, "--output", Some("-o")) {
            Some(name) => FormatChoice::from_str(name, false).ok(),
            None => FormatChoice::from_env().ok().flatten(),
        };
        let color = last_value(args, "--color", None).and_then(|name| Color::from_str(name, false).ok());
        let format = format.unwrap_or(FormatChoice::Auto).settled();
        Self { format, color: color.unwrap_or(Color::Auto), quiet: false, columns: Columns(Vec::new()) }
    }

    /// Refuses columns that the answer to an operation will not have, before anything is sent.
    pub fn check_columns_of(&self, operation: &Operation) -> Result<(), CliError> {
        self.check_columns(|| documented(operation, None))
    }

    /// The same for these columns.
    pub fn check_columns(&self, known: impl FnOnce() -> Vec<Column>) -> Result<(), CliError> {
        if self.columns.is_chosen() {
            self.columns.choose(&known())?;
        }
        Ok(())
    }

    pub fn color(&self) -> Color {
        self.color
    }

    /// Whether the result is shown in words and tables, and not in the properties that the server sent.
    pub fn is_for_people(&self) -> bool {
        self.format == Format::Table
    }

    /// Whether this column, which the server does not send, is shown.
    pub fn shows_column(&self, name: &str) -> bool {
        match self.format {
            Format::Table if !self.columns.is_chosen() => true,
            Format::Table | Format::Csv => self.columns.0.iter().any(|column| column.trim().eq_ignore_ascii_case(name)),
            Format::Json | Format::Yaml | Format::Toon => false,
        }
    }

    /// The name of the form of results.
    pub fn format_name(&self) -> String {
        self.format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Shows the result of a command, and ends as it does.
    pub fn report(&self, report: Report) -> Result<(), CliError> {
        let (content, ending) = report.into_parts();
        let shown = content.render(self.format, &self.columns).and_then(|rendered| self.show(rendered));
        match (shown, ending) {
            (Err(unwritable), Err(ending)) => {
                self.error(&unwritable);
                Err(ending)
            }
            (shown, ending) => shown.and(ending),
        }
    }

    /// Data goes straight to stdout: a stream that may take styles out would take them out of it too.
    fn show(&self, rendered: Option<Rendered>) -> Result<(), CliError> {
        let is_terminal = io::stdout().is_terminal();
        match rendered {
            None => Ok(()),
            Some(Rendered::Text(text)) if self.format == Format::Table => write(self.stdout(), &text),
            Some(Rendered::Text(text)) if is_terminal => {
                written(io::stdout().write_all(escape::data_at_terminal(&(text + "\n")).as_bytes()))
            }
            Some(Rendered::Text(text)) => write(io::stdout(), &text),
            Some(Rendered::Json(value)) => {
                let mut stdout = BufWriter::new(io::stdout());
                let shown = format::write_json(&mut stdout, &value).map_err(io::Error::from);
                written(shown.and_then(|()| writeln!(stdout)).and_then(|()| stdout.flush()))
            }
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

    /// The rows of a run, to be shown as they come.
    pub fn rows(&self) -> Rows {
        Rows::new(self)
    }

    /// Shows help or the version, as clap styles it.
    pub fn help(&self, help: &clap::Error) -> Result<(), CliError> {
        let mut text = help.render().ansi().to_string();
        if !self.colors_stdout() && text.contains('\u{1b}') {
            text = anstream::adapter::strip_str(&text).to_string();
        }
        let text = text.trim_end();
        if io::stdout().is_terminal() && page(text) {
            return Ok(());
        }
        // Only colours need more than a stream.
        if self.colors_stdout() { write(self.stdout(), text) } else { write(io::stdout(), text) }
    }

    /// How clap is to style help. To style what is shown plain takes a third of the time of the short help.
    pub fn help_styles(&self) -> Styles {
        if self.colors_stdout() { Styles::styled() } else { Styles::plain() }
    }

    fn colors_stdout(&self) -> bool {
        self.stdout().current_choice() != anstream::ColorChoice::Never
    }

    fn stdout(&self) -> AutoStream<io::Stdout> {
        AutoStream::new(io::stdout(), self.color.into())
    }

    /// Says something beside the result, to a person.
    pub fn note(&self, text: &str) {
        if !self.quiet && (self.is_for_people() || io::stderr().is_terminal()) {
            self.stderr(&escape(text));
        }
    }

    /// Says what a command cannot go on without, whatever else is shown.
    pub fn say(&self, text: &str) {
        self.stderr(&escape::escape_lines(text));
    }

    /// Says that a run begins, so that it can be gone on with whatever happens to this program.
    pub fn run_begins(&self, id: RunId, targets: usize) {
        match self.format {
            _ if self.quiet => {}
            Format::Table => self.note(&format!("Run {id}: {targets} to do.")),
            _ => self.stderr(&json!({ "run": { "id": id.to_string(), "targets": targets } }).to_string()),
        }
    }

    /// Shows how far a run has come, at a terminal.
    pub fn progress(&self, targets: usize) -> Progress {
        Progress::start(targets, self.quiet)
    }

    /// Shows, at a terminal, that something is waited for, from half a second on until this is dropped.
    pub async fn wait(&self) -> Infallible {
        progress::wait(self.quiet).await
    }

    /// Says what failed: for a person what, why and what to do next, otherwise the error object.
    pub fn error(&self, error: &CliError) {
        if self.format != Format::Table {
            // Its texts hold nothing that a stream takes for styles.
            return self.stderr(&format::json(&error.object()));
        }
        if let Some(clap_error) = error.as_clap() {
            let text = clap_error.render().ansi().to_string();
            return self.stderr(escape::escape_styled(&text).trim_end());
        }
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let dim = Style::new().dimmed();
        let bold = Style::new().bold();
        let what = format!("{red}error:{red:#} {}", escape(&error.sentence()));
        let details = error.details().map(|details| format!("       {dim}{}{dim:#}", escape(&details)));
        let hints = error.hints().iter().map(|hint| format!("{bold}hint:{bold:#}  {}", escape(hint)));
        let lines: Vec<String> = [Some(what), details].into_iter().flatten().chain(hints).collect();
        self.stderr(&lines.join("\n"));
    }

    fn stderr(&self, text: &str) {
        // There is nowhere left to say that stderr is closed.
        progress::above(|| {
            let _ = writeln!(AutoStream::new(io::stderr(), self.color.into()), "{text}");
        });
    }
}

/// Rows as the program shows them with `--output`; none where there is no such format, or it is for people.
///
/// ```
/// let row = serde_json::json!({ "target": "3f2a9c", "outcome": "resent" });
/// assert_eq!(dci::cli::rows_in("csv", &[row]).as_deref(), Some("target,outcome\r\n3f2a9c,resent\r\n"));
/// ```
#[must_use]
pub fn rows_in(format: &str, rows: &[Value]) -> Option<String> {
    let mut text = match Format::from_str(format, false).ok()? {
        Format::Json => RowText::json(),
        Format::Yaml => RowText::yaml(),
        Format::Csv => RowText::csv(columns::with_those_of(Vec::new(), rows)),
        Format::Toon => return format::toon(rows.into()).ok(),
        Format::Table => return None,
    };
    rows.iter().try_for_each(|row| text.add(row)).and_then(|()| text.end()).ok()?;
    Some(text.take())
}

/// stderr for lines that others compose.
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

/// The value that a flag is given last, in any of the ways in which clap takes one.
fn last_value<'a>(args: &'a [OsString], long: &str, short: Option<&str>) -> Option<&'a str> {
    let mut value = None;
    let mut args = args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        if arg == long || Some(arg) == short {
            value = args.next().or(value);
        } else if let Some(joined) = arg.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            value = Some(joined);
        } else if let Some(joined) = short.and_then(|short| arg.strip_prefix(short)) {
            value = Some(joined.strip_prefix('=').unwrap_or(joined));
        }
    }
    value
}

/// Asks about these things; the answer is read elsewhere.
pub(super) fn question(question: &str, things: &[String]) {
    let mut lines: Vec<String> = things.iter().take(MAX_LISTED).map(|thing| format!("  {}", escape(thing))).collect();
    if things.len() > MAX_LISTED {
        lines.push(format!("  … and {} more", things.len() - MAX_LISTED));
    }
    lines.push(format!("{} [y/N] ", escape(question)));
    let mut stderr = io::stderr();
    let _ = stderr.write_all(lines.join("\n").as_bytes()).and_then(|()| stderr.flush());
}

/// Ends the line of a question that was not answered.
pub(super) fn answered() {
    let _ = writeln!(io::stderr());
}

/// Shows one line on stdout at once, whatever the format.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    write(io::stdout(), &escape(text))
}

/// Shows a text on stdout as it is, whatever the format; nothing if it is empty.
pub(super) fn text(text: &str) -> Result<(), CliError> {
    if text.is_empty() { Ok(()) } else { write(io::stdout(), text.trim_end()) }
}

/// Writes the text and a line end.
fn write(mut stream: impl Write, text: &str) -> Result<(), CliError> {
    written(writeln!(stream, "{text}").and_then(|()| stream.flush()))
}

/// What came of writing. Whoever closed the pipe has read enough.
fn written(outcome: io::Result<()>) -> Result<(), CliError> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::other(format!("the command was done, but its result cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
