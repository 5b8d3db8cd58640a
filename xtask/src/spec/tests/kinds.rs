//! Every kind of schema, response, parameter and name that a spec may have: what carries must compile. `kinds/` has one
//! small spec for each. They are compiled together, since most of the time goes into the library around them.

use serde_json::{Value, json};

use crate::spec::check::problems;
use crate::spec::normalize::{normalize, refused};
use crate::spec::read::{parse, read_own};
use crate::spec::scratch::{compile, scratch_crate};
use crate::spec::slice::ids;

const KINDS: [(&str, &str); 7] = [
    ("enums", include_str!("kinds/enums.yaml")),
    ("limits", include_str!("kinds/limits.yaml")),
    ("names", include_str!("kinds/names.yaml")),
    ("nullable", include_str!("kinds/nullable.yaml")),
    ("recursion", include_str!("kinds/recursion.yaml")),
    ("responses", include_str!("kinds/responses.yaml")),
    ("shapes", include_str!("kinds/shapes.yaml")),
];

/// The project's spec, without which the library does not compile, and the response that the kinds refer to.
fn base() -> Value {
    let mut spec = read_own().expect("the project's spec");
    spec["components"]["responses"]["Bad"] = json!({
        "description": "Bad.",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
    });
    spec
}

/// Adds the paths and schemas of a kind to a spec.
fn add(spec: &mut Value, name: &str, text: &str) {
    let kind = parse(name, &format!("openapi: 3.0.3\n{text}")).expect("a spec");
    for pointer in ["/paths", "/components/schemas"] {
        let parts = spec.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object");
        for (part, value) in kind.pointer(pointer).and_then(Value::as_object).into_iter().flatten() {
            assert!(parts.insert(part.clone(), value.clone()).is_none(), "{name}: another kind has {part} too");
        }
    }
}

/// The spec as an update takes it over. No operation may be skipped.
fn carried(name: &str, spec: &Value) -> Value {
    let (normalized, _) = normalize(spec.clone()).expect("a spec");
    assert_eq!(refused(&normalized), [], "{name}");
    assert_eq!(ids(&normalized), ids(spec), "{name}");
    normalized
}

#[test]
fn each_kind_carries_and_has_no_problems() {
    for (name, text) in KINDS {
        let mut spec = base();
        add(&mut spec, name, text);
        assert_eq!(problems(&carried(name, &spec)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn all_kinds_compile_with_and_without_schemars_and_client() {
    let mut spec = base();
    for (name, text) in KINDS {
        add(&mut spec, name, text);
    }
    let scratch = scratch_crate(&carried("all kinds", &spec)).expect("a scratch crate");
    for features in ["", "client,schemars"] {
        compile(&scratch, features).expect("the generated code compiles");
    }
}
