//! A list response: an object with the rows in one property.

use bytes::Bytes;
use indexmap::IndexSet;
use serde_json::Value;

use super::CliError;
use super::columns::{Column, from_spec};
use super::exact::{self, Unreadable};
use super::local_time::text_in_local_time;
use crate::operation::Operation;

/// A list as the server sent it.
#[derive(Debug)]
pub(in crate::cli) struct List {
    operation: &'static Operation,
    name: &'static str,
    value: Result<Value, Unreadable>,
}

impl List {
    /// Reads the response to an operation; `name` is the property with the rows.
    pub fn read(operation: &'static Operation, body: Bytes, name: &'static str) -> Self {
        Self { operation, name, value: exact::read_body(body) }
    }

    /// Adds a property to each row that the server did not send.
    pub fn add_property(&mut self, property: &str, of_row: impl Fn(&Value) -> Option<Value>) {
        let rows = self.value.as_mut().ok().and_then(|value| value.get_mut(self.name)?.as_array_mut());
        for row in rows.into_iter().flatten() {
            let value = of_row(row);
            if let (Some(row), Some(value)) = (row.as_object_mut(), value) {
                row.insert(property.to_owned(), value);
            }
        }
    }

    /// The properties with such a name that have a time in at least one row, in the order of the rows.
    pub fn times(&self, has_name: impl Fn(&str) -> bool) -> IndexSet<&str> {
        let properties = self.rows().unwrap_or_default().iter().filter_map(Value::as_object).flatten();
        let is_time = |value: &Value| value.as_str().and_then(text_in_local_time).is_some();
        let times = properties.filter(|(name, value)| has_name(name) && is_time(value));
        times.map(|(name, _)| name.as_str()).collect()
    }

    pub(super) fn into_value(self) -> Result<Value, Unreadable> {
        self.value
    }

    pub(super) fn rows(&self) -> Result<&[Value], CliError> {
        let value = self.value.as_ref().map_err(Unreadable::error)?;
        Ok(value[self.name].as_array().map_or(&[], Vec::as_slice))
    }

    pub(super) fn spec_columns(&self) -> Vec<Column> {
        from_spec(self.operation, Some(self.name))
    }
}
