use serde_json::Value;

use super::{CliError, Format, format};

/// The result of a command, for people and for scripts.
#[derive(Debug)]
pub(in crate::cli) struct Report(Option<Content>);

#[derive(Debug)]
struct Content {
    /// What a person reads.
    sentence: String,
    /// What the server sent, with the properties that the document does not know.
    value: Value,
}

impl Report {
    /// An answer of the server, and what it means.
    pub fn answer(sentence: String, body: &[u8]) -> Self {
        // The client has read the body as JSON before.
        let value = serde_json::from_slice(body).unwrap_or_default();
        Self(Some(Content { sentence, value }))
    }

    /// Of a command that has said all that it has to say.
    pub fn nothing() -> Self {
        Self(None)
    }

    pub(super) fn render(&self, format: Format) -> Result<Option<String>, CliError> {
        let Some(Content { sentence, value }) = &self.0 else { return Ok(None) };
        match format {
            Format::Table => Ok(super::plain(sentence).into_owned()),
            Format::Json => Ok(format::json(value)),
            Format::Yaml => format::yaml(value),
            Format::Csv => format::csv(value),
            Format::Toon => format::toon(value),
        }
        .map(Some)
    }
}
