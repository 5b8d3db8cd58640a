//! The spec as data: finds its operations and follows its references.

use std::collections::BTreeSet;

use heck::ToSnakeCase;
use serde_json::Value;

/// An extension of a request body: the media type to send, if progenitor knows only a different one.
pub const SENT_AS: &str = "x-sent-as";

/// The most references in a row that are followed.
const MAX_CHAIN: usize = 32;

/// Follows a reference such as `#/a/b` to its end. Returns any other value unchanged.
pub fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    let next = |value: &&'a Value| spec.pointer(value["$ref"].as_str()?.strip_prefix('#')?);
    std::iter::successors(Some(value), next).take(MAX_CHAIN).last().unwrap_or(value)
}

/// The most references in a schema that are replaced: schemas that refer to each other can have any number.
const MAX_REFERENCES: usize = 200;

/// Replaces the references in a value by their targets, except references back to a schema that they are in, and those
/// after [`MAX_REFERENCES`].
pub fn resolve_all(spec: &Value, value: &Value) -> Value {
    fn resolved(spec: &Value, value: &Value, outer: &mut Vec<String>, remaining: &mut usize) -> Value {
        match value {
            Value::Object(object) => match object.get("$ref").and_then(Value::as_str) {
                Some(reference) if *remaining == 0 || outer.iter().any(|outer| outer == reference) => value.clone(),
                Some(reference) => {
                    *remaining -= 1;
                    outer.push(reference.to_owned());
                    let target = resolve(spec, value);
                    let target = if target == value { value.clone() } else { resolved(spec, target, outer, remaining) };
                    outer.pop();
                    target
                }
                None => {
                    object.iter().map(|(name, part)| (name.clone(), resolved(spec, part, outer, remaining))).collect()
                }
            },
            Value::Array(parts) => parts.iter().map(|part| resolved(spec, part, outer, remaining)).collect(),
            other => other.clone(),
        }
    }
    resolved(spec, value, &mut Vec::new(), &mut { MAX_REFERENCES })
}

/// The path, method and content of each operation that has an id, in the order of the spec.
pub fn operations(spec: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    methods(spec).filter(|(_, _, operation)| operation["operationId"].is_string())
}

/// The operations that use a schema, such as ` (used by listUsers, updateUser)`; empty if there are none.
pub fn used_by(spec: &Value, schema: &str) -> String {
    let users = operations(spec).filter(|(.., operation)| schemas_of(spec, operation).contains(schema));
    let users: Vec<&str> = users.map(|(.., operation)| id(operation)).collect();
    if users.is_empty() { String::new() } else { format!(" (used by {})", users.join(", ")) }
}

/// The names of the schemas that a part of the spec refers to, directly or through other components.
fn schemas_of<'a>(spec: &'a Value, part: &'a Value) -> BTreeSet<&'a str> {
    let (mut found, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![part]);
    while let Some(value) = open.pop() {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str).filter(|name| seen.insert(*name)) {
                    found.extend(reference.strip_prefix("#/components/schemas/"));
                    open.extend(reference.strip_prefix('#').and_then(|pointer| spec.pointer(pointer)));
                }
                open.extend(object.values());
            }
            Value::Array(parts) => open.extend(parts),
            _ => {}
        }
    }
    found
}

pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The path, method and content of each operation, with and without an id.
pub fn methods(spec: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    spec["paths"].as_object().into_iter().flatten().flat_map(move |(path, item)| {
        let entries = item.as_object().into_iter().flatten().filter(|(name, _)| METHODS.contains(&name.as_str()));
        entries.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// The id of an operation, or nothing.
pub fn id(operation: &Value) -> &str {
    operation["operationId"].as_str().unwrap_or_default()
}

/// The name in Rust of an operation or a parameter, as progenitor chooses it: `type` is `type_`.
pub fn rust_name(name: &str) -> String {
    let name = match name.replace('\'', "").to_snake_case() {
        digits if digits.starts_with(|first: char| first.is_numeric()) => format!("_{digits}"),
        other => other,
    };
    // To progenitor, `gen` is a keyword already.
    let is_identifier = name != "gen" && syn::parse_str::<syn::Ident>(&name).is_ok();
    if is_identifier { name } else { format!("{name}_") }
}

/// The parameters of an operation, including those of its path, with references resolved.
pub fn parameters<'a>(spec: &'a Value, path: &str, operation: &'a Value) -> impl Iterator<Item = &'a Value> {
    let lists = [&spec["paths"][path]["parameters"], &operation["parameters"]];
    let parameters = lists.into_iter().filter_map(Value::as_array).flatten();
    parameters.map(|parameter| resolve(spec, parameter))
}
