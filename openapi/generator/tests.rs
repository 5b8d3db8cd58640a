//! What the generator makes of a spec, and the errors for specs that it cannot use. `xtask` runs these tests.

use super::generate;

/// A spec that does not change with the API's.
const SPEC: &str = include_str!("../../xtask/src/spec/tests/small.yaml");

fn error(spec: &str) -> String {
    generate("openapi/doit.yaml", spec, true).expect_err("the spec cannot be used")
}

/// The spec with one change.
fn with(original: &str, changed: &str) -> String {
    assert_eq!(SPEC.matches(original).count(), 1, "{original:?} occurs once");
    SPEC.replace(original, changed)
}

#[test]
fn the_types_need_no_other_crate() {
    let generated = generate("openapi/doit.yaml", SPEC, true).expect("the spec can be used");
    for io in ["reqwest", "progenitor", "tokio"] {
        assert!(!generated.types.contains(io), "the types mention {io}");
    }
    assert!(!generated.client.contains("pub mod types"));
    let without = generate("openapi/doit.yaml", SPEC, false).expect("the spec can be used");
    assert!(!without.types.contains("schemars"));
}

#[test]
fn invalid_yaml_is_refused_with_its_line() {
    let error = error("openapi: 3.0.3\npaths: [\n");
    assert!(error.starts_with("openapi/doit.yaml: invalid YAML"), "{error}");
    assert!(error.contains("line 2 column 8"), "{error}");
}

#[test]
fn an_invalid_property_is_named_by_its_path() {
    let error = error(&with("  title: DoiT API\n", "  title: [DoiT API]\n"));
    assert!(error.contains("not an OpenAPI 3.0 spec: at info.title"), "{error}");
}

#[test]
fn an_invalid_operation_or_schema_is_named() {
    let operation = error(&with("operationId: validate\n", "operationId: [validate]\n"));
    assert!(operation.contains("at paths./auth/v1/validate.get.operationId"), "{operation}");
    let schema = error(&with("    Role:\n      type: object", "    Role:\n      type: 7"));
    assert!(schema.contains("at components.schemas.Role"), "{schema}");
}

#[test]
fn an_operation_on_which_progenitor_panics_is_named() {
    let two_bodies = with(
        "          description: The invite was cancelled.\n",
        "          description: The invite was cancelled.\n        '204':\n          description: Nothing.\n",
    );
    let error = error(&two_bodies);
    assert!(error.contains("at paths./iam/v1/users/{id}/actions/cancel.post (cancelInvite)"), "{error}");
    assert!(error.contains("response_types.len()"), "{error}");
    assert!(!error.contains("resendInvite"), "only the operation at fault is named: {error}");
}

#[test]
fn a_schema_on_which_progenitor_fails_is_named() {
    let no_names = with("          - active\n          - invited\n", "          - '>'\n          - '<'\n");
    let error = error(&no_names);
    assert!(error.contains("at components.schemas.UserListItem"), "{error}");
}

#[test]
fn another_openapi_version_is_refused() {
    let error = error(&with("openapi: \"3.0.3\"", "openapi: 3.1.0"));
    assert!(error.contains("openapi/doit.yaml") && error.contains("3.1.0"), "{error}");
}

/// The types of a spec with an operation that sends the schema `Request` and receives the schema `Response`.
fn types_of(schemas: &str) -> String {
    let spec = format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /x:\n    post:\n      operationId: x\n      \
         requestBody: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/Request'}}}}}}}}\n      \
         responses:\n        '200':\n          description: Done.\n          content: {{application/json: {{schema: \
         {{$ref: '#/components/schemas/Response'}}}}}}\ncomponents:\n  schemas:\n    \
         Request: {{type: string, enum: [a, b]}}\n{schemas}"
    );
    generate("doit.yaml", &spec, false).expect("the spec can be used").types
}

#[test]
fn an_enum_is_open_in_a_response_and_closed_in_a_request() {
    let types = types_of("    Response: {type: string, enum: [a, b]}\n");
    assert!(types.contains("enum Response") && types.contains("enum Request"), "{types}");
    assert_eq!(types.matches("Unknown(::std::string::String)").count(), 1, "{types}");
}

#[test]
fn an_enum_with_the_value_unknown_is_open_under_another_name() {
    let types = types_of("    Response: {type: string, enum: [active, unknown]}\n");
    assert!(types.contains("UnknownValue(::std::string::String)"), "{types}");
}

#[test]
fn an_enum_that_tells_union_cases_apart_stays_closed() {
    let types = types_of(concat!(
        "    Response: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]}\n",
        "    Cat: {type: object, required: [kind], properties: {kind: {type: string, enum: [cat]}}}\n",
        "    Dog: {type: object, required: [kind], properties: {kind: {type: string, enum: [dog]}}}\n",
    ));
    assert!(types.contains("enum CatKind") && types.contains("enum DogKind"), "{types}");
    assert!(!types.contains("Unknown"), "{types}");
}

#[test]
fn a_response_accepts_properties_that_its_schema_forbids() {
    let types =
        types_of("    Response: {type: object, additionalProperties: false, properties: {name: {type: string}}}\n");
    assert!(types.contains("pub struct Response") && !types.contains("deny_unknown_fields"), "{types}");
}
