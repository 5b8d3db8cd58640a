//! The only place that prints. stdout gets the result and nothing else; everything else goes to stderr.

mod choice;
mod format;
mod plain;
mod report;

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

use choice::Format;
pub(super) use choice::{Color, FormatChoice};
pub(super) use plain::plain;
pub(super) use report::Report;

use super::error::CliError;

/// How this run shows things, and where.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    color: Color,
    quiet: bool,
}

impl Output {
    pub fn new(format: FormatChoice, color: Color, quiet: bool) -> Self {
        Self { format: format.settled(), color, quiet }
    }

    /// What arguments that are not parsed yet seem to ask for: if they turn out to be wrong, that is to be shown in
    /// the right form too.
    pub fn for_wrong_arguments(args: &[OsString]) -> Self {
        let environment = std::env::var("DCI_OUTPUT").ok();
        let format = last_value(args, "--output", Some("-o")).or(environment.as_deref());
        let format = format.and_then(|name| FormatChoice::from_str(name, false).ok());
        let color = last_value(args, "--color", None).and_then(|name| Color::from_str(name, false).ok());
        Self::new(format.unwrap_or(FormatChoice::Auto), color.unwrap_or(Color::Auto), false)
    }

    pub fn color(&self) -> Color {
        self.color
    }

    /// Shows the result of a command.
    pub fn report(&self, report: &Report) -> Result<(), CliError> {
        let Some(mut text) = report.render(self.format)? else { return Ok(()) };
        if io::stdout().is_terminal() {
            text = plain::plain_lines(&text).into_owned();
        }
        write(io::stdout(), &text)
    }

    /// Shows help or the version, as clap styles it.
    pub fn help(&self, help: &clap::Error) -> Result<(), CliError> {
        let stdout = AutoStream::new(io::stdout(), self.color.into());
        write(stdout, help.render().ansi().to_string().trim_end())
    }

    /// Says something beside the result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.stderr(&plain(text));
        }
    }

    /// Says what failed: for a person what, why and what to do next, otherwise the error object.
    pub fn error(&self, error: &CliError) {
        if self.format != Format::Table {
            return self.stderr(&format::indented(&error.object().to_string()));
        }
        if let Some(clap_error) = error.as_clap() {
            let text = clap_error.render();
            let escaped = plain::plain_lines(&text.to_string()).into_owned();
            let is_harmless = escaped == text.to_string();
            let text = if is_harmless { text.ansi().to_string() } else { escaped };
            return self.stderr(text.trim_end());
        }
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let dim = Style::new().dimmed();
        let bold = Style::new().bold();
        let what = format!("{red}error:{red:#} {}", plain(&error.sentence()));
        let details = error.details().map(|details| format!("       {dim}{}{dim:#}", plain(&details)));
        let hints = error.hints().iter().map(|hint| format!("{bold}hint:{bold:#}  {}", plain(hint)));
        let lines: Vec<String> = [Some(what), details].into_iter().flatten().chain(hints).collect();
        self.stderr(&lines.join("\n"));
    }

    fn stderr(&self, text: &str) {
        // There is nowhere left to say that stderr is closed.
        let _ = writeln!(AutoStream::new(io::stderr(), self.color.into()), "{text}");
    }
}

/// stderr for lines that others compose.
pub(super) struct PlainStderr;

impl Write for PlainStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(plain::plain_lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The value that a flag is given last, in any of the ways in which clap takes one.
fn last_value<'a>(args: &'a [OsString], long: &str, short: Option<&str>) -> Option<&'a str> {
    let mut value = None;
    let mut args = args.iter().map_while(|arg| arg.to_str()).take_while(|arg| *arg != "--");
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

/// Shows one line on stdout at once, whatever the format.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    write(io::stdout(), &plain(text))
}

/// Writes the text and a line end. Whoever closed the pipe has read enough.
fn write(mut stream: impl Write, text: &str) -> Result<(), CliError> {
    match writeln!(stream, "{text}").and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::other(format!("the command succeeded, but its result cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
