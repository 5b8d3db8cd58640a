//! Rows as text, in the forms in which each can be written without those after it.

use std::io;

use serde::Serialize;
use serde_json::Error;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::columns::Column;
use super::format::Escaping;
use super::{CliError, format};

/// The text of rows, to be taken whenever it is to be shown.
pub(super) struct RowText {
    form: Form,
    text: Vec<u8>,
}

enum Form {
    Json(JsonArray),
    Yaml { is_empty: bool },
    Csv { columns: Vec<Column>, is_empty: bool },
}

/// An array that is written as its elements come.
struct JsonArray {
    formatter: PrettyFormatter<'static>,
    is_empty: bool,
}

impl RowText {
    pub fn json() -> Self {
        Self::new(Form::Json(JsonArray { formatter: PrettyFormatter::new(), is_empty: true }))
    }

    pub fn yaml() -> Self {
        Self::new(Form::Yaml { is_empty: true })
    }

    pub fn csv(columns: Vec<Column>) -> Self {
        Self::new(Form::Csv { columns, is_empty: true })
    }

    fn new(form: Form) -> Self {
        Self { form, text: Vec::new() }
    }

    pub fn add(&mut self, row: &impl Serialize) -> Result<(), CliError> {
        match &mut self.form {
            Form::Json(array) => {
                array.add(row, &mut self.text).map_err(|error| format::unwritable("JSON", &error))?;
            }
            Form::Yaml { is_empty } => {
                *is_empty = false;
                self.text.extend_from_slice(format::yaml(vec![format::value(row)?].into())?.as_bytes());
                self.text.push(b'\n');
            }
            Form::Csv { columns, is_empty } => {
                if std::mem::replace(is_empty, false) {
                    self.text.extend_from_slice(format::csv_names(columns)?.as_bytes());
                }
                self.text.extend_from_slice(format::csv_row(&format::value(row)?, columns)?.as_bytes());
            }
        }
        Ok(())
    }

    /// Adds what stands after the last row.
    pub fn end(&mut self) -> Result<(), CliError> {
        match &mut self.form {
            Form::Json(array) => array.end(&mut self.text).map_err(|error| format::unwritable("JSON", &error))?,
            Form::Yaml { is_empty: true } => self.text.extend_from_slice(b"[]\n"),
            Form::Csv { columns, is_empty: true } => {
                self.text.extend_from_slice(format::csv_names(columns)?.as_bytes());
            }
            Form::Yaml { .. } | Form::Csv { .. } => {}
        }
        Ok(())
    }

    /// Whether there is none to be taken.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What was added since it was last taken.
    pub fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.text)).into_owned()
    }
}

impl JsonArray {
    fn add(&mut self, element: &impl Serialize, text: &mut Vec<u8>) -> Result<(), Error> {
        let is_first = self.is_empty;
        self.begin(text).map_err(Error::io)?;
        self.formatter.begin_array_value(text, is_first).map_err(Error::io)?;
        let out = Escaping(&mut *text);
        element.serialize(&mut Serializer::with_formatter(out, self.formatter.clone()))?;
        self.formatter.end_array_value(text).map_err(Error::io)
    }

    fn end(&mut self, text: &mut Vec<u8>) -> Result<(), Error> {
        self.begin(text).map_err(Error::io)?;
        self.formatter.end_array(text).map_err(Error::io)?;
        text.push(b'\n');
        Ok(())
    }

    fn begin(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        if std::mem::replace(&mut self.is_empty, false) { self.formatter.begin_array(text) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn written(mut text: RowText, rows: &[Value]) -> String {
        let mut shown = String::new();
        for row in rows {
            text.add(row).expect("a row");
            shown += &text.take();
        }
        text.end().expect("an end");
        shown + &text.take()
    }

    #[test]
    fn without_rows_there_is_an_empty_list_or_the_names() {
        let columns = || vec![Column::of("a"), Column::of("b")];
        let texts = [RowText::json(), RowText::yaml(), RowText::csv(columns())].map(|text| written(text, &[]));
        assert_eq!(texts, ["[]\n", "[]\n", "a,b\r\n"]);
    }

    proptest! {
        #[test]
        fn row_by_row_it_is_what_all_at_once_would_be(texts in prop::collection::vec(any::<String>(), 1..5)) {
            let rows: Vec<Value> = texts.iter().map(|text| json!({ "a": text, "b": [text, null], "c": {} })).collect();
            let all = Value::from(rows.clone());
            prop_assert_eq!(written(RowText::json(), &rows), format::json(&all) + "\n");
            prop_assert_eq!(written(RowText::yaml(), &rows), format::yaml(all).expect("YAML") + "\n");
            let columns = [Column::of("a"), Column::of("c")];
            let csv = format::csv(&rows, &columns).expect("CSV") + "\n";
            prop_assert_eq!(written(RowText::csv(columns.into()), &rows), csv);
        }
    }
}
