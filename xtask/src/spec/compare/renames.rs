//! Finds the operations that have another name now.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Comparison;
use super::operation::{Operation, operations_by_id};

/// The new id of each operation that was renamed.
pub type Renames = BTreeMap<String, String>;

/// The operations of the old spec that the new one has under an id that was not `known` before: at the same method and
/// path, or else with the same parameters and bodies elsewhere.
pub fn renames(old: &Value, new: &Value, known: &BTreeSet<String>) -> Renames {
    let (before, after) = (operations_by_id(old), operations_by_id(new));
    let missing: BTreeMap<_, _> = before.iter().filter(|(id, _)| !after.contains_key(*id)).collect();
    let mut added: BTreeMap<_, _> =
        after.iter().filter(|(id, _)| !known.contains(*id) && !before.contains_key(*id)).collect();
    let mut renames = Renames::new();
    for (id, old) in &missing {
        let at_its_place = added.iter().find(|(_, new)| old.is_at_place_of(new)).map(|(id, _)| (*id).clone());
        if let Some(new_id) = at_its_place {
            added.remove(&new_id);
            renames.insert((*id).clone(), new_id);
        }
    }
    let mut moved: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, before) in missing.iter().filter(|(id, _)| !renames.contains_key(**id)) {
        let alike: Vec<&String> =
            added.iter().filter(|(_, after)| is_alike(old, new, before, after)).map(|(id, _)| *id).collect();
        if let [only] = alike[..] {
            moved.entry(only.clone()).or_default().push((*id).clone());
        }
    }
    renames.extend(moved.into_iter().filter_map(|(new_id, ids)| match &ids[..] {
        [id] => Some((id.clone(), new_id)),
        _ => None,
    }));
    renames
}

/// Whether two operations differ only in their ids and paths. Operations without a body are too alike to tell.
fn is_alike(old_spec: &Value, new_spec: &Value, old: &Operation, new: &Operation) -> bool {
    if old.method != new.method || !old.has_body(old_spec) {
        return false;
    }
    let mut comparison = Comparison::between(old_spec, new_spec);
    comparison.content_of_operation(old, new);
    comparison.changes.is_empty()
}
