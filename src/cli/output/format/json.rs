//! JSON, indented.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::{RowStream, unwritable};
use crate::cli::error::CliError;
use crate::cli::escape::json_escaped;
use crate::cli::output::row::Row;

pub(in crate::cli::output) fn text(value: &Value) -> Result<String, CliError> {
    let mut text = Vec::new();
    serde_json::to_writer_pretty(Escaping(&mut text), value).map_err(|error| unwritable("JSON", &error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// An array that is written element by element.
#[derive(Default)]
pub(super) struct JsonStream {
    formatter: PrettyFormatter<'static>,
    has_rows: bool,
}

impl RowStream for JsonStream {
    fn add(&mut self, row: &Row<'_>, text: &mut Vec<u8>) -> Result<(), CliError> {
        self.write_row(row, text).map_err(|error| unwritable("JSON", &error))
    }

    fn end(&mut self, text: &mut Vec<u8>) -> Result<(), CliError> {
        self.write_end(text).map_err(|error| unwritable("JSON", &error))
    }
}

impl JsonStream {
    fn write_row(&mut self, row: &Row<'_>, text: &mut Vec<u8>) -> io::Result<()> {
        if !self.has_rows {
            self.formatter.begin_array(text)?;
        }
        self.formatter.begin_array_value(text, !self.has_rows)?;
        self.has_rows = true;
        row.serialize(&mut Serializer::with_formatter(Escaping(&mut *text), self.formatter.clone()))?;
        self.formatter.end_array_value(text)
    }

    fn write_end(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        if !self.has_rows {
            self.formatter.begin_array(text)?;
        }
        self.formatter.end_array(text)?;
        text.write_all(b"\n")
    }
}

/// Escapes terminal controls in JSON. `serde_json` writes a string in whole pieces, so no character is split.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A fast check: JSON escapes the controls below a space anyway.
        let is_safe = bytes.is_ascii() && !bytes.contains(&0x7f);
        let escaped = if is_safe { None } else { str::from_utf8(bytes).ok().map(json_escaped) };
        self.0.write_all(escaped.as_deref().map_or(bytes, str::as_bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
