use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::plain::is_obeyed;
use super::{CliError, Column};

/// JSON, indented, and otherwise as it is: numbers of any size, escapes, names that occur twice. What a terminal
/// would obey is escaped, where JSON allows it in a text.
pub(super) fn indented(json: &str) -> String {
    let mut depth = 0;
    let mut text = String::with_capacity(json.len() * 2);
    let mut chars = json.trim().chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                text.push(char);
                copy_string(&mut chars, &mut text);
            }
            '{' | '[' => {
                text.push(char);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = chars.next_if(|char| matches!(char, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    break_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                break_line(&mut text, depth);
                text.push(char);
            }
            ',' => {
                text.push(char);
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            char if char.is_ascii_whitespace() => {}
            char => text.push(char),
        }
    }
    text
}

/// The rest of a string, with its closing quote.
fn copy_string(chars: &mut impl Iterator<Item = char>, text: &mut String) {
    while let Some(char) = chars.next() {
        if is_obeyed(char) {
            escape(char, text);
        } else {
            text.push(char);
        }
        match char {
            '"' => return,
            '\\' => text.extend(chars.next()),
            _ => {}
        }
    }
}

/// JSON that serde_json indented, with what a terminal would obey escaped: beside line breaks that is in texts alone.
pub(super) fn with_escapes(json: Cow<'_, str>) -> Cow<'_, str> {
    // Looked for first, since it is the rule and takes next to no time.
    if json.is_ascii() && !json.contains('\u{7f}') {
        return json;
    }
    let is_escaped = |char| is_obeyed(char) && char != '\n';
    let mut text = String::with_capacity(json.len() + 16);
    for char in json.chars() {
        if is_escaped(char) { escape(char, &mut text) } else { text.push(char) }
    }
    text.into()
}

fn escape(char: char, text: &mut String) {
    // Writing to a string does not fail.
    let _ = write!(text, "\\u{:04x}", u32::from(char));
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// A body of the server as a value. It may be more than a value holds, such as a number without an end.
pub(super) fn parse(body: &[u8]) -> Result<Value, CliError> {
    serde_json::from_slice(body).map_err(|error| {
        CliError::other(format!("the command succeeded, but its result can only be shown as JSON: {error}"))
    })
}

/// What is shown of a result that is made here.
pub(super) fn value(shown: &impl Serialize) -> Result<Value, CliError> {
    serde_json::to_value(shown).map_err(|error| unwritable("JSON", &error))
}

pub(super) fn yaml(shown: &impl Serialize) -> Result<String, CliError> {
    serde_saphyr::to_string(shown).map(without_line_end).map_err(|error| unwritable("YAML", &error))
}

pub(super) fn toon(value: &Value) -> Result<String, CliError> {
    toon_format::encode_default(value).map_err(|error| unwritable("TOON", &error))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn json_keeps_what_a_value_would_lose() {
        let json =
            r#"{"n":1e999,"big":123456789012345678901234567890,"half":"\ud800","a":{},"b":[ ],"a":[1,{"x":"y"}]}"#;
        let expected = "{\n  \"n\": 1e999,\n  \"big\": 123456789012345678901234567890,\n  \"half\": \"\\ud800\",\n  \
                        \"a\": {},\n  \"b\": [],\n  \"a\": [\n    1,\n    {\n      \"x\": \"y\"\n    }\n  ]\n}";
        assert_eq!(indented(json), expected);
    }

    #[test]
    fn only_the_line_end_after_the_text_is_left_out() {
        assert_eq!(csv(&[json!({ "a": "end  " })], &[Column::of("a")]).expect("CSV"), "a\r\nend  \r");
        let text = json!({ "a": "two\nlines\n\n" });
        let read: Value = serde_saphyr::from_str(&(yaml(&text).expect("YAML") + "\n")).expect("YAML");
        assert_eq!(read, text);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn indented_json_means_the_same_and_commands_no_terminal(value in values()) {
            let text = indented(&value.to_string());
            prop_assert!(!text.contains(|char| is_obeyed(char) && char != '\n'));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        }
    }
}
