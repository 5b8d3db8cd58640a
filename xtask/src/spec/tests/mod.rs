pub mod api;
mod diff;
mod kinds;
mod normalize;
mod update;

use serde_json::{Value, json};

use super::check::problems;

/// A spec with one operation.
fn with_operation(operation: &Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "t", "version": "1" },
        "paths": { "/x": { "post": operation } },
        "components": { "schemas": {
            "Error": { "type": "object", "properties": { "error": { "type": "string" } } },
            "Thing": { "type": "object", "properties": { "name": { "type": "string" } } },
        }},
    })
}

#[test]
fn the_problems_of_a_spec_are_listed() {
    let mut spec = api::own().spec;
    spec["components"]["schemas"]["Unused"] = json!({ "type": "object" });
    spec["paths"]["/v1/things"]["post"].as_object_mut().expect("an object").remove("operationId");
    insta::assert_snapshot!("problems", problems(&spec).join("\n"));
}
