//! What `openapi/doit.yaml` says, so that tests do not repeat it.

use dci::operation::{OPERATIONS, Operation};
use serde_json::Value;

pub fn spec() -> Value {
    serde_saphyr::from_str(include_str!("../../../openapi/doit.yaml")).expect("YAML")
}

/// Follows a `$ref`; returns other values unchanged.
fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => spec.pointer(reference.trim_start_matches('#')).expect("the target of a reference"),
        None => value,
    }
}

/// Each `(operationId, status, schema)` of the spec. The schema is `null` if the response has no JSON.
pub fn responses(spec: &Value) -> Vec<(String, u16, Value)> {
    let items = spec["paths"].as_object().expect("paths").values();
    // A path item also has properties that are not operations.
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

/// The operations that have a command, each with the command's name. The spec can have more.
pub fn commands() -> Vec<(&'static Operation, String)> {
    let program = dci::cli::command();
    let named = OPERATIONS.iter().map(|operation| (operation, operation.rust_name.replace('_', "-")));
    named.filter(|(_, name)| program.find_subcommand(name).is_some()).collect()
}
