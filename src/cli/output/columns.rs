use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::CliError;
use crate::operation::Operation;

/// A property of rows, and what it is called above a table.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Column {
    pub property: Cow<'static, str>,
    pub title: Cow<'static, str>,
}

impl Column {
    pub const fn new(property: &'static str, title: &'static str) -> Self {
        Self { property: Cow::Borrowed(property), title: Cow::Borrowed(title) }
    }

    /// A column that has no title of its own.
    pub fn of(property: &str) -> Self {
        Self { property: property.to_owned().into(), title: property.to_owned().into() }
    }
}

/// The columns that `--columns` asks for; none asks for all.
#[derive(Clone, Debug)]
pub(super) struct Columns(pub Vec<String>);

impl Columns {
    /// Those of the columns that there are which were asked for, in the order asked for.
    pub fn choose(&self, known: &[Column]) -> Result<Vec<Column>, CliError> {
        if self.0.is_empty() {
            return Ok(known.to_vec());
        }
        let choose = |wanted: &String| {
            let wanted = wanted.trim();
            let is_wanted = |name: &str| name.eq_ignore_ascii_case(wanted);
            let chosen = known.iter().find(|column| is_wanted(&column.property));
            let chosen = chosen.or_else(|| known.iter().find(|column| is_wanted(&column.title)));
            chosen.cloned().ok_or_else(|| {
                let known: Vec<&str> = known.iter().map(|column| &*column.property).collect();
                CliError::usage(format!("--columns: there is no column {wanted:?}"))
                    .hint(format!("There are: {}.", known.join(", ")))
            })
        };
        self.0.iter().map(choose).collect()
    }

    pub fn is_chosen(&self) -> bool {
        !self.0.is_empty()
    }
}

/// The properties that the document gives the success of an operation, or the rows under `list` in it.
pub(super) fn documented(operation: &Operation, list: Option<&str>) -> Vec<Column> {
    let success = operation.responses.iter().find(|response| response.status.starts_with('2'));
    let schema = success.and_then(|response| serde_json::from_str::<Value>(response.content?.schema).ok());
    let schema = schema.unwrap_or_default();
    let properties = match list {
        Some(name) => &schema["properties"][name]["items"]["properties"],
        None => &schema["properties"],
    };
    properties.as_object().into_iter().flat_map(|properties| properties.keys()).map(|name| Column::of(name)).collect()
}

/// The columns, and after them those of the rows that are not among them.
pub(super) fn with_those_of(mut columns: Vec<Column>, rows: &[Value]) -> Vec<Column> {
    let mut seen: HashSet<String> = columns.iter().map(|column| column.property.to_string()).collect();
    for name in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        if seen.insert(name.clone()) {
            columns.push(Column::of(name));
        }
    }
    columns
}
