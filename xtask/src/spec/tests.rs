use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::check::problems;
use super::diff::{Format, changes, render};
use super::fit::fit;
use super::slice::{ids, slice};
use super::texts::Fingerprints;
use super::update::{Args, Selection, Taken, run, take, to_yaml};
use super::{full_size, source};
use crate::generator::progenitor_file;

const OWN: &str = include_str!("../../../openapi/doit.yaml");

fn own() -> Value {
    source::parse("doit.yaml", OWN).expect("the document")
}

fn full() -> Value {
    full_size(&own())
}

fn taken(full: &Value, selection: &Selection) -> Taken {
    take(full, &own(), selection, &Fingerprints::default()).expect("it can be taken")
}

fn adding(ids: &[&str]) -> Selection {
    Selection { add: ids.iter().map(|id| (*id).to_owned()).collect(), ..Selection::default() }
}

#[test]
fn the_full_size_document_is_as_large_as_the_api_s() {
    let full = full();
    assert_eq!(ids(&full).len(), 170);
    assert_eq!(full["components"]["schemas"].as_object().map(Map::len), Some(320));
}

#[test]
fn taking_the_project_s_own_operations_changes_nothing() {
    let taken = taken(&full(), &Selection::default());
    assert_eq!(to_yaml(&taken.document).expect("YAML"), OWN, "openapi/doit.yaml is not as `spec update` writes it");
    assert_eq!(taken.rewritten, ["placeholder-servers at #/servers: a placeholder is no URL and is left out"]);
    assert!(taken.left_out.is_empty() && taken.foreign.is_empty());
}

#[test]
fn everything_can_be_taken_but_for_what_no_rule_carries() {
    let taken = taken(&full(), &Selection { all: true, ..Selection::default() });
    let left_out: Vec<String> = taken.left_out.iter().map(|(id, why)| format!("left out {id}: {why}")).collect();
    insta::assert_snapshot!("all_notes", [&taken.rewritten[..], &left_out].concat().join("\n"));
    assert_eq!(ids(&taken.document).len(), 169);
    assert_eq!(problems(&taken.document), Vec::<String>::new());
}

#[test]
fn an_operation_brings_what_it_refers_to_and_no_more() {
    let taken = taken(&full(), &adding(&["removeThing35"]));
    let schemas = taken.document["components"]["schemas"].as_object().expect("schemas");
    let new: Vec<&String> = schemas.keys().filter(|name| name.starts_with("Thing")).collect();
    assert_eq!(new, ["Thing52", "Thing55"], "55 has the state 52");
    assert_eq!(problems(&taken.document), Vec::<String>::new(), "nothing in it is unused");
}

#[test]
fn what_is_taken_can_be_taken_again_and_let_go() {
    let grown = taken(&full(), &adding(&["getThing24", "changeThing34"])).document;
    let again = take(&full(), &grown, &Selection::default(), &Fingerprints::default()).expect("the same again");
    assert_eq!(to_yaml(&again.document).expect("YAML"), to_yaml(&grown).expect("YAML"));
    let drop = Selection { drop: vec!["getThing24".into(), "changeThing34".into()], ..Selection::default() };
    let back = take(&full(), &grown, &drop, &Fingerprints::default()).expect("they can go");
    assert_eq!(to_yaml(&back.document).expect("YAML"), OWN);
}

fn shuffled(value: &Value, random: &mut fastrand::Rng) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(&String, &Value)> = object.iter().collect();
            random.shuffle(&mut entries);
            entries.into_iter().map(|(name, part)| (name.clone(), shuffled(part, random))).collect()
        }
        Value::Array(parts) => parts.iter().map(|part| shuffled(part, random)).collect(),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_input_does_not_matter(seed: u64) {
        let selection = adding(&["getThing20", "makeThing25", "changeThing34", "getThing28", "changeThing38"]);
        let expected = to_yaml(&taken(&full(), &selection).document).expect("YAML");
        let shuffled = shuffled(&full(), &mut fastrand::Rng::with_seed(seed));
        prop_assert_eq!(to_yaml(&taken(&shuffled, &selection).document).expect("YAML"), expected);
    }
}

