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

/// The types of a document in which one operation answers with a schema `Answer`, beside others.
fn types_of(schemas: &str) -> String {
    let document = format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /x:\n    post:\n      operationId: x\n      \
         requestBody: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/Sent'}}}}}}}}\n      \
         responses:\n        '200':\n          description: Done.\n          content: {{application/json: {{schema: \
         {{$ref: '#/components/schemas/Answer'}}}}}}\ncomponents:\n  schemas:\n    \
         Sent: {{type: string, enum: [a, b]}}\n{schemas}"
    );
    build_script::generate("doit.yaml", &document, false).expect("the document can be used").types
}

#[test]
fn an_enum_of_an_answer_is_open_and_one_that_is_sent_is_not() {
    let types = types_of("    Answer: {type: string, enum: [a, b]}\n");
    assert!(types.contains("enum Answer") && types.contains("enum Sent"), "{types}");
    assert_eq!(types.matches("Unknown(::std::string::String)").count(), 1, "{types}");
}

#[test]
fn an_enum_that_has_an_unknown_of_its_own_is_open_under_another_name() {
    let types = types_of("    Answer: {type: string, enum: [active, unknown]}\n");
    assert!(types.contains("UnknownValue(::std::string::String)"), "{types}");
}

#[test]
fn what_tells_the_cases_of_a_union_apart_stays_closed() {
    let types = types_of(concat!(
        "    Answer: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]}\n",
        "    Cat: {type: object, required: [kind], properties: {kind: {type: string, enum: [cat]}}}\n",
        "    Dog: {type: object, required: [kind], properties: {kind: {type: string, enum: [dog]}}}\n",
    ));
    assert!(types.contains("enum CatKind") && types.contains("enum DogKind"), "{types}");
    assert!(!types.contains("Unknown"), "{types}");
}

#[test]
fn an_answer_that_allows_no_other_properties_takes_them_all_the_same() {
    let types =
        types_of("    Answer: {type: object, additionalProperties: false, properties: {name: {type: string}}}\n");
    assert!(types.contains("pub struct Answer") && !types.contains("deny_unknown_fields"), "{types}");
}
