//! The output formats: a file for each, and the only code that chooses between them.

mod csv;
mod json;
mod table;
mod toon;
mod yaml;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use super::CliError;
use super::columns::Column;
use super::row::Row;

pub(super) use json::text as json;
pub(super) use table::{lines as table_lines, text as table};

/// The format of results and errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// Tables and sentences, for people
    Table,
    /// The response as JSON, indented
    Json,
    /// The response as YAML
    Yaml,
    /// Comma-separated values: a header, then a line per row
    Csv,
    /// Token-Oriented Object Notation, a compact format for language models
    Toon,
}

/// What a format is made from.
pub(super) enum Writer {
    /// Rows and their columns, which `--columns` selects.
    Rows(fn(&[Value], &[Column]) -> Result<String, CliError>),
    /// The whole value.
    Value(fn(Value) -> Result<String, CliError>),
}

/// Writes the rows of a run one by one.
pub(super) trait RowStream {
    /// Appends a row.
    fn add(&mut self, row: &Row<'_>, text: &mut Vec<u8>) -> Result<(), CliError>;
    /// Appends what follows the last row.
    fn end(&mut self, text: &mut Vec<u8>) -> Result<(), CliError>;
}

impl Format {
    pub(super) fn writer(self) -> Writer {
        match self {
            Self::Table => Writer::Rows(|rows, columns| Ok(table::text(rows, columns))),
            Self::Csv => Writer::Rows(csv::text),
            Self::Json => Writer::Value(|value| json::text(&value)),
            Self::Yaml => Writer::Value(yaml::text),
            Self::Toon => Writer::Value(toon::text),
        }
    }

