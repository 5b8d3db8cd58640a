//! Prepares the spec for progenitor: rewrites what progenitor would generate wrong code from. The result is only for
//! progenitor; the tables and the JSON Schemas have what the API says.

use heck::ToPascalCase;
use serde_json::{Map, Value, json};

use super::spec::METHODS;

/// The schema that the client reads every error into. The exchange converts the body of each error to it.
const ERROR: &str = "#/components/schemas/Error";

pub fn prepare(spec: &Value) -> Value {
    let mut spec = without_hints(spec);
    split_nullable_unions(&mut spec);
    type_errors(&mut spec);
    spec
}

/// Removes what would change a type: a response must not fail because one value is slightly wrong. Any string is accepted
/// whatever its format, without types of other crates (chrono, uuid), and a number whatever its limits, without
/// `NonZeroU64`.
fn without_hints(value: &Value) -> Value {
    const FORMATS: [&str; 6] = ["date", "date-time", "uuid", "ip", "ipv4", "ipv6"];
    const LIMITS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    match value {
        Value::Object(object) => {
            let is_number = value["type"] == "integer" || value["type"] == "number";
            let is_removed = |name: &str, value: &Value| {
                (name == "format" && value.as_str().is_some_and(|format| FORMATS.contains(&format)))
                    || (is_number && LIMITS.contains(&name))
            };
            let kept = object.iter().filter(|(name, value)| !is_removed(name, value));
            kept.map(|(name, value)| (name.clone(), without_hints(value))).collect()
        }
        Value::Array(values) => values.iter().map(without_hints).collect(),
        other => other.clone(),
    }
}

/// Splits each named schema that is nullable and a union into the union and a nullable reference to it. From both in one
/// schema, progenitor generates two types with the same name.
fn split_nullable_unions(spec: &mut Value) {
    let Some(schemas) = spec.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let names = schemas.iter().filter(|(_, schema)| is_nullable_union(schema)).map(|(name, _)| name.clone());
    for name in names.collect::<Vec<_>>() {
        let inner = unused_name(schemas, &name);
        let reference = json!({ "nullable": true, "allOf": [{ "$ref": format!("#/components/schemas/{inner}") }] });
        if let Some(Value::Object(mut union)) = schemas.insert(name, reference) {
            union.remove("nullable");
            schemas.insert(inner, union.into());
        }
    }
}

fn is_nullable_union(schema: &Value) -> bool {
    let is_reference = schema["allOf"].as_array().is_some_and(|parts| parts.len() == 1 && !parts[0]["$ref"].is_null());
    schema["nullable"] == true
        && !is_reference
        && ["oneOf", "anyOf", "allOf"].iter().any(|kind| schema[*kind].is_array())
}

/// A name for the inner schema of `name`, such as `ValueInner`, whose type no schema has.
fn unused_name(schemas: &Map<String, Value>, name: &str) -> String {
    let mut inner = format!("{}Inner", name.to_pascal_case());
    while schemas.keys().any(|other| other.to_pascal_case() == inner) {
        inner.push_str("Inner");
    }
    inner
}

/// Gives every operation the error type `Error`, whatever the spec documents, and `Error` a message. progenitor treats
/// `default` as a success too, so `default` is the success if no other is documented.
fn type_errors(spec: &mut Value) {
    let error = json!({ "description": "", "content": { "application/json": { "schema": { "$ref": ERROR } } } });
    for (_, item) in spec["paths"].as_object_mut().into_iter().flatten() {
        let members = item.as_object_mut().into_iter().flatten();
        for (_, operation) in members.filter(|(name, _)| METHODS.contains(&name.as_str())) {
            let Some(responses) = operation["responses"].as_object_mut() else { continue };
            let default = responses.remove("default").unwrap_or_else(|| json!({ "description": "" }));
            responses.retain(|status, _| status.starts_with('2'));
            if responses.is_empty() {
                responses.insert("2XX".into(), default);
            }
            responses.insert("4XX".into(), error.clone());
            responses.insert("5XX".into(), error.clone());
        }
    }
    let schema = &mut spec["components"]["schemas"]["Error"];
    let description = schema["properties"]["error"]["description"].clone();
    if !schema["properties"].is_object() {
        *schema = json!({ "type": "object", "properties": {} });
    }
    schema["required"] = json!([]);
    schema["properties"]["error"] =
        json!({ "type": "string", "description": description.as_str().unwrap_or_default() });
}
