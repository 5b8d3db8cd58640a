//! The build script of `dci`: a document that it cannot use is refused with the place in it.

#[path = "../../build.rs"]
#[allow(dead_code)]
mod build_script;

const DOCUMENT: &str = include_str!("../../openapi/doit.yaml");

fn refusal(document: &str) -> String {
    build_script::generate("openapi/doit.yaml", document, true).expect_err("a document that cannot be used")
}

/// The project's document with one place changed.
fn with(original: &str, changed: &str) -> String {
    assert_eq!(DOCUMENT.matches(original).count(), 1, "{original:?} names one place");
    DOCUMENT.replace(original, changed)
}

#[test]
fn what_is_made_of_the_document_stands_alone() {
    let generated = build_script::generate("openapi/doit.yaml", DOCUMENT, true).expect("the document can be used");
    for io in ["reqwest", "progenitor", "tokio"] {
        assert!(!generated.types.contains(io), "the types mention {io}");
    }
    assert!(!generated.client.contains("pub mod types"));
    let without = build_script::generate("openapi/doit.yaml", DOCUMENT, false).expect("the document can be used");
    assert!(!without.types.contains("schemars"));
}

#[test]
fn yaml_that_does_not_parse_is_refused_with_its_line() {
    let refusal = refusal("openapi: 3.0.3\npaths: [\n");
    assert!(refusal.starts_with("openapi/doit.yaml: not YAML"), "{refusal}");
    assert!(refusal.contains("line 2 column 8"), "{refusal}");
}

#[test]
fn what_is_no_openapi_is_refused_with_its_path() {
    let refusal = refusal(&with("  title: DoiT API\n", "  title: [DoiT API]\n"));
    assert!(refusal.contains("not an OpenAPI 3.0 document: at info.title"), "{refusal}");
}

#[test]
fn a_part_that_does_not_fit_is_named() {
    let operation = refusal(&with("operationId: validate\n", "operationId: [validate]\n"));
    assert!(operation.contains("at paths./auth/v1/validate.get.operationId"), "{operation}");
    let schema = refusal(&with("    Role:\n      type: object", "    Role:\n      type: 7"));
    assert!(schema.contains("at components.schemas.Role"), "{schema}");
}

#[test]
fn an_operation_on_which_progenitor_panics_is_named() {
    let two_bodies = with(
        "          description: The invite was cancelled.\n",
        "          description: The invite was cancelled.\n        '204':\n          description: Nothing.\n",
    );
    let refusal = refusal(&two_bodies);
    assert!(refusal.contains("at paths./iam/v1/users/{id}/actions/cancel.post (cancelInvite)"), "{refusal}");
    assert!(refusal.contains("response_types.len()"), "{refusal}");
    assert!(!refusal.contains("resendInvite"), "only the operation that is refused is named: {refusal}");
}

#[test]
fn a_schema_on_which_progenitor_fails_is_named() {
    let no_names = with("          - active\n          - invited\n", "          - '>'\n          - '<'\n");
    let refusal = refusal(&no_names);
    assert!(refusal.contains("at components.schemas.UserListItem"), "{refusal}");
}

#[test]
fn a_document_of_another_version_is_refused() {
    let refusal = refusal(&with("openapi: \"3.0.3\"", "openapi: 3.1.0"));
    assert!(refusal.contains("openapi/doit.yaml") && refusal.contains("3.1.0"), "{refusal}");
}
