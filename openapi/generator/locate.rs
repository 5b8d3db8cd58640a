//! Finds the parts of a spec that cannot be used. `openapiv3` and progenitor say what is wrong, but seldom where: each
//! schema and each operation is tried alone.

use openapiv3::{Operation, ReferenceOr, Schema};
use serde_json::{Value, json};

use super::progenitor::{ParseError, file, parse};
use super::spec::{METHODS, id, methods, used_by};

/// The schemas and operations that `openapiv3` cannot parse, each with its location and the reason.
pub fn unparsable(spec: &Value) -> Vec<String> {
    let schemas = spec["components"]["schemas"].as_object().into_iter().flatten();
    let schemas = schemas.filter_map(|(name, schema)| {
        let error = serde_path_to_error::deserialize::<_, ReferenceOr<Schema>>(schema).err()?;
        Some(describe(&format!("components.schemas.{name}"), &error))
    });
    let operations = methods(spec).filter_map(|(path, method, operation)| {
        let error = serde_path_to_error::deserialize::<_, Operation>(operation).err()?;
        Some(describe(&format!("paths.{path}.{method}"), &error))
    });
    schemas.chain(operations).collect()
}

/// An error in a part of the spec, with its full location.
pub fn describe(part: &str, error: &ParseError) -> String {
    let inner = error.path().to_string();
    let location: Vec<&str> = [part, &inner].into_iter().filter(|path| !["", "."].contains(path)).collect();
    format!("at {}: {}", location.join("."), error.inner())
}

/// The schemas, or if those are fine the operations, that progenitor refuses, each with its location and the reason.
pub fn refused(spec: &Value) -> Vec<String> {
    let mut only_schemas = spec.clone();
    only_schemas["paths"] = json!({});
    if refusal(&only_schemas).is_some() { refused_schemas(spec, &only_schemas) } else { refused_operations(spec) }
}

fn refusal(spec: &Value) -> Option<String> {
    file(&parse(spec).ok()?, false).err()
}

fn refused_schemas(spec: &Value, only_schemas: &Value) -> Vec<String> {
    let alone = |name: &str| {
        let mut spec = only_schemas.clone();
        let schemas = spec["components"]["schemas"].as_object_mut().into_iter().flatten();
        schemas.filter(|(other, _)| *other != name).for_each(|(_, schema)| *schema = json!({}));
        spec
    };
    let names = only_schemas["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name);
    names
        .filter_map(|name| {
            let reason = refusal(&alone(name))?;
            Some(format!("at components.schemas.{name}{}: {reason}", used_by(spec, name)))
        })
        .collect()
}

fn refused_operations(spec: &Value) -> Vec<String> {
    let alone = |path: &str, method: &str| {
        let mut item = spec["paths"][path].as_object().cloned().unwrap_or_default();
        item.retain(|name, _| name == method || !METHODS.contains(&name.as_str()));
        let mut spec = spec.clone();
        spec["paths"] = json!({ path: item });
        spec
    };
    methods(spec)
        .filter_map(|(path, method, operation)| {
            let reason = refusal(&alone(path, method))?;
            let id = Some(id(operation)).filter(|id| !id.is_empty()).unwrap_or("without an operationId");
            Some(format!("at paths.{path}.{method} ({id}): {reason}"))
        })
        .collect()
}
