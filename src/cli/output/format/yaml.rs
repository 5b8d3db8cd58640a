//! YAML.

use serde_json::Value;

use super::{RowStream, to_value, unwritable, without_line_end};
use crate::cli::error::CliError;
use crate::cli::output::exact::with_exact_numbers;
use crate::cli::output::row::Row;

pub(super) fn text(value: Value) -> Result<String, CliError> {
    let write = |value: &Value| serde_saphyr::to_string(value).map_err(|error| unwritable("YAML", &error));
    with_exact_numbers(value, write).map(without_line_end)
}

/// A sequence that is written element by element.
#[derive(Default)]
pub(super) struct YamlStream {
    has_rows: bool,
}

impl RowStream for YamlStream {
    fn add(&mut self, row: &Row<'_>, text: &mut Vec<u8>) -> Result<(), CliError> {
        self.has_rows = true;
        text.extend_from_slice(self::text(vec![to_value(row)?].into())?.as_bytes());
        text.push(b'\n');
        Ok(())
    }

    fn end(&mut self, text: &mut Vec<u8>) -> Result<(), CliError> {
        if !self.has_rows {
            text.extend_from_slice(b"[]\n");
        }
        Ok(())
    }
}
