//! Keeps this project's own summaries and descriptions. If the API changes a text, its new text replaces ours, so that
//! it is noticed and rewritten. Our text is then kept beside the spec, and so is one whose place is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::compare::Renames;
use super::own::{OldTexts, Own};
use super::pointer::{escape, is_name, walk};

/// The keywords with a text in words.
pub const TEXTS: [&str; 2] = ["summary", "description"];

/// A text that is not the one that ours was written for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TextChange {
    pub kind: TextKind,
    pub pointer: String,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TextKind {
    /// There is none of ours.
    New,
    /// The API's text changed since ours was written, and replaces it.
    Changed,
    /// The API's text differs from ours. It is not known that it changed, so that ours stays.
    Differs,
    /// The API removed a text that we had taken as it was.
    Removed,
    /// The place of ours is gone.
    Homeless,
}

/// A part of the spec that can have a text.
struct Part<'a> {
    /// Names the part so that the order of a list and the path of an operation do not matter.
    key: String,
    pointer: String,
    value: &'a Map<String, Value>,
}

/// Puts our texts into a new spec, unless the API's text changed since. `api` has a fingerprint of each text of the new
/// spec, and `before` of each text at the last update. Returns the changes, and our texts that have no place now.
pub fn keep_ours(
    new: &mut Value,
    api: &Value,
    own: &Own,
    before: Option<&Value>,
    renames: &Renames,
) -> (Vec<TextChange>, OldTexts) {
    let current = texts(&own.spec, renames);
    let known = before.map(|before| texts(before, renames)).unwrap_or_default();
    let known = |key: &String| known.get(key).map(|(_, text)| text.as_str());
    let (there, fingerprints) = (texts(new, &Renames::new()), texts(api, &Renames::new()));
    let (mut old_texts, mut changes) = (own.old_texts.clone(), Vec::new());
    let is_ours = |key: &String, text: &str| known(key) != Some(&fingerprint(text));

    for (key, (pointer, text)) in &there {
        let ours = current.get(key).map(|(_, text)| text.clone()).or_else(|| old_texts.get(key).cloned());
        let kind = match (ours, known(key)) {
            (None, _) => Some(TextKind::New),
            (Some(own), _) if own == *text => None,
            (Some(own), Some(known)) if fingerprints.get(key).is_none_or(|(_, now)| known != now) => {
                if is_ours(key, &own) {
                    old_texts.insert(key.clone(), own);
                }
                Some(TextKind::Changed)
            }
            (Some(own), known) => {
                *new.pointer_mut(&pointer[1..]).expect("it was found there") = own.into();
                old_texts.remove(key);
                known.is_none().then_some(TextKind::Differs)
            }
        };
        changes.extend(kind.map(|kind| TextChange { kind, pointer: pointer.clone() }));
    }

    let parts: BTreeMap<String, String> =
        parts(new, &Renames::new()).into_iter().map(|part| (part.key, part.pointer)).collect();
    for (key, (pointer, own)) in current.into_iter().filter(|(key, _)| !there.contains_key(key)) {
        let (part, name) = key.rsplit_once('/').expect("a text has a name");
        let part = parts.get(part).and_then(|pointer| new.pointer_mut(&pointer[1..])?.as_object_mut());
        let kind = match part.filter(|part| !part.contains_key("$ref")) {
            _ if !is_ours(&key, &own) => TextKind::Removed,
            // The API has no text there.
            Some(part) => {
                part.insert(name.to_owned(), own.into());
                continue;
            }
            None => {
                old_texts.insert(key.clone(), own);
                TextKind::Homeless
            }
        };
        changes.push(TextChange { kind, pointer });
    }
    changes.sort();
    (changes, old_texts)
}

/// Removes from the facts of a spec the fingerprints of our own texts: a spec with those says nothing about the API's.
pub fn forget_ours(api: &mut Value, part: &Value, own: &Own) {
    let (none, known) = (Renames::new(), own.api.as_ref().map(|api| texts(api, &Renames::new())).unwrap_or_default());
    let current = texts(&own.spec, &none);
    for (key, (pointer, text)) in texts(part, &none) {
        if !known.contains_key(&key) && current.get(&key).is_some_and(|(_, own)| *own == text) {
            let (owner, name) = pointer.rsplit_once('/').expect("a text has a name");
            api.pointer_mut(&owner[1..]).and_then(Value::as_object_mut).and_then(|owner| owner.remove(name));
        }
    }
}

/// The differences of the texts of two specs.
pub fn differences(old: &Value, new: &Value, renames: &Renames) -> Vec<TextChange> {
    let (old, new) = (texts(old, renames), texts(new, &Renames::new()));
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |key: &String| match (old.get(key), new.get(key)) {
        (Some((_, old)), Some((pointer, new))) => (old != new).then_some((TextKind::Changed, pointer)),
        (Some((pointer, _)), None) => Some((TextKind::Removed, pointer)),
        (None, new) => new.map(|(pointer, _)| (TextKind::New, pointer)),
    };
    let changes = keys.into_iter().filter_map(change);
    let mut changes: Vec<TextChange> =
        changes.map(|(kind, pointer)| TextChange { kind, pointer: pointer.clone() }).collect();
    changes.sort();
    changes
}

