//! The document as data: where its operations are, and what its references lead to.

use openapiv3::{OpenAPI, Operation, ReferenceOr, Schema};
use serde_json::Value;

/// Beside the content of a request body: the media type that it is sent as, where progenitor knows only another one.
pub const SENT_AS: &str = "x-sent-as";

/// The document without the formats for which progenitor writes types of other crates (chrono, uuid): a text is one in
/// any format, and an answer that is a little off does not fail.
#[must_use]
pub fn without_crates(raw: &Value) -> Value {
    const FORMATS: [&str; 6] = ["date", "date-time", "uuid", "ip", "ipv4", "ipv6"];
    match raw {
        Value::Object(object) => {
            let is_one = |name: &str, value: &Value| {
                name == "format" && value.as_str().is_some_and(|format| FORMATS.contains(&format))
            };
            let kept = object.iter().filter(|(name, value)| !is_one(name, value));
            kept.map(|(name, value)| (name.clone(), without_crates(value))).collect()
        }
        Value::Array(values) => values.iter().map(without_crates).collect(),
        other => other.clone(),
    }
}

/// The most references that follow each other.
const LONGEST_CHAIN: usize = 32;

/// What a reference of the form `#/a/b` leads to in the end; anything else is itself.
#[must_use]
pub fn resolve<'a>(raw: &'a Value, value: &'a Value) -> &'a Value {
    let next = |value: &&'a Value| raw.pointer(value["$ref"].as_str()?.strip_prefix('#')?);
    std::iter::successors(Some(value), next).take(LONGEST_CHAIN).last().unwrap_or(value)
}

/// The most references of a schema that are replaced; schemas that refer to each other may have any number.
const MOST_REFERENCES: usize = 200;

/// The value with the references in it replaced by what they lead to; one that leads back to itself stays, and so do
/// those that are too many to read.
#[must_use]
pub fn resolve_all(raw: &Value, value: &Value) -> Value {
    fn resolved(raw: &Value, value: &Value, inside: &mut Vec<String>, left: &mut usize) -> Value {
        match value {
            Value::Object(object) => match object.get("$ref").and_then(Value::as_str) {
                Some(reference) if *left == 0 || inside.iter().any(|outer| outer == reference) => value.clone(),
                Some(reference) => {
                    *left -= 1;
                    inside.push(reference.to_owned());
                    let target = resolve(raw, value);
                    let target = if target == value { value.clone() } else { resolved(raw, target, inside, left) };
                    inside.pop();
                    target
                }
                None => object.iter().map(|(name, part)| (name.clone(), resolved(raw, part, inside, left))).collect(),
            },
            Value::Array(parts) => parts.iter().map(|part| resolved(raw, part, inside, left)).collect(),
            other => other.clone(),
        }
    }
    resolved(raw, value, &mut Vec::new(), &mut { MOST_REFERENCES })
}

/// Path, method and content of each operation that has an id, in the document's order.
pub fn operations(raw: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    methods(raw).filter(|(_, _, operation)| operation["operationId"].is_string())
}

/// The same of everything that stands where an operation does.
fn methods(raw: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let is_method = |name: &str| ["get", "put", "post", "delete", "options", "head", "patch", "trace"].contains(&name);
    raw["paths"].as_object().into_iter().flatten().flat_map(move |(path, item)| {
        let entries = item.as_object().into_iter().flatten().filter(move |(name, _)| is_method(name));
        entries.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// The document as `openapiv3` knows it.
///
/// # Errors
///
/// The place that does not fit and why. Its types report a part as a whole, so that the parts are tried alone then.
pub fn read(raw: &Value) -> Result<OpenAPI, String> {
    serde_path_to_error::deserialize(raw).map_err(|error| {
        let parts = misfits(raw);
        if parts.is_empty() { at("", &error) } else { parts.join("\n") }
    })
}

fn misfits(raw: &Value) -> Vec<String> {
    let schemas = raw["components"]["schemas"].as_object().into_iter().flatten();
    let schemas = schemas.filter_map(|(name, schema)| {
        let error = serde_path_to_error::deserialize::<_, ReferenceOr<Schema>>(schema).err()?;
        Some(at(&format!("components.schemas.{name}"), &error))
    });
    let operations = methods(raw).filter_map(|(path, method, operation)| {
        let error = serde_path_to_error::deserialize::<_, Operation>(operation).err()?;
        Some(at(&format!("paths.{path}.{method}"), &error))
    });
    schemas.chain(operations).collect()
}

fn at(part: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let inside = error.path().to_string();
    let place: Vec<&str> = [part, &inside].into_iter().filter(|place| !["", "."].contains(place)).collect();
    format!("at {}: {}", place.join("."), error.inner())
}
