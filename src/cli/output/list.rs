use bytes::Bytes;
use serde_json::Value;

use super::columns::{Column, documented};
use super::{CliError, format};
use crate::operation::Operation;

/// A list as the server sent it: an object with the rows under one name.
#[derive(Debug)]
pub(in crate::cli) struct List {
    operation: &'static Operation,
    body: Bytes,
    value: Value,
    name: &'static str,
    is_as_sent: bool,
}

impl List {
    /// The answer to an operation, whose rows are under `name`.
    pub fn read(operation: &'static Operation, body: Bytes, name: &'static str) -> Result<Self, CliError> {
        Ok(Self { operation, value: format::parse(&body)?, body, name, is_as_sent: true })
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

    pub(super) fn documented_columns(&self) -> Vec<Column> {
        documented(self.operation, Some(self.name))
    }
}
