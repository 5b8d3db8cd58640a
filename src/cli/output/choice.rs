//! Which format and which colours: flags, variables, and the terminal.

use std::ffi::OsString;
use std::io::IsTerminal;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::format::Format;
use crate::cli::error::CliError;
use crate::cli::setting::Setting;

/// The environment variable with a format.
const VARIABLE: &str = "DCI_OUTPUT";

/// A format, or `auto`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::cli) enum FormatChoice {
    Auto,
    Only(Format),
}

impl FormatChoice {
    /// The value of the environment variable; `None` if it is not set.
    pub fn from_env() -> Result<Option<Self>, CliError> {
        let Some(setting) = Setting::from_env(VARIABLE) else { return Ok(None) };
        let choice = setting.text().ok().and_then(|name| Self::from_str(name, true).ok());
        let names = || {
            let values = Self::value_variants().iter().filter_map(Self::to_possible_value);
            values.map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        let invalid = || {
            CliError::usage(format!("{VARIABLE}: invalid format {:?}", setting.shown()))
                .hint(format!("Set {VARIABLE} to one of {}, or unset it.", names()))
        };
        choice.map(Some).ok_or_else(invalid)
    }

    /// Replaces `auto` by the format that suits stdout.
    pub(super) fn resolve(self) -> Format {
        match self {
            Self::Auto if std::io::stdout().is_terminal() => Format::Table,
            Self::Auto => Format::Json,
            Self::Only(format) => format,
        }
    }
}

impl ValueEnum for FormatChoice {
    fn value_variants<'a>() -> &'a [Self] {
        use Format::{Csv, Json, Table, Toon, Yaml};
        &[Self::Auto, Self::Only(Table), Self::Only(Json), Self::Only(Yaml), Self::Only(Csv), Self::Only(Toon)]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            // An empty flag counts as not given, like an empty variable.
            Self::Auto => Some(PossibleValue::new("auto").alias("").help("Table at a terminal, otherwise JSON")),
            Self::Only(format) => format.to_possible_value(),
        }
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// At a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Guesses `--output` and `--color` from the raw arguments, so that usage errors use them.
pub(super) fn guess(args: &[OsString]) -> (Format, Color) {
    let format = match last_value(args, "--output", Some("-o")) {
        Some(name) => FormatChoice::from_str(name, false).ok(),
        None => FormatChoice::from_env().ok().flatten(),
    };
    let color = last_value(args, "--color", None).and_then(|name| Color::from_str(name, false).ok());
    (format.unwrap_or(FormatChoice::Auto).resolve(), color.unwrap_or(Color::Auto))
}

/// The last value of a flag, in each form that clap accepts.
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
