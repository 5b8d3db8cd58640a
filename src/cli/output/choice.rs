use std::io::IsTerminal;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::error::CliError;
use crate::cli::setting::Setting;

/// The environment variable with a format.
const VARIABLE: &str = "DCI_OUTPUT";

/// The form of results and errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    Table,
    /// What the server sent, indented
    Json,
    /// The same as YAML
    Yaml,
    /// A line of names, then a line for each row
    Csv,
    /// Token-Oriented Object Notation, short for language models
    Toon,
}

/// A format, or the one that suits where stdout goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::cli) enum FormatChoice {
    Auto,
    Only(Format),
}

impl FormatChoice {
    /// The one that the environment names, if it does.
    pub fn from_env() -> Result<Option<Self>, CliError> {
        let Some(setting) = Setting::from_env(VARIABLE) else { return Ok(None) };
        let read = setting.text().ok().and_then(|name| Self::from_str(name, true).ok());
        let known = || {
            Self::value_variants()
                .iter()
                .filter_map(Self::to_possible_value)
                .map(|value| value.get_name().to_owned())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let refused = || {
            CliError::usage(format!("{VARIABLE}: invalid format {:?}", setting.shown()))
                .hint(format!("Set {VARIABLE} to one of {}, or unset it.", known()))
        };
        read.map(Some).ok_or_else(refused)
    }

    pub(super) fn settled(self) -> Format {
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
            // An empty flag counts as none, as an empty variable does.
            Self::Auto => Some(PossibleValue::new("auto").alias("").help("Table at a terminal, otherwise JSON")),
            Self::Only(format) => format.to_possible_value(),
        }
    }
}

/// When to colour what is shown.
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

impl From<Color> for clap::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}