/// A document with one operation.
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

/// Refused before, accepted after: what the rules made of it, and what they said.
fn fitted(name: &str, document: &Value) {
    assert!(progenitor_file(document, false).is_err(), "{name}: the generator accepts it as it is");
    let fitted = fit(document.clone()).expect("a document");
    assert_eq!(fitted.left_out, []);
    let again = fit(fitted.document.clone()).expect("a document");
    assert_eq!((again.document, again.rewritten), (fitted.document.clone(), Vec::new()), "{name}: it is done once");
    let shown = format!("{}\n\n{}", fitted.rewritten.join("\n"), to_yaml(&fitted.document).expect("YAML"));
    insta::assert_snapshot!(format!("fit_{name}"), shown);
}

fn thing() -> Value {
    json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } })
}

fn error() -> Value {
    json!({ "description": "No.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } })
}

#[test]
fn a_success_with_a_body_beside_one_without() {
    let responses =
        json!({ "200": { "description": "Done.", "content": thing() }, "204": { "description": "Nothing." } });
    fitted("success_with_and_without", &with_operation(&json!({ "operationId": "x", "responses": responses })));
}

#[test]
fn successes_with_different_bodies() {
    let other = json!({ "application/json": { "schema": { "type": "array", "items": { "type": "string" } } } });
    let responses = json!({ "200": { "description": "Done.", "content": thing() }, "202": { "description": "Begun.", "content": other } });
    fitted("successes", &with_operation(&json!({ "operationId": "x", "responses": responses })));
}

#[test]
fn errors_with_different_bodies() {
    let invalid = json!({ "description": "Invalid.", "content": thing() });
    let responses = json!({
        "200": { "description": "Done." }, "400": error(), "404": { "description": "Gone." }, "422": invalid,
    });
    fitted("errors", &with_operation(&json!({ "operationId": "x", "responses": responses })));
}

#[test]
fn an_error_for_every_other_status_beside_one_of_its_own() {
    let responses =
        json!({ "200": { "description": "Done.", "content": thing() }, "404": error(), "default": error() });
    fitted("default", &with_operation(&json!({ "operationId": "x", "responses": responses })));
}

#[test]
fn an_enum_whose_values_make_no_names() {
    let operator = json!({ "name": "operator", "in": "query", "description": "How.",
        "schema": { "type": "string", "enum": [">", ">=", "<", "<="] } });
    let operation =
        json!({ "operationId": "x", "parameters": [operator], "responses": { "200": { "description": "Done." } } });
    fitted("nameless_enum", &with_operation(&operation));
}

#[test]
fn a_form_with_files() {
    let form = json!({ "multipart/form-data": { "schema": { "type": "object", "properties": { "file": { "type": "string", "format": "binary" } } } } });
    let operation = json!({ "operationId": "x", "requestBody": { "required": true, "content": form }, "responses": { "200": { "description": "Done." } } });
    fitted("multipart", &with_operation(&operation));
}

#[test]
fn a_merge_patch() {
    let patch = json!({ "application/merge-patch+json": { "schema": { "$ref": "#/components/schemas/Thing" } } });
    let operation = json!({ "operationId": "x", "requestBody": { "required": true, "content": patch }, "responses": { "200": { "description": "Done." } } });
    fitted("merge_patch", &with_operation(&operation));
}

#[test]
fn a_body_that_is_named_through_another_name() {
    let mut document = with_operation(&json!({
        "operationId": "x", "requestBody": { "$ref": "#/components/requestBodies/Other" },
        "responses": { "200": { "description": "Done." } },
    }));
    document["components"]["requestBodies"] = json!({
        "Other": { "$ref": "#/components/requestBodies/Patch" },
        "Patch": { "content": { "application/merge-patch+json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
    });
    fitted("named_body", &document);
}

#[test]
fn a_body_that_may_be_sent_in_several_ways() {
    let mut content = thing();
    content["text/csv"] = json!({ "schema": { "type": "string" } });
    let operation = json!({ "operationId": "x", "requestBody": { "content": content }, "responses": { "200": { "description": "Done." } } });
    fitted("several_media_types", &with_operation(&operation));
}

#[test]
fn timestamps_integer_statuses_and_placeholders_are_taken_as_they_are_meant() {
    let yaml = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\nservers: [{url: '${API_BASE_URL}'}]\npaths:\n  /x:\n    \
                get:\n      operationId: x\n      responses:\n        200:\n          description: yes\n          content:\n            \
                application/json:\n              schema: {type: string, example: 2024-01-01T00:00:00Z}\n";
    let read = source::parse("full.yaml", yaml).expect("a document");
    let fitted = fit(read).expect("a document");
    assert_eq!(fitted.document["servers"], json!([{ "url": "https://api.doit.com" }]));
    let written = to_yaml(&fitted.document).expect("YAML");
    assert!(written.contains("\"200\":") && written.contains("example: \"2024-01-01T00:00:00Z\""), "{written}");
    assert!(written.contains("description: \"yes\""), "{written}");
    assert_eq!(source::parse("written", &written).expect("the same"), fitted.document);
}

/// Each kind of change of the full document, and the verdict.
#[test]
fn a_change_is_told_by_its_meaning() {
    let schema = |name: &str, rest: &str| format!("/components/schemas/{name}{rest}");
    let edit = |pointer: &str, change: &dyn Fn(&mut Value)| {
        let mut full = full();
        change(full.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")));
        full
    };
    let set = |pointer: &str, name: &str, value: Value| edit(pointer, &|part| part[name] = value.clone());
    let remove = |pointer: &str, name: &str| {
        edit(pointer, &|part| {
            part.as_object_mut().expect("an object").remove(name);
        })
    };
    let push =
        |pointer: &str, value: Value| edit(pointer, &|part| part.as_array_mut().expect("a list").push(value.clone()));
    let resend = "/paths/~1iam~1v1~1users~1{id}~1actions~1resend/post";
    let cases = [
        ("nothing", full()),
        ("an operation is gone", remove("/paths/~1auth~1v1~1validate", "get")),
        ("an operation of others is gone", remove("/paths/~1made-up~1v1~1things-20~1{thingId}", "get")),
        (
            "a path changed",
            edit("/paths", &|paths| {
                let item = paths.as_object_mut().expect("paths").remove("/auth/v1/validate").expect("it is there");
                paths["/auth/v2/validate"] = item;
            }),
        ),
        (
            "a parameter is new",
            push(
                &format!("{resend}/parameters"),
                json!({ "name": "notify", "in": "query", "schema": { "type": "boolean" } }),
            ),
        ),
        (
            "a required parameter is new",
            push(
                &format!("{resend}/parameters"),
                json!({ "name": "reason", "in": "query", "required": true, "schema": { "type": "string" } }),
            ),
        ),
        (
            "a parameter is gone",
            edit(&format!("{resend}/parameters"), &|list| {
                list.as_array_mut().expect("a list").pop();
            }),
        ),
        ("a limit is stricter", set("/components/parameters/IdempotencyKey/schema", "maxLength", json!(64))),
        ("a limit is looser", set("/components/parameters/IdempotencyKey/schema", "maxLength", json!(512))),
        ("a default changed", set("/components/parameters/DryRun/schema", "default", json!(true))),
        (
            "a body's property is new",
            set(&schema("InviteUserRequest", "/properties"), "locale", json!({ "type": "string" })),
        ),
        ("a body's property is required now", push(&schema("InviteUserRequest", "/required"), json!("roleId"))),
        (
            "an answer's property is new",
            set(&schema("UserListItem", "/properties"), "shoeSize", json!({ "type": "string" })),
        ),
        ("an answer's property is gone", remove(&schema("UserListItem", "/properties"), "displayName")),
        (
            "an answer's property is no longer required",
            edit(&schema("ResendInviteResponse", "/required"), &|list| {
                list.as_array_mut().expect("a list").pop();
            }),
        ),
        ("a type changed", set(&schema("Role", "/properties/name"), "type", json!("integer"))),
        ("a pattern changed", set(&schema("UserListItem", "/properties/phone"), "pattern", json!("^[0-9]+$"))),
        ("a value of an answer is new", push(&schema("UserListItem", "/properties/status/enum"), json!("suspended"))),
        ("a value of a body is new", push(&schema("InviteUserRequest", "/properties/jobTitle/enum"), json!("Other"))),
        (
            "a value of a body is gone",
            edit(&schema("InviteUserRequest", "/properties/jobTitle/enum"), &|list| {
                list.as_array_mut().expect("a list").pop();
            }),
        ),
        (
            "a response is new",
            set(&format!("{resend}/responses"), "409", json!({ "$ref": "#/components/responses/Conflict" })),
        ),
        ("a response is gone", remove(&format!("{resend}/responses"), "404")),
        (
            "a success has another body",
            set(
                &format!("{resend}/responses/200/content/application~1json"),
                "schema",
                json!({ "$ref": "#/components/schemas/Organization" }),
            ),
        ),
        ("the credential is another", set("", "security", json!([]))),
        ("it is deprecated", set(resend, "deprecated", json!(true))),
    ];
    let verdicts = cases.map(|(name, full)| {
        let changes = changes(&full, &own(), &Fingerprints::default()).expect("they can be compared");
        format!("# {name}\n{}", render(&changes, Format::Text).expect("text"))
    });
    insta::assert_snapshot!("diff", verdicts.join("\n"));
}

#[test]
fn a_text_of_the_api_that_changed_is_documentation() {
    let reworded = |text: &str| {
        let mut full = full();
        full["components"]["schemas"]["Role"]["description"] = text.into();
        full
    };
    let first = take(&reworded("As the API says it."), &own(), &Selection::default(), &Fingerprints::default());
    let fingerprints = first.expect("it can be taken").fingerprints;
    assert_eq!(changes(&reworded("As the API says it."), &own(), &fingerprints).expect("compared"), []);
    let changed = changes(&reworded("As the API says it now."), &own(), &fingerprints).expect("compared");
    for (name, format) in [("text", Format::Text), ("json", Format::Json), ("markdown", Format::Markdown)] {
        insta::assert_snapshot!(format!("diff_documentation_{name}"), render(&changed, format).expect("text"));
    }
}

/// A folder of its own, with a document in it.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dci-spec-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("doit.yaml"), OWN).expect("a file");
        Self(folder)
    }

    fn update(&self, full: &str, selection: Selection) -> Result<String, String> {
        let from = self.0.join("full.yaml");
        std::fs::write(&from, full).expect("a file");
        let out = self.0.join("doit.yaml");
        let args = Args { from: from.display().to_string(), selection, out: Some(out.clone()) };
        let outcome = run(&args).map_err(|error| format!("{error:#}").replace(&self.0.display().to_string(), ""));
        let after = std::fs::read_to_string(out).expect("a file");
        assert!(!self.0.join("doit.new").exists(), "nothing is left beside it");
        outcome.map(|()| after.clone()).inspect_err(|_| assert_eq!(after, OWN, "the document is untouched"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn bad_input_is_refused_with_the_place_and_the_document_stays() {
    let folder = Folder::new("bad");
    let broken = |pointer: &str, value: Value| {
        let mut full = full();
        *full.pointer_mut(pointer).expect("a place") = value;
        to_yaml(&full).expect("YAML")
    };
    let role = "/components/schemas/Role";
    let nowhere = broken(&format!("{role}/properties/name"), json!({ "$ref": "#/components/schemas/Nobody" }));
    let outside = broken(&format!("{role}/properties/name"), json!({ "$ref": "other.yaml#/Role" }));
    let round = broken(role, json!({ "$ref": "#/components/schemas/Role" }));
    let twice = broken("/paths/~1iam~1v1~1roles/get/operationId", json!("listUsers"));
    let newer = broken("/openapi", json!("3.1.0"));
    let wrong = broken(&format!("{role}/type"), json!(7));
    let huge = format!("# {}\n{OWN}", "x".repeat(50 << 20));
    let cases = [
        ("not YAML", "a: ["),
        ("no OpenAPI", "hello: world"),
        ("2.0", "swagger: '2.0'\npaths: {}\n"),
        ("3.1", &newer),
        ("a reference to nowhere", &nowhere),
        ("a reference out of it", &outside),
        ("references in a circle", &round),
        ("an id twice", &twice),
        ("no schema", &wrong),
        ("50 MB", &huge),
        ("empty", ""),
    ];
    let refusals = cases.map(|(name, full)| {
        let refusal = folder.update(full, Selection::default()).expect_err(name);
        format!("# {name}\n{}", refusal.chars().take(400).collect::<String>())
    });
    insta::assert_snapshot!("bad_input", refusals.join("\n\n"));
}

#[test]
fn bad_selections_are_refused() {
    let folder = Folder::new("selection");
    let full_text = to_yaml(&full()).expect("YAML");
    let drop =
        |ids: &[&str]| Selection { drop: ids.iter().map(|id| (*id).to_owned()).collect(), ..Selection::default() };
    let gone = {
        let mut full = full();
        full["paths"].as_object_mut().expect("paths").remove("/auth/v1/validate");
        to_yaml(&full).expect("YAML")
    };
    let refusals = [
        folder.update(&full_text, adding(&["flyToTheMoon"])),
        folder.update(&full_text, drop(&["flyToTheMoon"])),
        folder.update(&gone, Selection::default()),
    ];
    insta::assert_snapshot!("bad_selections", refusals.map(|refusal| refusal.expect_err("it is refused")).join("\n"));
    let without = folder.update(&gone, drop(&["validate"])).expect("it may go");
    assert!(!without.contains("validate"));
}

#[test]
fn json_is_read_as_well_and_writing_twice_changes_nothing() {
    let folder = Folder::new("json");
    let added = folder.update(&full().to_string(), adding(&["getThing20"])).expect("JSON is YAML");
    assert!(added.contains("operationId: getThing20"));
    assert_eq!(folder.update(&full().to_string(), Selection::default()).expect("again"), added);
}

#[test]
fn a_document_that_is_not_in_order_is_told_so() {
    let mut document = own();
    document["components"]["schemas"]["Unused"] = json!({ "type": "object" });
    document["paths"]["/iam/v1/roles"]["get"]["responses"] = json!({ "200": { "description": "Roles." } });
    document["paths"]["/iam/v1/roles"]["get"].as_object_mut().expect("an object").remove("summary");
    document["paths"]["/auth/v1/validate"]["get"].as_object_mut().expect("an object").remove("operationId");
    insta::assert_snapshot!("problems", problems(&document).join("\n"));
    assert_eq!(problems(&own()), Vec::<String>::new());
}

#[test]
fn a_schema_that_holds_itself_is_legal() {
    let mut document = with_operation(
        &json!({ "operationId": "x", "responses": { "200": { "description": "A tree.", "content": thing() } } }),
    );
    document["components"]["schemas"]["Thing"] = json!({ "type": "object", "properties": { "children": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } } } });
    let part = slice(&document, &BTreeSet::from(["x".to_owned()])).expect("a part");
    assert!(progenitor_file(&part, true).is_ok());
    assert!(part["components"]["schemas"].get("Error").is_none());
}
