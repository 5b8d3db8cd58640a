use serde_json::{Value, json};

use super::{full, own};
use crate::spec::diff::{Format, changes, render};
use crate::spec::texts::Fingerprints;
use crate::spec::update::{Selection, update};

/// The severity of each kind of change.
#[test]
fn changes_are_classified_by_their_meaning() {
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
        ("an operation was removed", remove("/paths/~1auth~1v1~1validate", "get")),
        ("an operation that is not ours was removed", remove("/paths/~1made-up~1v1~1things-20~1{thingId}", "get")),
        (
            "a path changed",
            edit("/paths", &|paths| {
                let item = paths.as_object_mut().expect("paths").remove("/auth/v1/validate").expect("the operation");
                paths["/auth/v2/validate"] = item;
            }),
        ),
        (
            "a parameter was added",
            push(
                &format!("{resend}/parameters"),
                json!({ "name": "notify", "in": "query", "schema": { "type": "boolean" } }),
            ),
        ),
        (
            "a required parameter was added",
            push(
                &format!("{resend}/parameters"),
                json!({ "name": "reason", "in": "query", "required": true, "schema": { "type": "string" } }),
            ),
        ),
        (
            "a parameter was removed",
            edit(&format!("{resend}/parameters"), &|list| {
                list.as_array_mut().expect("a list").pop();
            }),
        ),
        ("a limit is stricter", set("/components/parameters/IdempotencyKey/schema", "maxLength", json!(64))),
        ("a limit is looser", set("/components/parameters/IdempotencyKey/schema", "maxLength", json!(512))),
        ("a default changed", set("/components/parameters/DryRun/schema", "default", json!(true))),
        (
            "a request property was added",
            set(&schema("InviteUserRequest", "/properties"), "locale", json!({ "type": "string" })),
        ),
        ("a request property is now required", push(&schema("InviteUserRequest", "/required"), json!("roleId"))),
        (
            "a response property was added",
            set(&schema("UserListItem", "/properties"), "shoeSize", json!({ "type": "string" })),
        ),
        ("a response property was removed", remove(&schema("UserListItem", "/properties"), "displayName")),
        (
            "a response property is no longer required",
            edit(&schema("ResendInviteResponse", "/required"), &|list| {
                list.as_array_mut().expect("a list").pop();
            }),
        ),
        ("a type changed", set(&schema("Role", "/properties/name"), "type", json!("integer"))),
        ("a pattern changed", set(&schema("UserListItem", "/properties/phone"), "pattern", json!("^[0-9]+$"))),
        ("a response value was added", push(&schema("UserListItem", "/properties/status/enum"), json!("suspended"))),
        ("a request value was added", push(&schema("InviteUserRequest", "/properties/jobTitle/enum"), json!("Other"))),
        (
            "a request value was removed",
            edit(&schema("InviteUserRequest", "/properties/jobTitle/enum"), &|list| {
                list.as_array_mut().expect("a list").pop();
            }),
        ),
        (
            "a response was added",
            set(&format!("{resend}/responses"), "409", json!({ "$ref": "#/components/responses/Conflict" })),
        ),
        ("a response was removed", remove(&format!("{resend}/responses"), "404")),
        (
            "a success has a different body",
            set(
                &format!("{resend}/responses/200/content/application~1json"),
                "schema",
                json!({ "$ref": "#/components/schemas/Organization" }),
            ),
        ),
        ("the credential changed", set("", "security", json!([]))),
        ("an operation was deprecated", set(resend, "deprecated", json!(true))),
    ];
    let reports = cases.map(|(name, full)| {
        let changes = changes(&full, &own(), &Fingerprints::default()).expect("a comparison");
        format!("# {name}\n{}", render(&changes, Format::Text).expect("text"))
    });
    insta::assert_snapshot!("severities", reports.join("\n"));
}

#[test]
fn a_text_that_the_api_changed_is_documentation() {
    let reworded = |text: &str| {
        let mut full = full();
        full["components"]["schemas"]["Role"]["description"] = text.into();
        full
    };
    let first = update(&reworded("As the API says it."), &own(), &Selection::default(), &Fingerprints::default());
    let fingerprints = first.expect("an update").fingerprints;
    assert_eq!(changes(&reworded("As the API says it."), &own(), &fingerprints).expect("a comparison"), []);
    let changed = changes(&reworded("As the API says it now."), &own(), &fingerprints).expect("a comparison");
    for (name, format) in [("text", Format::Text), ("json", Format::Json), ("markdown", Format::Markdown)] {
        insta::assert_snapshot!(format!("documentation_{name}"), render(&changed, format).expect("text"));
    }
}
