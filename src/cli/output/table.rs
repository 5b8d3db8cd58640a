//! Rows for people: a line for each, which at a terminal is not longer than its width.

use std::io::{IsTerminal, stdout};

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Table, TableStyle};
use serde_json::Value;

use super::columns::Column;
use super::format;
use crate::cli::escape::escape;

/// Between two columns.
const GAP: u16 = 2;

/// What every column has at least, where others are shown whole.
const LEAST: u16 = 5;

pub(super) fn table(rows: &[Value], columns: &[Column]) -> String {
    // Whether colours are shown is known where the table is written: NO_COLOR does not speak for --color.
    crossterm::style::force_color_output(true);
    let mut table = Table::new();
    table.load_style(TableStyle::new()).enforce_styling();
    table.style_text_only();
    let width = terminal_size::terminal_size_of(stdout()).filter(|_| stdout().is_terminal()).map(|(width, _)| width.0);
    match width {
        // What does not fit ends in an ellipsis.
        Some(width) => table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table
        .set_header(line(columns.iter().map(|column| Cell::new(escape(&column.title)).add_attribute(Attribute::Bold))));
    for row in rows {
        table.add_row(line(columns.iter().map(|column| cell(&column.property, row.get(&*column.property)))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    if let Some(width) = width {
        keep_whole(&mut table, columns, width);
    }
    table.trim_fmt()
}

/// What names a user to a command is worth more room than the rest: it is shown whole where that leaves some.
fn keep_whole(table: &mut Table, columns: &[Column], width: u16) {
    let widths = table.column_max_content_widths();
    let mut left = i32::from(width) - columns.iter().map(|_| i32::from(LEAST + GAP)).sum::<i32>();
    for name in ["email", "id"] {
        let Some(index) = columns.iter().position(|column| column.property == name) else { continue };
        left -= i32::from(widths[index].saturating_sub(LEAST));
        if left >= 0
            && let Some(column) = table.column_mut(index)
        {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

fn line(cells: impl Iterator<Item = Cell>) -> Row {
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
    let cell = Cell::new(escape(&text));
    match color(property, &text) {
        Some(color) => cell.fg(color),
        None => cell,
    }
}

/// The colour of what a state means: it is well, it waits for somebody, it is over or went wrong.
fn color(property: &str, text: &str) -> Option<Color> {
    if !["status", "inviteStatus", "outcome"].contains(&property) {
        return None;
    }
    match text.to_lowercase().as_str() {
        // What a run did as it was asked to.
        "resent" | "cancelled" | "deleted" | "checked" if property == "outcome" => Some(Color::Green),
        "active" => Some(Color::Green),
        "invited" | "pending" | "skipped" => Some(Color::Yellow),
        "cancelled" | "expired" | "failed" => Some(Color::Red),
        _ => None,
    }
}
