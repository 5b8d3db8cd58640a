use std::io::{IsTerminal, stdout};

use bytes::Bytes;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Row, Table, TableStyle};
use serde_json::{Map, Value};

use super::{CliError, format, plain};

/// A list as the server sent it: an object with the rows under one name.
#[derive(Debug)]
pub(in crate::cli) struct List {
    body: Bytes,
    value: Value,
    name: &'static str,
    is_as_sent: bool,
}

/// A property of the rows that people are shown, in this order.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Column {
    pub property: &'static str,
    pub title: &'static str,
}

impl List {
    pub fn read(body: Bytes, name: &'static str) -> Result<Self, CliError> {
        Ok(Self { value: format::parse(&body)?, body, name, is_as_sent: true })
    }

    /// Leaves out all rows but these, and counts anew.
    pub fn retain(&mut self, is_kept: impl Fn(&Value) -> bool) {
        self.is_as_sent = false;
        let Some(rows) = self.value[self.name].as_array_mut() else { return };
        rows.retain(is_kept);
        let count = rows.len();
        if let Some(row_count) = self.value.get_mut("rowCount") {
            *row_count = count.into();
        }
    }

    /// Adds to each row what people are shown beside what the server sent.
    pub fn add_property(&mut self, property: &str, of_row: impl Fn(&Value) -> Option<Value>) {
        self.is_as_sent = false;
        for row in self.value[self.name].as_array_mut().into_iter().flatten() {
            let value = of_row(row);
            if let (Some(row), Some(value)) = (row.as_object_mut(), value) {
                row.insert(property.to_owned(), value);
            }
        }
    }

    pub(super) fn json(&self) -> String {
        if self.is_as_sent { String::from_utf8_lossy(&self.body).into_owned() } else { self.value.to_string() }
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    pub(super) fn rows(&self) -> &[Value] {
        self.value[self.name].as_array().map_or(&[], Vec::as_slice)
    }

    /// A line for each row. At a terminal a line is not longer than its width; what does not fit ends in an ellipsis.
    pub(super) fn table(&self, columns: &[Column]) -> String {
        let mut table = Table::new();
        table.load_style(TableStyle::new()).enforce_styling();
        table.style_text_only();
        match terminal_size::terminal_size_of(stdout()).filter(|_| stdout().is_terminal()) {
            Some((width, _)) => {
                table.set_width(width.0).set_content_arrangement(ContentArrangement::Dynamic);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        table.set_header(one_line(columns.iter().map(|column| Cell::new(column.title).add_attribute(Attribute::Bold))));
        for row in self.rows() {
            let empty = Map::new();
            let row = row.as_object().unwrap_or(&empty);
            table.add_row(one_line(columns.iter().map(|column| cell(column.property, row.get(column.property)))));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.trim_fmt()
    }
}

fn one_line(cells: impl Iterator<Item = Cell>) -> Row {
    let mut row = Row::from(cells);
    row.max_height(1);
    row
}

fn cell(property: &str, value: Option<&Value>) -> Cell {
    let text = match value {
        Some(Value::Array(values)) => {
            values.iter().map(|value| format::cell(Some(value))).collect::<Vec<_>>().join(", ")
        }
        other => format::cell(other),
    };
    let cell = Cell::new(plain(&text));
    match color(property, &text) {
        Some(color) => cell.fg(color),
        None => cell,
    }
}

/// The colour of what a state means: it is well, it waits for somebody, it is over.
fn color(property: &str, text: &str) -> Option<Color> {
    if !["status", "inviteStatus"].contains(&property) {
        return None;
    }
    match text.to_lowercase().as_str() {
        "active" => Some(Color::Green),
        "invited" | "pending" => Some(Color::Yellow),
        "cancelled" | "expired" => Some(Color::Red),
        _ => None,
    }
}
