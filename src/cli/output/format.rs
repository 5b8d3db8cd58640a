use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::IsTerminal;

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::CliError;
use super::plain::is_obeyed;

/// The form of results and errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    Table,
    /// What the server sent, indented
    Json,
    /// The same as YAML
    Yaml,
    /// A line of names, then a line for each row (RFC 4180)
    Csv,
    /// Token-Oriented Object Notation, short for language models
    Toon,
}

impl Format {
    /// A table at a terminal, otherwise JSON.
    pub fn for_stdout() -> Self {
        if std::io::stdout().is_terminal() { Self::Table } else { Self::Json }
    }
}

/// Indented JSON. What a terminal would obey is escaped, also where JSON allows it in a text.
pub(super) fn json(value: &Value) -> String {
    let is_escaped = |char: char| is_obeyed(char) && char != '\n';
    let mut text = format!("{value:#}");
    if text.contains(is_escaped) {
        let raw = std::mem::take(&mut text);
        for char in raw.chars() {
            // Writing to a string does not fail.
            let _ = if is_escaped(char) { write!(text, "\\u{:04x}", u32::from(char)) } else { text.write_char(char) };
        }
    }
    text
}

pub(super) fn yaml(value: &Value) -> Result<String, CliError> {
    let text = serde_saphyr::to_string(value).map_err(|error| unwritable("YAML", &error))?;
    Ok(text.trim_end().to_owned())
}

pub(super) fn toon(value: &Value) -> Result<String, CliError> {
    toon_format::encode_default(value).map_err(|error| unwritable("TOON", &error))
}

/// Rows of an array, or the one row of anything else. The columns are all names that occur, in their order.
pub(super) fn csv(value: &Value) -> Result<String, CliError> {
    let rows: Vec<Map<String, Value>> = match value {
        Value::Array(rows) => rows.iter().map(row).collect(),
        other => vec![row(other)],
    };
    let mut seen = BTreeSet::new();
    let columns: Vec<&String> = rows.iter().flat_map(Map::keys).filter(|name| seen.insert(*name)).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write_all = || {
        writer.write_record(&columns)?;
        for row in &rows {
            writer.write_record(columns.iter().map(|column| cell(row.get(*column))))?;
        }
        Ok::<_, csv::Error>(())
    };
    write_all().map_err(|error| unwritable("CSV", &error))?;
    let bytes = writer.into_inner().map_err(|error| unwritable("CSV", &error))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

fn row(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_else(|| Map::from_iter([("value".to_owned(), value.clone())]))
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn unwritable(format: &str, error: &dyn std::error::Error) -> CliError {
    CliError::other(format!("the command succeeded, but its result cannot be written as {format}: {error}"))
}
