use serde_json::{Map, Value, json};

use super::api::{api, edit, own, remove, replace, set};
use crate::spec::command_line::CommandLine;
use crate::spec::compare::Severity;
use crate::spec::diff::{Diff, Format, between, render, since_update};
use crate::spec::own::{OldTexts, Own};
use crate::spec::update::{Selection, update};

const LIST: &str = "/paths/~1v1~1things/get";
const MAKE: &str = "/paths/~1v1~1things/post";

fn diff(own: &Own, full: &Value) -> Diff {
    since_update(own, full, &CommandLine::none()).expect("a comparison")
}

fn text(diff: &Diff) -> String {
    render(diff, Format::Text, false).expect("text")
}

/// The changes of each case, as they are told.
fn reports<const N: usize>(cases: [(&str, Value); N]) -> String {
    let own = own();
    cases.map(|(name, full)| format!("# {name}\n{}", text(&diff(&own, &full)))).join("\n")
}

fn schema(rest: &str) -> String {
    format!("/components/schemas/{rest}")
}

fn push(pointer: &str, value: Value) -> Value {
    edit(pointer, |list| list.as_array_mut().expect("a list").push(value))
}

#[test]
fn another_way_to_write_the_same_is_not_a_change() {
    let thing = json!({ "$ref": "#/components/schemas/Thing" });
    let owner = schema("Thing/properties/owner");
    let mut header = api();
    header["paths"]["/v1/things"]["get"]["parameters"][0]["name"] = "x-trace".into();
    let mut scheme = api();
    scheme["security"] = json!([{ "renamed": [] }]);
    scheme["components"]["securitySchemes"] =
        json!({ "renamed": { "type": "apiKey", "in": "header", "name": "authorization" } });
    let mut flat = api();
    flat["components"]["schemas"]["Base"] =
        json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } });
    let properties = flat["components"]["schemas"]["Thing"]["properties"].as_object_mut().expect("properties");
    properties.shift_remove("id");
    let rest = json!({ "type": "object", "properties": properties });
    flat["components"]["schemas"]["Thing"] = json!({ "allOf": [{ "$ref": "#/components/schemas/Base" }, rest] });
    let mut inline = api();
    inline["paths"]["/v1/things"]["get"]["parameters"][1] = inline["components"]["parameters"]["Name"].clone();
    inline["paths"]["/v1/things"]["get"]["responses"]["400"] = inline["components"]["responses"]["Invalid"].clone();
    let mut own_security = set(LIST, "security", json!([{ "key": [] }]));
    own_security["paths"]["/v1/things"]["get"]["servers"] = json!([{ "url": "https://things.example/" }]);
    let cases = [
        ("nothing", api()),
        ("allOf of one", replace(&owner, json!({ "allOf": [{ "$ref": "#/components/schemas/Owner" }] }))),
        ("oneOf of one", replace(&owner, json!({ "oneOf": [{ "$ref": "#/components/schemas/Owner" }] }))),
        (
            "a body in allOf",
            replace(&format!("{MAKE}/responses/201/content/application~1json/schema"), json!({ "allOf": [thing] })),
        ),
        ("allOf of several", flat),
        ("an optional property that can be null", set(&schema("Thing/properties/state"), "nullable", json!(true))),
        (
            "an optional enum with null",
            edit(&schema("Thing/properties/state"), |state| {
                *state = json!({ "type": "string", "nullable": true, "enum": ["new", "old", null] });
            }),
        ),
        ("a placeholder in the servers of an operation", set(LIST, "servers", json!([{ "url": "${OTHER_URL}" }]))),
        ("a placeholder in the servers of a path", set("/paths/~1v1~1things", "servers", json!([{ "url": "${A}/x" }]))),
        ("what applies already", own_security),
        ("the case of a header", header),
        ("the name of a security scheme", scheme),
        ("a parameter and a response written out", inline),
        ("the default style", set(&format!("{LIST}/parameters/0"), "style", json!("simple"))),
        ("defaults written out", set(&schema("Owner"), "additionalProperties", json!(true))),
        (
            "a charset",
            edit(&format!("{MAKE}/requestBody/content"), |content| {
                *content = json!({ "application/json; charset=utf-8": content["application/json"] });
            }),
        ),
        ("an extension", set(&schema("Owner"), "x-go-type", json!({ "$ref": "#/nowhere" }))),
    ];
    let own = own();
    for (name, full) in cases {
        assert_eq!(diff(&own, &full).changes, [], "{name}");
        assert_eq!(between(&api(), &full, &CommandLine::none()).changes, [], "{name}, of two specs");
    }
}

