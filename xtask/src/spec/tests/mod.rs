mod diff;
mod normalize;
mod update;

use serde_json::{Value, json};

use super::check::problems;
use super::full_size::full_size;
use super::read::parse;

const OWN: &str = include_str!("../../../../openapi/doit.yaml");

fn own() -> Value {
    parse("doit.yaml", OWN).expect("the project's spec")
}

fn full() -> Value {
    full_size(&own())
}

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
    let mut spec = own();
    spec["components"]["schemas"]["Unused"] = json!({ "type": "object" });
    spec["paths"]["/iam/v1/roles"]["get"]["responses"] = json!({ "200": { "description": "Roles." } });
    spec["paths"]["/iam/v1/roles"]["get"].as_object_mut().expect("an object").remove("summary");
    spec["paths"]["/auth/v1/validate"]["get"].as_object_mut().expect("an object").remove("operationId");
    insta::assert_snapshot!("problems", problems(&spec).join("\n"));
    assert_eq!(problems(&own()), Vec::<String>::new());
}
