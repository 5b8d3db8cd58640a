use std::ffi::OsStr;
use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};

/// Accepts only the values of one of the spec's enums; help and completion list them.
#[derive(Clone, Copy)]
pub(super) struct SpecEnum<T: 'static>(pub &'static [T]);

impl<T: Clone + Display + FromStr + Send + Sync> TypedValueParser for SpecEnum<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let names = PossibleValuesParser::new(self.0.iter().map(ToString::to_string));
        let name = names.parse_ref(command, argument, value)?;
        name.parse().map_err(|_| command.clone().error(clap::error::ErrorKind::InvalidValue, name))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(|value| PossibleValue::new(value.to_string()))))
    }
}
