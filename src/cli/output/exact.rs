//! A body as a value that has all that the body has: numbers as they are written, and each name once.

use serde_json::{Number, Value};

/// The value of a body; why it has none otherwise.
pub(super) fn read(body: &[u8]) -> Result<Value, String> {
    let mut value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    // JSON that was read is UTF-8.
    let text = str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut tokens = Tokens(text);
    if restore(&mut value, &mut tokens) && tokens.next().is_none() {
        Ok(value)
    } else {
        Err("an object has the same name twice".to_owned())
    }
}

/// Gives each number the text that it has in the body: `serde_json` keeps its digits, but writes `1E2` as `1e+2`.
///
/// False if the value has fewer names than the body: a map keeps one of two that are the same.
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

/// What a value may lose of a JSON text, in the order of the text.
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

/// What stands after the closing quote of a string.
fn after_string(mut rest: &str) -> &str {
    while let Some(found) = rest.find(['"', '\\']) {
        if rest[found..].starts_with('"') {
            return &rest[found + 1..];
        }
        // What is escaped is not a quote.
        rest = &rest[found + 2..];
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        for number in [
            "0",
            "-0",
            "-0.0",
            "0.10",
            "1.0",
            "1E2",
            "1e+2",
            "1E-07",
            "1e999",
            "9007199254740993",
            "18446744073709551616",
            "123456789012345678901234567890",
        ] {
            let body = format!(r#"{{"a\":1":[true,{number},{{"b":" 7:\\","c":{number}}}],"d":{number}}}"#);
            assert_eq!(read(body.as_bytes()).expect("a value").to_string(), body);
            assert_eq!(read(number.as_bytes()).expect("a value").to_string(), number);
        }
    }

    #[test]
    fn a_body_that_a_value_cannot_hold_is_refused() {
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
