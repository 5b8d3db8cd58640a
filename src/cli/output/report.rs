use bytes::Bytes;

use super::{CliError, Format, format};

/// The result of a command, for people and for scripts.
#[derive(Debug)]
pub(in crate::cli) struct Report(Option<Content>);

#[derive(Debug)]
struct Content {
    /// What a person reads.
    sentence: String,
    /// What the server sent, with the properties that the document does not know.
    body: Bytes,
}

impl Report {
    /// An answer of the server, and what it means.
    pub fn answer(sentence: String, body: Bytes) -> Self {
        Self(Some(Content { sentence, body }))
    }

    /// Of a command that has said all that it has to say.
    pub fn nothing() -> Self {
        Self(None)
    }

    pub(super) fn render(&self, format: Format) -> Result<Option<String>, CliError> {
        let Some(Content { sentence, body }) = &self.0 else { return Ok(None) };
        match format {
            Format::Table => Ok(super::plain(sentence).into_owned()),
            Format::Json => Ok(format::indented(&String::from_utf8_lossy(body))),
            Format::Yaml => format::yaml(&format::parse(body)?),
            Format::Csv => format::csv(&format::parse(body)?),
            Format::Toon => format::toon(&format::parse(body)?),
        }
        .map(Some)
    }
}
