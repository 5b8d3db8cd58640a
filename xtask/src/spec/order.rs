//! The order of a spec. It does not depend on the order of the input: what the current spec has stays in its position,
//! and what is new follows in OpenAPI's usual order or by name.

use serde_json::{Map, Value};

/// The keywords of OpenAPI, in the usual order.
const KEYWORDS: &[&str] = &[
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

/// Puts a new spec in order.
pub fn order(new: Value, current: Option<&Value>) -> Value {
    match new {
        Value::Object(new) => {
            let position =
                |name: &String| current.and_then(|current| current.as_object()?.keys().position(|key| key == name));
            let rank = |name: &String| KEYWORDS.iter().position(|known| known == name).unwrap_or(KEYWORDS.len());
            let mut entries: Vec<(String, Value)> = new.into_iter().collect();
            entries.sort_by_cached_key(|(name, _)| (position(name).unwrap_or(usize::MAX), rank(name), name.clone()));
            let entries = entries.into_iter().map(|(name, part)| {
                let ordered = order(part, current.and_then(|current| current.get(&name)));
                (name, ordered)
            });
            Value::Object(entries.collect::<Map<String, Value>>())
        }
        // The order of an array can have a meaning.
        Value::Array(parts) => {
            let current = |index: usize| current.and_then(|current| current.get(index));
            parts.into_iter().enumerate().map(|(index, part)| order(part, current(index))).collect()
        }
        other => other,
    }
}
