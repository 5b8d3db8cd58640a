//! Keeps this project's own summaries and descriptions. If the API changes a text, its new text replaces ours, so that
//! it is noticed and rewritten.
//!
//! To tell a change, a file beside the spec has a fingerprint of each text of the API that one of ours replaces. The
//! API's text itself is not kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::pointer::{escape, is_example};

/// The fingerprints of the API's texts, by their pointers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fingerprints(BTreeMap<String, Uuid>);

impl Fingerprints {
    /// The fingerprint file of a spec.
    pub fn path(spec: &Path) -> PathBuf {
        spec.with_extension("texts.json")
    }

    pub fn read(spec: &Path) -> anyhow::Result<Self> {
        let path = Self::path(spec);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.with_context(|| path.display().to_string())?,
        };
        let texts: BTreeMap<String, String> =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let parse = |(pointer, id): (String, String)| Ok((pointer, id.parse()?));
        let texts: anyhow::Result<_> = texts.into_iter().map(parse).collect();
        Ok(Self(texts.with_context(|| path.display().to_string())?))
    }

    pub fn to_json(&self) -> String {
        let texts: BTreeMap<&String, String> = self.0.iter().map(|(pointer, id)| (pointer, id.to_string())).collect();
        serde_json::to_string_pretty(&texts).expect("a map of strings is JSON") + "\n"
    }
}

/// A text of the API that is not the one that ours was written for. It has the pointer to the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TextChange {
    /// The text is new, so that there is none of ours.
    New(String),
    /// The text changed since ours was written, and replaces it.
    Changed(String),
    /// The text differs from ours. Without a fingerprint that is not known to be a change, so that ours stays.
    Differs(String),
}

/// Puts our texts from the current spec into a new one, unless the API's text changed since.
pub fn keep_ours(new: &mut Value, current: &Value, before: &Fingerprints) -> (Fingerprints, Vec<TextChange>) {
    let mut ours = BTreeMap::new();
    visit(&mut current.clone(), "#", &mut |pointer, text| {
        ours.insert(pointer.to_owned(), text.clone());
    });
    let (mut after, mut changes) = (Fingerprints::default(), Vec::new());
    visit(new, "#", &mut |pointer, text| {
        let fingerprint = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
        let known = before.0.get(pointer);
        match ours.get(pointer) {
            // The new spec is one of ours, and says nothing about the API's texts.
            Some(own) if own == text && known.is_none() => return,
            Some(own) if own == text || known == Some(&fingerprint) => text.clone_from(own),
            Some(own) if known.is_none() => {
                changes.push(TextChange::Differs(pointer.to_owned()));
                text.clone_from(own);
            }
            Some(_) => changes.push(TextChange::Changed(pointer.to_owned())),
            None => changes.push(TextChange::New(pointer.to_owned())),
        }
        after.0.insert(pointer.to_owned(), fingerprint);
    });
    (after, changes)
}

/// Visits each summary and description. A property with such a name is not one.
fn visit(value: &mut Value, pointer: &str, see: &mut impl FnMut(&str, &mut String)) {
    match value {
        Value::Object(object) => visit_object(object, pointer, see),
        Value::Array(parts) => {
            for (index, part) in parts.iter_mut().enumerate() {
                // A parameter is identified by its name, since its index can change.
                let name = part["name"].as_str().map_or_else(|| index.to_string(), escape);
                visit(part, &format!("{pointer}/{name}"), see);
            }
        }
        _ => {}
    }
}

fn visit_object(object: &mut Map<String, Value>, pointer: &str, see: &mut impl FnMut(&str, &mut String)) {
    for (name, part) in object.iter_mut().filter(|(name, _)| !is_example(pointer, name)) {
        let pointer = format!("{pointer}/{}", escape(name));
        match part {
            Value::String(text) if name == "summary" || name == "description" => see(&pointer, text),
            part => visit(part, &pointer, see),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn our_text_stays_until_the_api_changes_its_text() {
        let current = json!({ "a": { "description": "ours", "properties": { "description": { "type": "string" } } } });
        let api = |text: &str| json!({ "a": { "description": text }, "b": { "summary": "new" } });
        let keep = |text: &str, before: &Fingerprints| {
            let mut new = api(text);
            let (after, changes) = keep_ours(&mut new, &current, before);
            (new["a"]["description"].as_str().expect("a text").to_owned(), after, changes)
        };
        let (new, pointer) = (TextChange::New("#/b/summary".into()), "#/a/description".to_owned());
        let (text, first, changes) = keep("theirs", &Fingerprints::default());
        assert_eq!((text.as_str(), changes), ("ours", vec![TextChange::Differs(pointer.clone()), new.clone()]));
        let (text, second, changes) = keep("theirs", &first);
        assert_eq!((text.as_str(), &second, changes), ("ours", &first, vec![new.clone()]), "no change");
        let (text, third, changes) = keep("theirs, changed", &first);
        assert_eq!((text.as_str(), changes), ("theirs, changed", vec![TextChange::Changed(pointer.clone()), new]));
        assert_ne!(third, first, "a later change is compared with this one");
        let own = |text: &str, before: &Fingerprints| {
            let mut new = json!({ "a": { "description": text } });
            keep_ours(&mut new, &current, before)
        };
        let (untouched, _) = own("ours", &Fingerprints::default());
        assert_eq!(untouched, Fingerprints::default(), "a spec of ours says nothing about the API's texts");
        let (verbatim, _) = own("ours", &third);
        assert_eq!(own("theirs, anew", &verbatim).1, [TextChange::Changed(pointer)], "verbatim texts can change too");
    }
}