/// How the API's own text is remembered.
pub fn fingerprint(text: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
}

/// Each summary and description with its pointer, by its key.
fn texts(spec: &Value, renames: &Renames) -> BTreeMap<String, (String, String)> {
    let mut texts = BTreeMap::new();
    for Part { key, pointer, value } in parts(spec, renames) {
        for name in TEXTS {
            if let Some(text) = value.get(name).and_then(Value::as_str) {
                texts.insert(format!("{key}/{name}"), (format!("{pointer}/{name}"), text.to_owned()));
            }
        }
    }
    texts
}

fn parts<'a>(spec: &'a Value, renames: &Renames) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    walk(spec, "#", &mut |pointer, value| {
        if let Some(value) = value.as_object().filter(|_| !is_name(pointer)) {
            parts.push(Part { key: key(spec, pointer, renames), pointer: pointer.to_owned(), value });
        }
    });
    parts
}

fn key(spec: &Value, pointer: &str, renames: &Renames) -> String {
    let (mut key, mut part) = ("#".to_owned(), spec);
    for segment in pointer.split('/').skip(1) {
        let is_list = part.is_array();
        part = match part {
            Value::Array(parts) => segment.parse().ok().and_then(|index: usize| parts.get(index)),
            _ => part.get(segment.replace("~1", "/").replace("~0", "~")),
        }
        .unwrap_or(&Value::Null);
        let name = part["name"].as_str().filter(|_| is_list).map_or_else(|| segment.to_owned(), escape);
        key = match part["operationId"].as_str() {
            Some(id) => format!("#/operations/{}", escape(renames.get(id).map_or(id, String::as_str))),
            None => format!("{key}/{name}"),
        };
    }
    key
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A spec with a description of the schemas `A` (where there is a property `description`) and `B`.
    fn spec(a: Option<&str>, b: Option<&str>) -> Value {
        let mut spec = json!({ "components": { "schemas": {
            "A": { "properties": { "description": { "type": "string" } } }, "B": {},
        }}});
        for (name, text) in [("A", a), ("B", b)] {
            if let Some(text) = text {
                spec["components"]["schemas"][name]["description"] = text.into();
            }
        }
        spec
    }

    fn facts(spec: &Value) -> Value {
        crate::spec::own::facts(spec, spec)
    }

    /// The spec after an update of `ours`, which was written for `before`, to `new`; and what the update tells and keeps.
    fn update(ours: &Value, before: Option<&Value>, new: &Value) -> (Value, Vec<(TextKind, String)>, Vec<String>) {
        let own = Own { spec: ours.clone(), api: None, old_texts: OldTexts::new() };
        let mut updated = new.clone();
        let (changes, old_texts) =
            keep_ours(&mut updated, &facts(new), &own, before.map(facts).as_ref(), &Renames::new());
        let changes = changes.into_iter().map(|TextChange { kind, pointer }| (kind, pointer)).collect();
        (updated, changes, old_texts.into_values().collect())
    }

    fn at(kind: TextKind, schema: &str) -> Vec<(TextKind, String)> {
        vec![(kind, format!("#/components/schemas/{schema}/description"))]
    }

    #[test]
    fn our_text_stays_until_the_api_changes_its_text() {
        let (ours, theirs, changed) = (spec(Some("ours"), None), spec(Some("theirs"), None), spec(Some("new"), None));
        assert_eq!(update(&ours, None, &theirs), (ours.clone(), at(TextKind::Differs, "A"), vec![]));
        assert_eq!(update(&ours, Some(&theirs), &theirs), (ours.clone(), vec![], vec![]));
        let kept = vec!["ours".to_owned()];
        assert_eq!(update(&ours, Some(&theirs), &changed), (changed.clone(), at(TextKind::Changed, "A"), kept));
        assert_eq!(update(&theirs, Some(&theirs), &changed), (changed.clone(), at(TextKind::Changed, "A"), vec![]));
    }

    #[test]
    fn our_text_stays_where_the_api_has_none() {
        let (ours, none) = (spec(Some("ours"), Some("ours too")), spec(None, None));
        assert_eq!(update(&ours, None, &none), (ours.clone(), vec![], vec![]));
        assert_eq!(update(&ours, Some(&spec(Some("theirs"), None)), &none), (ours.clone(), vec![], vec![]));
        let theirs = spec(Some("theirs"), None);
        assert_eq!(update(&theirs, Some(&theirs), &none), (none, at(TextKind::Removed, "A"), vec![]));
    }

    #[test]
    fn our_text_without_a_place_is_told_and_kept() {
        let mut gone = spec(Some("theirs"), None);
        gone["components"]["schemas"]["B"] = json!({ "$ref": "#/components/schemas/A" });
        let ours = spec(Some("theirs"), Some("ours"));
        let kept = (gone.clone(), at(TextKind::Homeless, "B"), vec!["ours".to_owned()]);
        assert_eq!(update(&ours, Some(&spec(Some("theirs"), None)), &gone), kept);
    }

    #[test]
    fn a_new_text_is_taken_and_told() {
        let (none, theirs) = (spec(None, None), spec(Some("theirs"), None));
        assert_eq!(update(&none, Some(&none), &theirs), (theirs.clone(), at(TextKind::New, "A"), vec![]));
    }
}
