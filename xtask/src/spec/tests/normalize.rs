use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::with_operation;
use crate::generator;
use crate::spec::normalize::{Rewrite, normalize, refused};
use crate::spec::read::parse;
use crate::spec::slice::slice;
use crate::spec::update::to_yaml;

/// Checks that the generator refuses a spec as it is and accepts it once normalized, and takes a snapshot of that.
fn assert_normalized(name: &str, spec: &Value) {
    assert!(generator::file(spec, false).is_err(), "{name}: the generator accepts it as it is");
    let (normalized, rewritten) = normalize(spec.clone()).expect("a spec");
    assert_eq!(refused(&normalized), []);
    let again = normalize(normalized.clone()).expect("a spec");
    assert_eq!(again, (normalized.clone(), Vec::new()), "{name}: nothing is left to do");
    let rewritten: Vec<String> = rewritten.iter().map(Rewrite::to_string).collect();
    let snapshot = format!("{}\n\n{}", rewritten.join("\n"), to_yaml(&normalized).expect("YAML"));
    insta::assert_snapshot!(name, snapshot);
}

fn thing() -> Value {
    json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } })
}

#[test]
fn a_success_with_a_body_and_one_without() {
    let responses =
        json!({ "200": { "description": "Done.", "content": thing() }, "204": { "description": "Nothing." } });
    assert_normalized(
        "success_with_and_without",
        &with_operation(&json!({ "operationId": "x", "responses": responses })),
    );
}

#[test]
fn successes_with_different_bodies() {
    let other = json!({ "application/json": { "schema": { "type": "array", "items": { "type": "string" } } } });
    let responses = json!({ "200": { "description": "Done.", "content": thing() }, "202": { "description": "Begun.", "content": other } });
    assert_normalized("successes", &with_operation(&json!({ "operationId": "x", "responses": responses })));
}

#[test]
fn an_enum_whose_values_have_no_names() {
    let operator = json!({ "name": "operator", "in": "query", "description": "How.",
        "schema": { "type": "string", "enum": [">", ">=", "<", "<="] } });
    let operation =
        json!({ "operationId": "x", "parameters": [operator], "responses": { "200": { "description": "Done." } } });
    assert_normalized("nameless_enum", &with_operation(&operation));
}

#[test]
fn a_form_with_files() {
    let form = json!({ "multipart/form-data": { "schema": { "type": "object", "properties": { "file": { "type": "string", "format": "binary" } } } } });
    let operation = json!({ "operationId": "x", "requestBody": { "required": true, "content": form }, "responses": { "200": { "description": "Done." } } });
    assert_normalized("multipart", &with_operation(&operation));
}

#[test]
fn a_merge_patch_body() {
    let patch = json!({ "application/merge-patch+json": { "schema": { "$ref": "#/components/schemas/Thing" } } });
    let operation = json!({ "operationId": "x", "requestBody": { "required": true, "content": patch }, "responses": { "200": { "description": "Done." } } });
    assert_normalized("merge_patch", &with_operation(&operation));
}

#[test]
fn a_body_with_two_references() {
    let mut spec = with_operation(&json!({
        "operationId": "x", "requestBody": { "$ref": "#/components/requestBodies/Other" },
        "responses": { "200": { "description": "Done." } },
    }));
    spec["components"]["requestBodies"] = json!({
        "Other": { "$ref": "#/components/requestBodies/Patch" },
        "Patch": { "content": { "application/merge-patch+json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
    });
    assert_normalized("named_body", &spec);
}

#[test]
fn a_body_with_several_media_types() {
    let mut content = thing();
    content["text/csv"] = json!({ "schema": { "type": "string" } });
    let operation = json!({ "operationId": "x", "requestBody": { "content": content }, "responses": { "200": { "description": "Done." } } });
    assert_normalized("several_media_types", &with_operation(&operation));
}

#[test]
fn yaml_timestamps_and_integer_statuses_stay_strings() {
    let yaml = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\nservers: [{url: '${API_BASE_URL}'}]\npaths:\n  /x:\n    \
                get:\n      operationId: x\n      responses:\n        200:\n          description: yes\n          content:\n            \
                application/json:\n              schema: {type: string, example: 2024-01-01T00:00:00Z}\n";
    let read = parse("full.yaml", yaml).expect("a spec");
    let (normalized, _) = normalize(read).expect("a spec");
    assert_eq!(normalized["servers"], json!([{ "url": "https://api.doit.com" }]));
    let written = to_yaml(&normalized).expect("YAML");
    assert!(written.contains("\"200\":") && written.contains("example: \"2024-01-01T00:00:00Z\""), "{written}");
    assert!(written.contains("description: \"yes\""), "{written}");
    assert_eq!(parse("written", &written).expect("the same spec"), normalized);
}

#[test]
fn a_schema_can_contain_itself() {
    let mut spec = with_operation(
        &json!({ "operationId": "x", "responses": { "200": { "description": "A tree.", "content": thing() } } }),
    );
    spec["components"]["schemas"]["Thing"] = json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } } } });
    let part = slice(&spec, &BTreeSet::from(["x".to_owned()])).expect("a part");
    assert!(generator::file(&part, true).is_ok());
    assert!(part["components"]["schemas"].get("Error").is_none());
}
