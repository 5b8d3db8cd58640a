//! A CSV of people, as spreadsheets write it: RFC 4180, separated by commas, semicolons or tabs.

use std::io::BufRead;

use csv::StringRecord;

use super::columns::{Header, Unknown, advice};
use super::problems::{Problems, quoted};
use super::{People, Person};
use crate::cli::error::CliError;
use crate::cli::formula::unguarded;
use crate::cli::lines;

/// The maximum length of a line, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// The maximum length of the file, in bytes.
const MAX_TEXT: usize = 32 * 1024 * 1024;

/// The maximum number of lines with people.
const MAX_PEOPLE: usize = 100_000;

const FORM: &str = "The file must be CSV in UTF-8: export it again from the spreadsheet as \"CSV UTF-8\".";

const UNBALANCED: &str = "unclosed quote (\"); inside a quoted cell, write \"\" for a quote";

/// Reads a CSV. Problems of single lines are in the result; an error means that the text cannot be read at all.
pub(super) fn read(input: impl BufRead, source: &str) -> Result<People, CliError> {
    let mut text = String::new();
    let lines = lines::read(input, MAX_LINE, |_, line| {
        if line.trim_end_matches(['\r', '\n']).contains('\r') {
            return Err("has a carriage return without a line feed: lines must end in LF or CRLF".to_owned());
        }
        if text.len() + line.len() > MAX_TEXT {
            return Err(format!("exceeds the limit of {} MiB: split the file", MAX_TEXT >> 20));
        }
        text.push_str(line);
        Ok(())
    });
    lines.map_err(|unreadable| unreadable.error(source, FORM))?;
    Ok(parse(text.trim_start_matches('\u{feff}'), source))
}

fn parse(text: &str, source: &str) -> People {
    let mut problems = Problems::in_source(source);
    let mut people = Vec::new();
    let mut records = Records::of(text);
    let Some(first) = records.next() else {
        problems.add(1, "the file is empty");
        problems.hint(&advice());
        return People::new(people, problems);
    };
    let header = first.map_err(|(line, problem)| (line, vec![problem.to_owned()]));
    let header = header.and_then(|(line, cells)| match Header::read(&cells) {
        Ok(header) => Ok((line, header)),
        Err(problems) => Err((line, problems)),
    });
    let (line, mut header) = match header {
        Ok(header) => header,
        Err((line, found)) => {
            for problem in found {
                problems.add(line, &problem);
            }
            problems.hint(&advice());
            return People::new(people, problems);
        }
    };
    problems.columns = std::mem::take(&mut header.names);
    for (index, record) in records.enumerate() {
        match record {
            Err((line, _)) | Ok((line, _)) if index == MAX_PEOPLE => {
                problems.add(line, &format!("more than {MAX_PEOPLE} people: split the file"));
                break;
            }
            Err((line, problem)) => problems.add(line, problem),
            Ok((_, cells)) if cells.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok((line, cells)) => match person(&header, line, &cells) {
                Ok(person) => people.push(person),
                Err(problem) => problems.add(line, &problem),
            },
        }
    }
    let unknown = Unknown { line, names: header.unknown };
    People { ignored: header.ignored, unknown, ..People::new(people, problems) }
}

fn person(header: &Header, line: usize, cells: &StringRecord) -> Result<Person, String> {
    let (count, expected) = (cells.len(), header.properties.len());
    if count != expected {
        let cells = if count == 1 { "cell" } else { "cells" };
        return Err(format!("{count} {cells}, but the header has {expected}"));
    }
    if let Some(index) = header.unnamed.iter().find(|index| !cells[**index].trim().is_empty()) {
        return Err(format!("{} is in column {}, which has no name", quoted(&cells[*index]), index + 1));
    }
    let mut person = Person { line, ..Person::default() };
    for (property, cell) in header.properties.iter().zip(cells) {
        if let Some(property) = property {
            unguarded(cell.trim()).trim().clone_into(person.value_mut(*property));
        }
    }
    Ok(person)
}

/// The records of a CSV, each with the number of its first line.
struct Records<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    /// The number of the line that is read next.
    line: usize,
}

impl<'a> Records<'a> {
    fn of(text: &'a str) -> Self {
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter(text));
        Self { text, reader: builder.from_reader(text.as_bytes()), line: 1 }
    }

    /// Where the reader is in the text.
    fn offset(&self) -> usize {
        usize::try_from(self.reader.position().byte()).expect("the text is in memory")
    }
}

