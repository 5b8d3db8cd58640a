//! Tables for people. At a terminal a row is one line that fits the width.

use std::io::{IsTerminal, stdout};

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Table, TableStyle};
use serde_json::Value;

use super::cell as cell_text;
use crate::cli::escape::escape;
use crate::cli::output::columns::{Column, ColumnStyle};
use crate::cli::output::local_time::text_in_local_time;

/// The space between two columns.
const GAP: u16 = 2;

/// The smallest width of a column next to an uncut one.
const MIN_WIDTH: u16 = 5;

pub(in crate::cli::output) fn text(rows: &[Value], columns: &[Column]) -> String {
    // The stream that the table is written to removes colours if necessary. --color overrides NO_COLOR.
    crossterm::style::force_color_output(true);
    let width = terminal_size::terminal_size_of(stdout()).filter(|_| stdout().is_terminal()).map(|(width, _)| width.0);
    let mut table = table(rows, columns, width);
    table
        .set_header(line(columns.iter().map(|column| Cell::new(escape(&column.title)).add_attribute(Attribute::Bold))));
    if let Some(width) = width {
        keep_uncut(&mut table, columns, width);
    }
    table.trim_fmt()
}

/// A line for each row, of at most this width, without a header. The last columns are omitted if the first one would be
/// cut otherwise.
pub(in crate::cli::output) fn lines(rows: &[Value], columns: &[Column], width: u16) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let all = table(rows, columns, Some(width));
    let first = usize::from(all.column_max_content_widths()[0].saturating_sub(MIN_WIDTH));
    let fits = |count: &usize| first + count * usize::from(MIN_WIDTH + GAP) <= usize::from(width);
    let count = (2..=columns.len()).rev().find(fits).unwrap_or(columns.len());
    let shown = &columns[..count];
    let mut table = if shown.len() < columns.len() { table(rows, shown, Some(width)) } else { all };
    keep_uncut(&mut table, shown, width);
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn table(rows: &[Value], columns: &[Column], width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    if has_styles() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.style_text_only();
    match width {
        // A cell that does not fit ends in an ellipsis.
        Some(width) => table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for row in rows {
        table.add_row(line(columns.iter().map(|column| cell(column.style, row.get(&*column.property)))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table
}

/// Whether crossterm can write styles. If it cannot, it drops the styled text too.
#[cfg(windows)]
fn has_styles() -> bool {
    crossterm::ansi_support::supports_ansi()
}

#[cfg(not(windows))]
fn has_styles() -> bool {
    true
}

/// Gives the uncut columns their full width, in their order, if that leaves some width for the others.
fn keep_uncut(table: &mut Table, columns: &[Column], width: u16) {
    let widths = table.column_max_content_widths();
    let mut left = i32::from(width) - columns.iter().map(|_| i32::from(MIN_WIDTH + GAP)).sum::<i32>();
    for (index, _) in columns.iter().enumerate().filter(|(_, column)| column.style == ColumnStyle::Uncut) {
        left -= i32::from(widths[index].saturating_sub(MIN_WIDTH));
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

fn cell(style: ColumnStyle, value: Option<&Value>) -> Cell {
    let text = match value {
        Some(Value::Array(values)) => values.iter().map(|value| cell_text(Some(value))).collect::<Vec<_>>().join(", "),
        Some(Value::String(text)) if style == ColumnStyle::Time => {
            text_in_local_time(text).unwrap_or_else(|| text.clone())
        }
        other => cell_text(other),
    };
    let cell = Cell::new(escape(&text));
    match color(style, &text) {
        Some(color) => cell.fg(color),
        None => cell,
    }
}

/// Green is good, yellow is waiting, red is over or failed.
fn color(style: ColumnStyle, text: &str) -> Option<Color> {
    let text = text.to_lowercase();
    match style {
        ColumnStyle::State => match text.as_str() {
            "active" => Some(Color::Green),
            "invited" | "pending" => Some(Color::Yellow),
            "cancelled" | "expired" => Some(Color::Red),
            _ => None,
        },
        ColumnStyle::Outcome => match text.as_str() {
            "skipped" => Some(Color::Yellow),
            "failed" => Some(Color::Red),
            _ => Some(Color::Green),
        },
        ColumnStyle::Plain | ColumnStyle::Time | ColumnStyle::Uncut => None,
    }
}
