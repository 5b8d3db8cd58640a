//! Keeps this project's own summaries and descriptions. If the API changes a text, its new text replaces ours, so that
//! it is noticed and rewritten. Our text is then kept beside the spec, and so is one whose place is gone.

mod index;

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use super::compare::Renames;
use super::own::{OldTexts, Own};
use index::Index;

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

/// Puts our texts into a new spec, unless the API's text changed since. `api` has a fingerprint of each text of the new
/// spec, and `before` of each text at the last update. Returns the changes, and our texts that have no place now.
pub fn keep_ours(
    new: &mut Value,
    api: &Value,
    own: &Own,
    before: Option<&Value>,
    renames: &Renames,
) -> (Vec<TextChange>, OldTexts) {
    let current = Index::of_texts(&own.spec, renames);
    let known = before.map(|before| Index::of_texts(before, renames)).unwrap_or_default();
    let known = |names: &[String]| known.find(names).map(|(_, (_, text))| text.as_str());
    let (there, fingerprints) = (Index::of_texts(new, &Renames::new()), Index::of_texts(api, &Renames::new()));
    let (mut old_texts, mut changes) = (own.old_texts.clone(), Vec::new());
    let mut used = BTreeSet::new();

    for (key, (pointer, text)) in there.iter() {
        let names = there.names(key);
        let ours = current.find(&names).map(|(key, (_, text))| {
            used.insert(key.to_owned());
            text.clone()
        });
        let kind = match (ours.or_else(|| old_texts.get(key).cloned()), known(&names)) {
            (None, _) => Some(TextKind::New),
            (Some(own), _) if own == *text => None,
            (Some(own), Some(known)) if fingerprints.get(key).is_none_or(|(_, now)| known != now) => {
                if known != fingerprint(&own) {
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

    let parts = Index::of_parts(new, &Renames::new());
    for (key, (pointer, own)) in current.iter().filter(|(key, _)| !used.contains(*key)) {
        let names = current.names(key);
        let kind = if known(&names).is_some_and(|known| known == fingerprint(own)) {
            TextKind::Removed
        } else if let Some((part, name)) = parts.owner(&names) {
            // The API has no text there.
            let part = new.pointer_mut(&part[1..]).expect("it was found there");
            part[name] = own.as_str().into();
            continue;
        } else {
            old_texts.insert(key.clone(), own.clone());
            TextKind::Homeless
        };
        changes.push(TextChange { kind, pointer: pointer.clone() });
    }
    changes.sort();
    (changes, old_texts)
}

/// Removes from the facts of a spec the fingerprints of our own texts: a spec with those says nothing about the API's.
pub fn forget_ours(api: &mut Value, part: &Value, own: &Own) {
    let none = Renames::new();
    let known = own.api.as_ref().map(|api| Index::of_texts(api, &none)).unwrap_or_default();
    let current = Index::of_texts(&own.spec, &none);
    for (key, (pointer, text)) in Index::of_texts(part, &none).iter() {
        if known.get(key).is_none() && current.get(key).is_some_and(|(_, own)| own == text) {
            let (owner, name) = pointer.rsplit_once('/').expect("a text has a name");
            api.pointer_mut(&owner[1..]).and_then(Value::as_object_mut).and_then(|owner| owner.remove(name));
        }
    }
}

/// The differences of the texts of two specs.
pub fn differences(old: &Value, new: &Value, renames: &Renames) -> Vec<TextChange> {
    let (old, new) = (Index::of_texts(old, renames), Index::of_texts(new, &Renames::new()));
    let (mut changes, mut used) = (Vec::new(), BTreeSet::new());
    for (key, (pointer, text)) in new.iter() {
        let kind = match old.find(&new.names(key)) {
            None => Some(TextKind::New),
            Some((key, (_, before))) => {
                used.insert(key);
                (before != text).then_some(TextKind::Changed)
            }
        };
        changes.extend(kind.map(|kind| TextChange { kind, pointer: pointer.clone() }));
    }
    let removed = old.iter().filter(|(key, _)| !used.contains(key.as_str()));
    changes.extend(removed.map(|(_, (pointer, _))| TextChange { kind: TextKind::Removed, pointer: pointer.clone() }));
    changes.sort();
    changes
}

/// How the API's own text is remembered.
pub fn fingerprint(text: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
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
    fn our_text_follows_a_component_with_another_name() {
        let spec = |name: &str, text: Option<&str>| {
            let mut spec = json!({
                "paths": { "/x": { "get": { "operationId": "x", "responses": {
                    "400": { "$ref": format!("#/components/responses/{name}") },
                }}}},
                "components": { "responses": { name: {} } },
            });
            if let Some(text) = text {
                spec["components"]["responses"][name]["description"] = text.into();
            }
            spec
        };
        let (ours, theirs) = (spec("Bad", Some("ours")), spec("Bad", Some("theirs")));
        let renamed = spec("Invalid", Some("ours"));
        assert_eq!(update(&ours, Some(&theirs), &spec("Invalid", Some("theirs"))), (renamed.clone(), vec![], vec![]));
        assert_eq!(update(&ours, Some(&theirs), &spec("Invalid", None)), (renamed, vec![], vec![]));
        let mut written_out = theirs.clone();
        written_out["paths"]["/x"]["get"]["responses"]["400"] = json!({ "description": "theirs" });
        let (updated, changes, kept) = update(&ours, Some(&theirs), &written_out);
        assert_eq!(updated["paths"]["/x"]["get"]["responses"]["400"]["description"], "ours");
        assert_eq!((changes, kept), (vec![], Vec::<String>::new()));
    }

    #[test]
    fn a_new_text_is_taken_and_told() {
        let (none, theirs) = (spec(None, None), spec(Some("theirs"), None));
        assert_eq!(update(&none, Some(&none), &theirs), (theirs.clone(), at(TextKind::New, "A"), vec![]));
    }
}