impl Iterator for Records<'_> {
    type Item = Result<(usize, StringRecord), (usize, &'static str)>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.offset();
        let mut cells = StringRecord::new();
        // The text is UTF-8 and in memory, so that reading it cannot fail.
        if !self.reader.read_record(&mut cells).unwrap_or(false) {
            return None;
        }
        let record = &self.text[start..self.offset()];
        // The reader skips blank lines, and leaves the line feed of a CRLF to the next record.
        let content = record.trim_start_matches(['\r', '\n']);
        let line = self.line + line_feeds(&record[..record.len() - content.len()]);
        self.line = line + line_feeds(content);
        // The csv crate accepts a quote that is not closed, which hides all lines after it.
        let is_balanced = content.matches('"').count().is_multiple_of(2);
        Some(if is_balanced { Ok((line, cells)) } else { Err((line, UNBALANCED)) })
    }
}

fn line_feeds(text: &str) -> usize {
    text.matches('\n').count()
}

/// The delimiter that the first line has most often outside of quotes; a comma if it has none.
fn delimiter(text: &str) -> u8 {
    let mut is_quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in text.trim_start_matches(['\r', '\n']).bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if is_quoted => {}
            _ => counts.iter_mut().filter(|(delimiter, _)| *delimiter == byte).for_each(|(_, count)| *count += 1),
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<Person>, String) {
        let People { list, problems, .. } = read(text.as_bytes(), "f").expect("the text can be read");
        let error =
            problems.check().map_or_else(|error| error.object()["error"]["message"].to_string(), |()| String::new());
        (list, error)
    }

    #[test]
    fn the_header_line_shows_the_delimiter() {
        for (text, expected) in [
            ("email,\"a;b;c\",x", b','),
            ("email;\"a,b,c\";x\n,,,,", b';'),
            ("\r\nemail\tfirst name\n;;", b'\t'),
            ("\"email\n,,,\";x", b';'),
            ("email\n;;", b','),
            ("", b','),
        ] {
            assert_eq!(char::from(delimiter(text)), char::from(expected), "{text:?}");
        }
    }

    #[test]
    fn each_person_has_the_number_of_its_line() {
        for end in ["\n", "\r\n"] {
            let lines =
                ["email,\"First", "Name\"", "", "a@x.org,\"A \"\"x\"\",", "B\"", "b@x.org,", ",", "", "c@x.org, C "];
            let (people, error) = parsed(&format!("\u{feff}{}", lines.join(end)));
            let found: Vec<_> = people.iter().map(|person| (person.line, &*person.email)).collect();
            assert_eq!(found, [(4, "a@x.org"), (6, "b@x.org"), (9, "c@x.org")], "{error}");
            assert_eq!((&*people[0].first_name, &*people[2].first_name), (&*format!("A \"x\",{end}B"), "C"));
        }
    }

    #[test]
    fn wrong_lines_are_named() {
        for (rows, expected) in [
            ("a@x.org", "line 2: 1 cell, but the header has 3"),
            ("a@x.org,A,,", "line 2: 4 cells, but the header has 3"),
            ("a@x.org,A,x", "line 2: \\\"x\\\" is in column 3, which has no name"),
            ("a@x.org,\"A,\nb@x.org,B,\n", UNBALANCED_IN_JSON),
            ("a@x.org,\"A,\nb@x.org,\"B\",\nc@x.org,C,", UNBALANCED_IN_JSON),
            ("a@x.org,5\" disk,\nb@x.org,B,", UNBALANCED_IN_JSON),
        ] {
            let (_, error) = parsed(&format!("email,first name,\n{rows}"));
            assert!(error.contains(expected), "{rows}: {error}");
        }
    }

    const UNBALANCED_IN_JSON: &str = "line 2: unclosed quote (\\\")";

    #[test]
    fn limits_are_errors_with_their_line() {
        let rows = format!("email\n{}", "a\n".repeat(MAX_PEOPLE + 5));
        let (people, error) = parsed(&rows);
        assert!(people.len() == MAX_PEOPLE && error.contains("line 100002: more than 100000 people"), "{error}");
        let long = [b"email\na@x.org\n".to_vec(), vec![b'x'; MAX_LINE + 1]].concat();
        let error = read(&long[..], "f").expect_err("a line is too long");
        assert_eq!(error.sentence(), "line 3 of f is longer than 65536 bytes");
        let lines = MAX_TEXT / 1000 + 1;
        let large = format!("email\n{}", format!("{:999}\n", "").repeat(lines));
        let error = read(large.as_bytes(), "f").expect_err("the file is too large");
        assert!(error.sentence().ends_with("of f exceeds the limit of 32 MiB: split the file"), "{}", error.sentence());
    }
}