#[test]
fn changes_of_operations_are_told() {
    let paths =
        |change: fn(&mut Map<String, Value>)| edit("/paths", |paths| change(paths.as_object_mut().expect("paths")));
    let cases = [
        ("an operation was removed", remove("/paths/~1v1~1things", "post")),
        ("an operation that is not ours was removed", remove("/paths", "/v1/log")),
        ("an operation was renamed", set(MAKE, "operationId", json!("createThing"))),
        (
            "an operation moved",
            paths(|paths| {
                let post = paths["/v1/things"].as_object_mut().and_then(|item| item.remove("post"));
                paths.insert("/v2/things".into(), json!({ "post": post }));
            }),
        ),
        (
            "an operation was renamed and moved",
            paths(|paths| {
                let post = paths["/v1/things"].as_object_mut().and_then(|item| item.remove("post"));
                paths.insert("/v2/things".into(), json!({ "post": post }));
                paths["/v2/things"]["post"]["operationId"] = "createThing".into();
            }),
        ),
        (
            "a parameter of the path was renamed",
            paths(|paths| {
                let mut item = paths.remove("/v1/things/{id}").expect("a path");
                item["parameters"][0]["name"] = "thingId".into();
                paths.insert("/v1/things/{thingId}".into(), item);
            }),
        ),
        (
            "an operation was added",
            paths(|paths| {
                paths.insert(
                    "/v1/new".into(),
                    json!({ "get": { "operationId": "readNew", "summary": "Read it", "responses": {} } }),
                );
            }),
        ),
        (
            "a parameter was added",
            push(
                &format!("{LIST}/parameters"),
                json!({ "name": "page", "in": "query", "schema": { "type": "string" } }),
            ),
        ),
        (
            "a required parameter was added",
            push(
                &format!("{LIST}/parameters"),
                json!({ "name": "page", "in": "query", "required": true, "schema": { "type": "string" } }),
            ),
        ),
        (
            "a parameter was removed",
            edit(&format!("{LIST}/parameters"), |list| {
                list.as_array_mut().expect("a list").pop();
            }),
        ),
        ("a default changed", set("/components/parameters/Name/schema", "default", json!("none"))),
        ("the style changed", set("/components/parameters/Name", "style", json!("spaceDelimited"))),
        (
            "a response was added",
            set(&format!("{LIST}/responses"), "409", json!({ "$ref": "#/components/responses/Invalid" })),
        ),
        ("a response was removed", remove(&format!("{LIST}/responses"), "403")),
        (
            "a body is not JSON any more",
            edit(&format!("{MAKE}/requestBody/content"), |content| {
                *content = json!({ "application/xml": content["application/json"] });
            }),
        ),
        (
            "a reference is wrong",
            set(&schema("NewThing/properties"), "note", json!({ "$ref": "#/components/schemas/Nowhere" })),
        ),
        ("the credential changed", set("/components/securitySchemes/key", "name", json!("X-Key"))),
        ("an operation needs no credential", set(LIST, "security", json!([]))),
        ("the server changed", edit("/servers/1", |server| server["url"] = "https://other.example".into())),
        ("an operation was deprecated", set(LIST, "deprecated", json!(true))),
        ("the version changed", set("/info", "version", json!("2"))),
    ];
    insta::assert_snapshot!("operations", reports(cases));
}

#[test]
fn changes_of_schemas_are_told() {
    let cases = [
        ("a limit is stricter", set(&schema("NewThing/properties/name"), "maxLength", json!(20))),
        ("a limit is looser", set(&schema("NewThing/properties/name"), "maxLength", json!(90))),
        ("a limit of a response", set(&schema("Thing/properties/phone"), "maxLength", json!(9))),
        ("a minimum", set(&schema("NewThing/properties/count"), "minimum", json!(1))),
        ("a limit that changes a Rust type", set(&schema("NewThing/properties/note"), "maxLength", json!(9))),
        ("a format that changes a Rust type", set(&schema("Thing/properties/count"), "format", json!("int32"))),
        ("a format that does not", set(&schema("Thing/properties/id"), "format", json!("uuid"))),
        ("a request property was added", set(&schema("NewThing/properties"), "size", json!({ "type": "string" }))),
        ("a request property is now required", push(&schema("NewThing/required"), json!("state"))),
        ("a response property was added", set(&schema("Thing/properties"), "size", json!({ "type": "string" }))),
        ("a response property was removed", remove(&schema("Thing/properties"), "state")),
        ("a response property is no longer required", remove(&schema("Thing"), "required")),
        ("a required property can be null", set(&schema("Thing/properties/id"), "nullable", json!(true))),
        ("a property of a request and a response", remove(&schema("Owner/properties"), "name")),
        ("a type changed", set(&schema("Thing/properties/id"), "type", json!("integer"))),
        ("a pattern of a response changed", set(&schema("Thing/properties/phone"), "pattern", json!("^[0-9+]+$"))),
        ("a value was added", push(&schema("Thing/properties/state/enum"), json!("lost"))),
        ("a value was removed", edit(&schema("NewThing/properties/state/enum"), |list| *list = json!(["new"]))),
        ("values are no longer limited", remove(&schema("Thing/properties/state"), "enum")),
        (
            "another schema, with what is different in it",
            edit("/components/schemas", |schemas| {
                schemas["Keeper"] = json!({ "type": "object", "properties": { "name": { "type": "integer" }, "id": { "type": "string" } } });
                schemas["Thing"]["properties"]["owner"] = json!({ "$ref": "#/components/schemas/Keeper" });
            }),
        ),
        (
            "a schema became a union",
            replace(&schema("Thing/properties/id"), json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] })),
        ),
        (
            "a schema is written out",
            edit("/components/schemas", |schemas| {
                schemas["Thing"]["properties"]["owner"] = schemas["Owner"].clone();
            }),
        ),
        ("a property was deprecated", set(&schema("Thing/properties/id"), "deprecated", json!(true))),
    ];
    insta::assert_snapshot!("schemas", reports(cases));
}

