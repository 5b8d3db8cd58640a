mod diff;
mod normalize;
mod update;

use serde_json::{Value, json};

use super::check::problems;
use super::full_size::full_size;
use super::own_path;
use super::read::{parse, read_own};
use super::texts::Fingerprints;
use super::update::{Selection, to_yaml, update};

/// The spec that the tests update and compare. The project's own changes with the API.
const OWN: &str = include_str!("small.yaml");

pub fn own() -> Value {
    parse("doit.yaml", OWN).expect("a spec")
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

#[test]
fn the_project_s_spec_has_no_problems_and_is_as_an_update_writes_it() {
    let (text, spec) = (std::fs::read_to_string(own_path()).expect("a file"), read_own().expect("a spec"));
    assert_eq!(problems(&spec), Vec::<String>::new());
    let updated = update(&spec, &spec, &Selection::default(), &Fingerprints::default()).expect("an update");
    assert_eq!(
        to_yaml(&updated.spec).expect("YAML"),
        text,
        "`cargo xtask spec update --from openapi/doit.yaml` fixes it"
    );
}
