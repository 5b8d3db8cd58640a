//! CSV as in RFC 4180, but with the line ends of the platform: a header, then a line per row.

use std::borrow::Cow;

use ::csv::{Terminator, WriterBuilder};
use serde_json::Value;

use super::{RowStream, cell, to_value, unwritable, without_line_end};
use crate::cli::error::CliError;
use crate::cli::formula::guarded;
use crate::cli::output::columns::Column;
use crate::cli::output::row::Row;

/// `xargs` and `read` would take a carriage return as a part of the last cell.
const LINE_END: Terminator = if cfg!(windows) { Terminator::CRLF } else { Terminator::Any(b'\n') };

pub(super) fn text(rows: &[Value], columns: &[Column]) -> Result<String, CliError> {
    let lines: Result<String, CliError> = rows.iter().map(|row| row_line(row, columns)).collect();
    Ok(without_line_end(header(columns)? + &lines?))
}

fn header(columns: &[Column]) -> Result<String, CliError> {
    line(columns.iter().map(|column| guarded(&column.property)))
}

fn row_line(row: &Value, columns: &[Column]) -> Result<String, CliError> {
    line(columns.iter().map(|column| match row.get(&*column.property) {
        Some(Value::String(text)) => guarded(text),
        other => cell(other).into(),
    }))
}

fn line<'a>(cells: impl Iterator<Item = Cow<'a, str>>) -> Result<String, CliError> {
    let mut writer = WriterBuilder::new().terminator(LINE_END).from_writer(Vec::new());
    writer.write_record(cells.map(|cell| cell.into_owned().into_bytes())).map_err(|error| unwritable("CSV", &error))?;
    let bytes = writer.into_inner().map_err(|error| unwritable("CSV", &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Lines that are written row by row.
pub(super) struct CsvStream {
    columns: Vec<Column>,
    has_header: bool,
}

impl CsvStream {
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, has_header: false }
    }

    fn write_header(&mut self, text: &mut Vec<u8>) -> Result<(), CliError> {
        if !std::mem::replace(&mut self.has_header, true) {
            text.extend_from_slice(header(&self.columns)?.as_bytes());
        }
        Ok(())
    }
}

impl RowStream for CsvStream {
    fn add(&mut self, row: &Row<'_>, text: &mut Vec<u8>) -> Result<(), CliError> {
        self.write_header(text)?;
        text.extend_from_slice(row_line(&to_value(row)?, &self.columns)?.as_bytes());
        Ok(())
    }

    fn end(&mut self, text: &mut Vec<u8>) -> Result<(), CliError> {
        self.write_header(text)
    }
}
