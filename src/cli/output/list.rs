use bytes::Bytes;
use serde_json::Value;

use super::columns::{Column, documented};
use super::{CliError, exact, format};
use crate::operation::Operation;

/// A list as the server sent it: an object with the rows under one name.
#[derive(Debug)]
pub(in crate::cli) struct List {
    operation: &'static Operation,
    name: &'static str,
    body: Bytes,
    /// The value of the body; why it has none otherwise.
    value: Result<Value, String>,
}

impl List {
    /// The answer to an operation, whose rows are under `name`.
    pub fn read(operation: &'static Operation, body: Bytes, name: &'static str) -> Self {
        Self { operation, name, value: exact::read(&body), body }
    }

    /// Adds to each row what people are shown beside what the server sent.
    pub fn add_property(&mut self, property: &str, of_row: impl Fn(&Value) -> Option<Value>) {
        let rows = self.value.as_mut().ok().and_then(|value| value.get_mut(self.name)?.as_array_mut());
        for row in rows.into_iter().flatten() {
            let value = of_row(row);
            if let (Some(row), Some(value)) = (row.as_object_mut(), value) {
                row.insert(property.to_owned(), value);
            }
        }
    }

    /// The value; the body where it has none.
    pub(super) fn into_value_or_body(self) -> Result<Value, Bytes> {
        self.value.map_err(|_| self.body)
    }

    pub(super) fn into_value(self) -> Result<Value, CliError> {
        self.value.map_err(|why| format::unreadable(&why))
    }

    pub(super) fn rows(&self) -> Result<&[Value], CliError> {
        let value = self.value.as_ref().map_err(|why| format::unreadable(why))?;
        Ok(value[self.name].as_array().map_or(&[], Vec::as_slice))
    }

    pub(super) fn documented_columns(&self) -> Vec<Column> {
        documented(self.operation, Some(self.name))
    }
}