    /// `None` if the format needs all rows: for the widths of the columns, or for a count in the header.
    pub(super) fn row_stream(self, columns: Vec<Column>) -> Option<Box<dyn RowStream>> {
        match self {
            Self::Table | Self::Toon => None,
            Self::Json => Some(Box::new(json::JsonStream::default())),
            Self::Yaml => Some(Box::new(yaml::YamlStream::default())),
            Self::Csv => Some(Box::new(csv::CsvStream::new(columns))),
        }
    }
}

pub(super) fn to_value(value: &impl Serialize) -> Result<Value, CliError> {
    serde_json::to_value(value).map_err(|error| unwritable("JSON", &error))
}

/// A value in a cell of a table or CSV.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Removes the last line end: printing adds one.
fn without_line_end(mut text: String) -> String {
    text.truncate(text.strip_suffix('\n').map_or(text.len(), str::len));
    text
}

fn unwritable(format: &str, error: &dyn std::error::Error) -> CliError {
    CliError::other(format!("the command succeeded, but its result cannot be written as {format}: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::cli::escape::is_terminal_control;
    use crate::cli::formula::unguarded;
    use crate::cli::output::exact::{self, tests::NUMBERS};

    #[test]
    fn each_format_writes_numbers_as_they_were_sent() {
        for number in NUMBERS {
            let read = || exact::read(format!(r#"{{"a":{number},"b":[{number},"{number}"]}}"#).as_bytes());
            let value = || read().expect("a value");
            assert_eq!(
                json(&value()).expect("JSON"),
                format!("{{\n  \"a\": {number},\n  \"b\": [\n    {number},\n    \"{number}\"\n  ]\n}}")
            );
            assert_eq!(yaml::text(value()).expect("YAML"), format!("a: {number}\nb:\n- {number}\n- \"{number}\""));
            assert_eq!(toon::text(value()).expect("TOON"), format!("a: {number}\nb[2]: {number},\"{number}\""));
            let csv = csv::text(&[value()], &[Column::of("a"), Column::of("b")]).expect("CSV");
            assert_eq!(csv, format!("a,b\n{number},\"[{number},\"\"{number}\"\"]\""));
        }
    }

    #[test]
    fn toon_keeps_numbers_in_their_columns() {
        let rows = exact::read(br#"[{"a":1E2,"b":2e0},{"b":3e0,"a":4E1}]"#).expect("a value");
        assert_eq!(toon::text(rows).expect("TOON"), "[2]{a,b}:\n  1E2,2e0\n  4E1,3e0");
    }

    #[test]
    fn only_the_last_line_end_is_removed() {
        assert_eq!(csv::text(&[json!({ "a": "end  " })], &[Column::of("a")]).expect("CSV"), "a\nend  ");
        let text = json!({ "a": "two\nlines\n\n" });
        let read: Value = serde_saphyr::from_str(&(yaml::text(text.clone()).expect("YAML") + "\n")).expect("YAML");
        assert_eq!(read, text);
    }

    #[test]
    fn a_stream_without_rows_is_an_empty_list_or_a_header() {
        let columns = || vec![Column::of("a"), Column::of("b")];
        let texts = [Format::Json, Format::Yaml, Format::Csv].map(|format| streamed(format, columns(), &[]));
        assert_eq!(texts, ["[]\n", "[]\n", "a,b\n"]);
    }

    fn streamed(format: Format, columns: Vec<Column>, rows: &[Row<'_>]) -> String {
        let mut stream = format.row_stream(columns).expect("the format has a stream");
        let mut text = Vec::new();
        for row in rows {
            stream.add(row, &mut text).expect("a row");
        }
        stream.end(&mut text).expect("an end");
        String::from_utf8(text).expect("UTF-8")
    }

    fn row(text: &str) -> Row<'_> {
        let error = Some(json!({ "b": [text, null], "c": {} }));
        Row { outcome: "failed", message: Some(text.to_owned()), error, ..Row::new(text, None) }
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[\u{0}-\u{a0}\u{200e}\u{202e}\u{2028}\u{feff}\r\n:,'\"\\\\-]{0,8}"]
    }

    fn values() -> impl Strategy<Value = Value> {
        let number = any::<i64>().prop_map(Value::from);
        let leaf =
            prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, texts().prop_map(Value::from)];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(texts(), inner, 0..6)
                    .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_keeps_the_value_and_has_no_terminal_controls(value in values()) {
            let text = json(&value).expect("JSON");
            prop_assert!(!text.contains(|char| is_terminal_control(char) && char != '\n'));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        }

        #[test]
        fn yaml_and_toon_keep_the_value(value in values()) {
            let text = yaml::text(value.clone()).expect("YAML") + "\n";
            let read: Value = serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text:?}")))?;
            prop_assert_eq!(&read, &value, "{:?}", text);
            let text = toon::text(value.clone()).expect("TOON");
            let read: Value = toon_format::decode_default(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text:?}")))?;
            prop_assert_eq!(&read, &value, "{:?}", text);
        }

        #[test]
        fn streamed_rows_are_the_same_as_rows_written_at_once(texts in prop::collection::vec(any::<String>(), 1..5)) {
            let rows: Vec<Row<'_>> = texts.iter().map(|text| row(text)).collect();
            let values: Vec<Value> = rows.iter().map(|row| to_value(row).expect("a value")).collect();
            let all = Value::from(values.clone());
            prop_assert_eq!(streamed(Format::Json, Vec::new(), &rows), json(&all).expect("JSON") + "\n");
            prop_assert_eq!(streamed(Format::Yaml, Vec::new(), &rows), yaml::text(all).expect("YAML") + "\n");
            let csv = csv::text(&values, &Row::columns()).expect("CSV") + "\n";
            prop_assert_eq!(streamed(Format::Csv, Row::columns(), &rows), csv);
        }

        #[test]
        fn csv_keeps_the_texts(texts in prop::collection::vec(texts(), 1..4)) {
            let columns: Vec<Column> = (0..texts.len()).map(|index| Column::of(&index.to_string())).collect();
            let row: Map<String, Value> =
                texts.iter().enumerate().map(|(index, text)| (index.to_string(), text.clone().into())).collect();
            let written = csv::text(&[row.into()], &columns).expect("CSV") + "\n";
            let mut reader = ::csv::Reader::from_reader(written.as_bytes());
            let read: Vec<String> = reader.records().next().expect("a row").expect("CSV").iter().map(|cell| unguarded(cell).to_owned()).collect();
            prop_assert_eq!(read, texts);
        }
    }
}
