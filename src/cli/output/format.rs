use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Number, Value};

use super::{CliError, Column};
use crate::cli::escape::json_escaped;

/// JSON, indented.
pub(super) fn json(value: &Value) -> String {
    let mut text = Vec::new();
    write_json(&mut text, value).expect("a value is JSON, and memory takes it");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// The same, written as it comes.
pub(super) fn write_json(out: impl Write, value: &Value) -> serde_json::Result<()> {
    serde_json::to_writer_pretty(Escaping(out), value)
}

/// Takes JSON, a whole piece of text at a time, and escapes what a terminal would obey.
pub(super) struct Escaping<W>(pub W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The rule, and quickly seen: what is below a space is escaped in JSON as it is.
        let is_plain = bytes.is_ascii() && !bytes.contains(&0x7f);
        match str::from_utf8(bytes) {
            Ok(text) if !is_plain => self.0.write_all(json_escaped(text).as_bytes())?,
            _ => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What is shown of a result that is made here.
pub(super) fn value(shown: &impl Serialize) -> Result<Value, CliError> {
    serde_json::to_value(shown).map_err(|error| unwritable("JSON", &error))
}

pub(super) fn yaml(value: Value) -> Result<String, CliError> {
    let write = |value: &Value| serde_saphyr::to_string(value).map_err(|error| unwritable("YAML", &error));
    with_exact_numbers(value, write).map(without_line_end)
}

pub(super) fn toon(value: Value) -> Result<String, CliError> {
    let write = |value: &Value| toon_format::encode_default(value).map_err(|error| unwritable("TOON", &error));
    with_exact_numbers(value, write)
}

/// What is written of the value by a serializer that has no number of any size: it gets a word for each number, and
/// the text of the number then stands where the word does.
fn with_exact_numbers(
    mut value: Value,
    write: impl FnOnce(&Value) -> Result<String, CliError>,
) -> Result<String, CliError> {
    // Random, so that no text of a server has it.
    let word = format!("number{:016x}_", fastrand::u64(..));
    let mut numbers = Vec::new();
    take_numbers(&mut value, &word, &mut numbers);
    let written = write(&value)?;
    if numbers.is_empty() {
        return Ok(written);
    }
    let mut pieces = written.split(&word);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (index, rest) = piece.split_once('_').unwrap_or_default();
        let number = index.parse().ok().and_then(|index: usize| numbers.get(index));
        text.push_str(number.map_or("", Number::as_str));
        text.push_str(rest);
    }
    Ok(text)
}

fn take_numbers(value: &mut Value, word: &str, numbers: &mut Vec<Number>) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => {}
        Value::Number(_) => {
            if let Value::Number(number) = std::mem::replace(value, format!("{word}{}_", numbers.len()).into()) {
                numbers.push(number);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| take_numbers(value, word, numbers)),
        Value::Object(members) => members.values_mut().for_each(|value| take_numbers(value, word, numbers)),
    }
}

/// A line of names, then a line for each of the rows, as RFC 4180 has them.
pub(super) fn csv(rows: &[Value], columns: &[Column]) -> Result<String, CliError> {
    let lines: Result<String, CliError> = rows.iter().map(|row| csv_row(row, columns)).collect();
    Ok(without_line_end(csv_names(columns)? + &lines?))
}

pub(super) fn csv_names(columns: &[Column]) -> Result<String, CliError> {
    csv_line(columns.iter().map(|column| column.property.as_bytes()))
}

pub(super) fn csv_row(row: &Value, columns: &[Column]) -> Result<String, CliError> {
    csv_line(columns.iter().map(|column| cell(row.get(&*column.property))))
}

fn csv_line(cells: impl Iterator<Item: AsRef<[u8]>>) -> Result<String, CliError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| unwritable("CSV", &error))?;
    let bytes = writer.into_inner().map_err(|error| unwritable("CSV", &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A value in a cell of a table or a line.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The line end that comes after the text is not part of it.
fn without_line_end(mut text: String) -> String {
    text.truncate(text.strip_suffix('\n').map_or(text.len(), str::len));
    text
}

pub(super) fn unwritable(format: &str, error: &dyn std::error::Error) -> CliError {
    CliError::other(format!("the command succeeded, but its result cannot be written as {format}: {error}"))
}

/// Of a body that has no value, and why.
pub(super) fn unreadable(why: &str) -> CliError {
    CliError::other(format!("the command succeeded, but its result can only be shown as JSON: {why}"))
        .hint("With -o json, the response is printed as the server sent it.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::super::exact;
    use super::*;
    use crate::cli::escape::is_terminal_control;

    /// Of each kind that a double, an integer of 64 bits, or a canonical form would change.
    const NUMBERS: &[&str] = &[
        "0",
        "-0",
        "-0.0",
        "0.10",
        "1.0",
        "100",
        "1E2",
        "1e-7",
        "1e999",
        "-1.5E+300",
        "9007199254740993",
        "18446744073709551616",
        "123456789012345678901234567890",
        "0.1000000000000000000000001",
    ];

    #[test]
    fn numbers_are_the_same_in_each_format() {
        for number in NUMBERS {
            let read = || exact::read(format!(r#"{{"a":{number},"b":[{number},"{number}"]}}"#).as_bytes());
            let value = || read().expect("a value");
            assert_eq!(
                json(&value()),
                format!("{{\n  \"a\": {number},\n  \"b\": [\n    {number},\n    \"{number}\"\n  ]\n}}")
            );
            assert_eq!(yaml(value()).expect("YAML"), format!("a: {number}\nb:\n- {number}\n- \"{number}\""));
            assert_eq!(toon(value()).expect("TOON"), format!("a: {number}\nb[2]: {number},\"{number}\""));
            let csv = csv(&[value()], &[Column::of("a"), Column::of("b")]).expect("CSV");
            assert_eq!(csv, format!("a,b\r\n{number},\"[{number},\"\"{number}\"\"]\"\r"));
        }
    }

    #[test]
    fn numbers_stay_in_their_columns_when_names_are_in_another_order() {
        let rows = exact::read(br#"[{"a":1E2,"b":2e0},{"b":3e0,"a":4E1}]"#).expect("a value");
        assert_eq!(toon(rows).expect("TOON"), "[2]{a,b}:\n  1E2,2e0\n  4E1,3e0");
    }

    #[test]
    fn only_the_line_end_after_the_text_is_left_out() {
        assert_eq!(csv(&[json!({ "a": "end  " })], &[Column::of("a")]).expect("CSV"), "a\r\nend  \r");
        let text = json!({ "a": "two\nlines\n\n" });
        let read: Value = serde_saphyr::from_str(&(yaml(text.clone()).expect("YAML") + "\n")).expect("YAML");
        assert_eq!(read, text);
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
        fn json_means_the_same_and_commands_no_terminal(value in values()) {
            let text = json(&value);
            prop_assert!(!text.contains(|char| is_terminal_control(char) && char != '\n'));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        }

        #[test]
        fn yaml_and_toon_are_read_as_the_same_value(value in values()) {
            let text = yaml(value.clone()).expect("YAML") + "\n";
            // Its reader takes numbers for those of Rust.
            let read: Value = serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text:?}")))?;
            prop_assert_eq!(&read, &value, "{:?}", text);
            let text = toon(value.clone()).expect("TOON");
            let read: Value = toon_format::decode_default(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text:?}")))?;
            prop_assert_eq!(&read, &value, "{:?}", text);
        }

        #[test]
        fn csv_is_read_as_the_same_texts(texts in prop::collection::vec(texts(), 1..4)) {
            let columns: Vec<Column> = (0..texts.len()).map(|index| Column::of(&index.to_string())).collect();
            let row: Map<String, Value> =
                texts.iter().enumerate().map(|(index, text)| (index.to_string(), text.clone().into())).collect();
            let written = csv(&[row.into()], &columns).expect("CSV") + "\n";
            let mut reader = csv::Reader::from_reader(written.as_bytes());
            let read: Vec<String> = reader.records().next().expect("a row").expect("CSV").iter().map(str::to_owned).collect();
            prop_assert_eq!(read, texts);
        }
    }
}