#[test]
fn schemas_that_contain_themselves_are_compared() {
    let circular = |size: &str| {
        let mut spec = api();
        let itself = json!({ "$ref": "#/components/schemas/Thing" });
        spec["components"]["schemas"]["Thing"] = json!({
            "allOf": [itself, itself, { "type": "object", "properties": { "parts": itself, "size": { "type": size } } }],
        });
        spec
    };
    let changes = between(&circular("string"), &circular("integer"), &CommandLine::none()).changes;
    assert!(changes.iter().any(|change| change.pointer.ends_with("size/type")), "{changes:?}");
    assert_eq!(between(&circular("string"), &circular("string"), &CommandLine::none()).changes, []);
}

/// Normalizing gives both the same type.
#[test]
fn errors_that_become_problem_json_are_one_line() {
    let problems = edit("/components/responses", |responses| {
        for (_, response) in responses.as_object_mut().expect("responses") {
            response["content"] = json!({ "application/problem+json": response["content"]["application/json"] });
        }
    });
    insta::assert_snapshot!("problem_json", text(&diff(&own(), &problems)));
}

#[test]
fn what_an_update_took_over_is_no_change_any_more() {
    let full = edit("/components/responses/Invalid", |response| {
        response["content"] = json!({ "application/problem+json": response["content"]["application/json"] });
    });
    assert_ne!(diff(&own(), &full).changes, []);
    let own = super::api::after(update(&full, &own(), &Selection::default()).expect("an update"));
    assert_eq!(diff(&own, &full), Diff { changes: Vec::new(), texts: Vec::new() });
}

#[test]
fn any_two_specs_are_compared_with_all_their_operations() {
    let new = edit("/paths/~1v1~1log/get", |get| {
        get["summary"] = "Read all of the log".into();
        get["responses"]["200"]["content"]["application/json"]["schema"]["items"]["type"] = "integer".into();
    });
    let two = between(&api(), &new, &CommandLine::none());
    insta::assert_snapshot!("two_specs", text(&two));
    let back = between(&new, &api(), &CommandLine::none());
    assert_eq!((back.changes.len(), back.texts.len()), (two.changes.len(), two.texts.len()));
}

#[test]
fn texts_are_a_count_unless_they_are_asked_for() {
    let mut full = set(&schema("Thing/properties"), "size", json!({ "type": "string" }));
    full["components"]["schemas"]["Owner"]["description"] = "Somebody | who owns.".into();
    let diff = diff(&own(), &full);
    assert!(diff.changes.iter().all(|change| change.severity == Severity::Compatible), "{diff:?}");
    for (name, format, is_listed) in [
        ("count", Format::Text, false),
        ("list", Format::Text, true),
        ("json", Format::Json, false),
        ("markdown", Format::Markdown, true),
    ] {
        insta::assert_snapshot!(format!("texts_{name}"), render(&diff, format, is_listed).expect("text"));
    }
}

#[test]
fn without_an_earlier_update_our_spec_is_compared() {
    let own = Own { api: None, old_texts: OldTexts::new(), ..own() };
    assert_eq!(diff(&own, &api()).changes, []);
    let new = set("/paths", "/v1/new", json!({ "get": { "operationId": "readNew", "responses": {} } }));
    assert_eq!(diff(&own, &new).changes, [], "which operations are new is not known");
}
