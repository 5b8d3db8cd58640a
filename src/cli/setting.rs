use std::ffi::OsString;

use super::error::CliError;
use crate::client::ConfigError;

/// A value, and the flag or variable that it comes from. It is checked where it is used.
#[derive(Debug)]
pub(super) struct Setting {
    value: OsString,
    /// Where it comes from, such as `--tenant`.
    pub source: &'static str,
}

impl Setting {
    pub fn new(value: impl Into<OsString>, source: &'static str) -> Self {
        Self { value: value.into(), source }
    }

    /// The value of a variable, trimmed; `None` if it is empty.
    pub fn from_env(variable: &'static str) -> Option<Self> {
        let value = std::env::var_os(variable)?;
        let value = match value.to_str() {
            Some(text) => text.trim().into(),
            None => value,
        };
        Some(Self::new(value, variable)).filter(|setting| !setting.value.is_empty())
    }

    pub fn text(&self) -> Result<&str, CliError> {
        self.value.to_str().ok_or_else(|| self.refused(&ConfigError::NotUnicode(self.source)))
    }

    /// The value for a message.
    pub fn shown(&self) -> String {
        self.value.to_string_lossy().into_owned()
    }

    /// An error about the value, with a hint that names its source.
    pub fn refused(&self, error: &ConfigError) -> CliError {
        CliError::config(error).hint(format!("Fix {}.", self.source))
    }
}
