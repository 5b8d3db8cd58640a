//! The order of a document, which does not depend on that of its source: what the current document has keeps its
//! place, and what is new comes after it, as OpenAPI has it or by its name.

use serde_json::{Map, Value};

/// The names that have a meaning in OpenAPI, as a reader expects them.
const NAMES: &[&str] = &[
    "openapi",
    "info",
    "title",
    "version",
    "servers",
    "security",
    "tags",
    "paths",
    "components",
    "operationId",
    "name",
    "in",
    "summary",
    "description",
    "parameters",
    "requestBody",
    "required",
    "type",
    "format",
    "deprecated",
    "nullable",
    "schema",
    "x-sent-as",
    "content",
    "responses",
    "headers",
    "schemas",
    "items",
    "properties",
    "additionalProperties",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "default",
    "example",
];

/// The new document in its order.
pub fn arrange(new: Value, current: Option<&Value>) -> Value {
    match new {
        Value::Object(new) => {
            let position =
                |name: &String| current.and_then(|current| current.as_object()?.keys().position(|key| key == name));
            let rank = |name: &String| NAMES.iter().position(|known| known == name).unwrap_or(NAMES.len());
            let mut entries: Vec<(String, Value)> = new.into_iter().collect();
            entries.sort_by_cached_key(|(name, _)| (position(name).unwrap_or(usize::MAX), rank(name), name.clone()));
            let entries = entries.into_iter().map(|(name, part)| {
                let arranged = arrange(part, current.and_then(|current| current.get(&name)));
                (name, arranged)
            });
            Value::Object(entries.collect::<Map<String, Value>>())
        }
        // The order of a list can mean something.
        Value::Array(parts) => {
            let current = |index: usize| current.and_then(|current| current.get(index));
            parts.into_iter().enumerate().map(|(index, part)| arrange(part, current(index))).collect()
        }
        other => other,
    }
}
