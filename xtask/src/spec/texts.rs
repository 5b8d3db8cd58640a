//! Summaries and descriptions are this project's own words. Where the API's are no longer what ours were written for,
//! the API's come in their place, to be put in our words again.
//!
//! Beside the document is a file with a fingerprint of each text of the API that ours stand for; the text itself is
//! not kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::source::{escaped, is_example};

/// The fingerprints of the API's texts, by their places.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fingerprints(BTreeMap<String, Uuid>);

impl Fingerprints {
    /// The file of those of a document.
    pub fn path(document: &Path) -> PathBuf {
        document.with_extension("texts.json")
    }

    pub fn read(document: &Path) -> anyhow::Result<Self> {
        let path = Self::path(document);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.with_context(|| path.display().to_string())?,
        };
        let texts: BTreeMap<String, String> =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let parse = |(place, id): (String, String)| Ok((place, id.parse()?));
        let texts: anyhow::Result<_> = texts.into_iter().map(parse).collect();
        Ok(Self(texts.with_context(|| path.display().to_string())?))
    }

    pub fn to_json(&self) -> String {
        let texts: BTreeMap<&String, String> = self.0.iter().map(|(place, id)| (place, id.to_string())).collect();
        serde_json::to_string_pretty(&texts).expect("a map of texts is JSON") + "\n"
    }
}

/// A text of the API that is not in our words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Foreign {
    /// It is new.
    New(String),
    /// It changed since ours was written.
    Changed(String),
    /// The API says it otherwise, as far as is known since ever: ours stays.
    Otherwise(String),
}

/// Puts our words of the current document into the new one, where the API's own are still what ours stand for.
pub fn keep_ours(new: &mut Value, current: &Value, before: &Fingerprints) -> (Fingerprints, Vec<Foreign>) {
    let mut ours = BTreeMap::new();
    visit(&mut current.clone(), "#", &mut |place, text| {
        ours.insert(place.to_owned(), text.clone());
    });
    let (mut after, mut foreign) = (Fingerprints::default(), Vec::new());
    visit(new, "#", &mut |place, text| {
        let fingerprint = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
        let known = before.0.get(place);
        match ours.get(place) {
            // A document of our own says nothing of the API's words.
            Some(own) if own == text && known.is_none() => return,
            Some(own) if own == text || known == Some(&fingerprint) => text.clone_from(own),
            Some(own) if known.is_none() => {
                foreign.push(Foreign::Otherwise(place.to_owned()));
                text.clone_from(own);
            }
            Some(_) => foreign.push(Foreign::Changed(place.to_owned())),
            None => foreign.push(Foreign::New(place.to_owned())),
        }
        after.0.insert(place.to_owned(), fingerprint);
    });
    (after, foreign)
}

/// Visits each summary and description. A property may be called so too, and is no text.
fn visit(value: &mut Value, place: &str, see: &mut impl FnMut(&str, &mut String)) {
    match value {
        Value::Object(object) => visit_object(object, place, see),
        Value::Array(parts) => {
            for (index, part) in parts.iter_mut().enumerate() {
                // A parameter is known by its name wherever it stands.
                let name = part["name"].as_str().map_or_else(|| index.to_string(), escaped);
                visit(part, &format!("{place}/{name}"), see);
            }
        }
        _ => {}
    }
}

fn visit_object(object: &mut Map<String, Value>, place: &str, see: &mut impl FnMut(&str, &mut String)) {
    for (name, part) in object.iter_mut().filter(|(name, _)| !is_example(place, name)) {
        let place = format!("{place}/{}", escaped(name));
        match part {
            Value::String(text) if name == "summary" || name == "description" => see(&place, text),
            part => visit(part, &place, see),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ours_stay_until_the_api_s_change() {
        let current = json!({ "a": { "description": "ours", "properties": { "description": { "type": "string" } } } });
        let api = |text: &str| json!({ "a": { "description": text }, "b": { "summary": "new" } });
        let keep = |text: &str, before: &Fingerprints| {
            let mut new = api(text);
            let (after, foreign) = keep_ours(&mut new, &current, before);
            (new["a"]["description"].as_str().expect("a text").to_owned(), after, foreign)
        };
        let (new, place) = (Foreign::New("#/b/summary".into()), "#/a/description".to_owned());
        let (text, first, foreign) = keep("theirs", &Fingerprints::default());
        assert_eq!((text.as_str(), foreign), ("ours", vec![Foreign::Otherwise(place.clone()), new.clone()]));
        let (text, second, foreign) = keep("theirs", &first);
        assert_eq!((text.as_str(), &second, foreign), ("ours", &first, vec![new.clone()]), "the same again");
        let (text, third, foreign) = keep("theirs, changed", &first);
        assert_eq!((text.as_str(), foreign), ("theirs, changed", vec![Foreign::Changed(place.clone()), new]));
        assert_ne!(third, first, "the next change is told from this one");
        let own = |text: &str, before: &Fingerprints| {
            let mut new = json!({ "a": { "description": text } });
            let (after, foreign) = keep_ours(&mut new, &current, before);
            (after, foreign)
        };
        let (untouched, _) = own("ours", &Fingerprints::default());
        assert_eq!(untouched, Fingerprints::default(), "a document of our own says nothing of the API's words");
        let (verbatim, _) = own("ours", &third);
        assert_eq!(own("theirs, anew", &verbatim).1, [Foreign::Changed(place)], "the API's own words change too");
    }
}
