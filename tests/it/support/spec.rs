//! `openapi/doit.yaml`, as the tests read it.

use serde_json::Value;

pub fn spec() -> Value {
    serde_saphyr::from_str(include_str!("../../../openapi/doit.yaml")).expect("the spec is YAML")
}

/// What a reference leads to; anything else is itself.
fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => spec.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere"),
        None => value,
    }
}

/// Each `(operationId, status, schema)` of the spec.
pub fn responses(spec: &Value) -> Vec<(String, u16, Value)> {
    let items = spec["paths"].as_object().expect("paths").values();
    // What the operations of a path share stands beside them.
    let operations = items.flat_map(|item| item.as_object().expect("an object").values());
    let operations = operations.filter(|operation| operation["responses"].is_object());
    operations
        .flat_map(|operation| {
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            let responses = operation["responses"].as_object().expect("responses");
            responses.iter().map(move |(status, response)| {
                let schema = &resolve(spec, response)["content"]["application/json"]["schema"];
                (id.clone(), status.parse().expect("a status"), schema.clone())
            })
        })
        .collect()
}
