//! Reads and writes JSON values without changing a number.

use bytes::Bytes;
use serde_json::{Number, Value};

use super::CliError;

/// A body that is not a value, and why.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub body: Bytes,
    why: String,
}

impl Unreadable {
    pub fn error(&self) -> CliError {
        CliError::other(format!("the command succeeded, but its result can only be shown as JSON: {}", self.why))
            .hint("With -o json, the response is printed as the server sent it.")
    }
}

pub(super) fn read_body(body: Bytes) -> Result<Value, Unreadable> {
    read(&body).map_err(|why| Unreadable { body, why })
}

/// Parses a body. Fails if a value cannot hold all of it: an object may have the same name twice.
pub(super) fn read(body: &[u8]) -> Result<Value, String> {
    let mut value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    // Parsed JSON is always UTF-8.
    let text = str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut tokens = Tokens(text);
    if restore(&mut value, &mut tokens) && tokens.next().is_none() {
        Ok(value)
    } else {
        Err("an object has the same name twice".to_owned())
    }
}

/// Gives each number its text in the body: `serde_json` keeps the digits, but writes `1E2` as `1e+2`.
///
/// Returns false if the value has fewer names than the body: a map keeps only one of two equal names.
fn restore(value: &mut Value, tokens: &mut Tokens<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => {
            let Some(Token::Number(text)) = tokens.next() else { return false };
            *number = Number::from_string_unchecked(text.to_owned());
            true
        }
        Value::Array(values) => values.iter_mut().all(|value| restore(value, tokens)),
        Value::Object(members) => {
            members.values_mut().all(|value| matches!(tokens.next(), Some(Token::Name)) && restore(value, tokens))
        }
    }
}

/// The parts of a JSON text that a value may lose, in order.
struct Tokens<'a>(&'a str);

enum Token<'a> {
    Name,
    Number(&'a str),
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let start = self.0.find(['"', ':', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])?;
            let found = &self.0[start..];
            match found.as_bytes()[0] {
                b'"' => self.0 = after_string(&found[1..]),
                b':' => {
                    self.0 = &found[1..];
                    return Some(Token::Name);
                }
                _ => {
                    let is_end = |char: char| !matches!(char, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
                    let (number, rest) = found.split_at(found.find(is_end).unwrap_or(found.len()));
                    self.0 = rest;
                    return Some(Token::Number(number));
                }
            }
        }
    }
}

/// The text after the closing quote of a string.
fn after_string(mut rest: &str) -> &str {
    while let Some(found) = rest.find(['"', '\\']) {
        if rest[found..].starts_with('"') {
            return &rest[found + 1..];
        }
        // Skip the escaped character, which may be a quote.
        rest = &rest[found + 2..];
    }
    ""
}

/// Writes a value with a serializer that would change large numbers. The serializer gets a placeholder for each number;
/// the text of the number then replaces it.
pub(super) fn with_exact_numbers(
    mut value: Value,
    write: impl FnOnce(&Value) -> Result<String, CliError>,
) -> Result<String, CliError> {
    // Random, so that no text from a server contains it.
    let placeholder = format!("number{:016x}_", fastrand::u64(..));
    let mut numbers = Vec::new();
    take_numbers(&mut value, &placeholder, &mut numbers);
    let written = write(&value)?;
    if numbers.is_empty() {
        return Ok(written);
    }
    let mut pieces = written.split(&placeholder);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (index, rest) = piece.split_once('_').unwrap_or_default();
        let number = index.parse().ok().and_then(|index: usize| numbers.get(index));
        text.push_str(number.map_or("", Number::as_str));
        text.push_str(rest);
    }
    Ok(text)
}

fn take_numbers(value: &mut Value, placeholder: &str, numbers: &mut Vec<Number>) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => {}
        Value::Number(_) => {
            if let Value::Number(number) = std::mem::replace(value, format!("{placeholder}{}_", numbers.len()).into()) {
                numbers.push(number);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| take_numbers(value, placeholder, numbers)),
        Value::Object(members) => members.values_mut().for_each(|value| take_numbers(value, placeholder, numbers)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Numbers that a double, a 64-bit integer or a canonical form would change.
    pub const NUMBERS: &[&str] = &[
        "0",
        "-0",
        "-0.0",
        "0.10",
        "1.0",
        "100",
        "1E2",
        "1e+2",
        "1E-07",
        "1e-7",
        "1e999",
        "-1.5E+300",
        "9007199254740993",
        "18446744073709551616",
        "123456789012345678901234567890",
        "0.1000000000000000000000001",
    ];

    #[test]
    fn numbers_keep_their_text() {
        for &number in NUMBERS {
            let body = format!(r#"{{"a\":1":[true,{number},{{"b":" 7:\\","c":{number}}}],"d":{number}}}"#);
            assert_eq!(read(body.as_bytes()).expect("a value").to_string(), body);
            assert_eq!(read(number.as_bytes()).expect("a value").to_string(), number);
        }
    }

    #[test]
    fn a_body_that_a_value_cannot_hold_is_an_error() {
        let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
        for body in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1},"a":2}"#,
            r#"{"a":2,"a":{"b":1}}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"[{"a":[],"b":"x","a":[]}]"#,
            r#"{"$serde_json::private::Number":"12"}"#,
            r#""\ud800""#,
            "{",
            "",
            &deep,
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
        assert!(read(b"\"\xff\"").is_err());
    }
}
