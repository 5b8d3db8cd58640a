//! What the generator makes of a spec, and the errors for specs that it cannot use. `xtask` runs these tests.

use super::generate;

/// A spec that does not change with the API's.
const SPEC: &str = include_str!("../../xtask/src/spec/tests/api.yaml");

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
    let error = error(&with("info: {title: Things", "info: {title: [Things]"));
    assert!(error.contains("not an OpenAPI 3.0 spec: at info.title"), "{error}");
}

#[test]
fn an_invalid_operation_or_schema_is_named() {
    let operation = error(&with("operationId: readLog\n", "operationId: [readLog]\n"));
    assert!(operation.contains("at paths./v1/log.get.operationId"), "{operation}");
    let schema = error(&with("    NewThing:\n      type: object", "    NewThing:\n      type: 7"));
    assert!(schema.contains("at components.schemas.NewThing"), "{schema}");
}

#[test]
fn an_operation_on_which_progenitor_panics_is_named() {
    let two_bodies = with(
        "      responses:\n        '201': ",
        "      responses:\n        '204': {description: Nothing.}\n        '201': ",
    );
    let error = error(&two_bodies);
    assert!(error.contains("at paths./v1/things.post (makeThing)"), "{error}");
    assert!(error.contains("response_types.len()"), "{error}");
    assert!(!error.contains("listThings"), "only the operation at fault is named: {error}");
}

#[test]
fn a_schema_on_which_progenitor_fails_is_named() {
    let no_names = with(
        "id.}\n        state: {type: string, enum: [new, old]}",
        "id.}\n        state: {type: string, enum: ['>', '<']}",
    );
    let error = error(&no_names);
    assert!(error.contains("at components.schemas.Thing"), "{error}");
}

#[test]
fn another_openapi_version_is_refused() {
    let error = error(&with("openapi: 3.0.3", "openapi: 3.1.0"));
    assert!(error.contains("openapi/doit.yaml") && error.contains("3.1.0"), "{error}");
}

/// The types of a spec with an operation that sends the schema `Request` and receives the schema `Response`.
fn types_of(schemas: &str) -> String {
    generate("doit.yaml", &spec_of(schemas), false).expect("the spec can be used").types
}

/// A spec with the operation `x`, which sends the schema `Request` and receives the schema `Response`.
fn spec_of(schemas: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /x:\n    post:\n      operationId: x\n      \
         requestBody: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/Request'}}}}}}}}\n      \
         responses:\n        '200':\n          description: Done.\n          content: {{application/json: {{schema: \
         {{$ref: '#/components/schemas/Response'}}}}}}\ncomponents:\n  schemas:\n    \
         Request: {{type: string, enum: [a, b]}}\n{schemas}"
    )
}

#[test]
fn parts_with_one_name_in_rust_are_named() {
    let cases = [
        (
            "    Response: {properties: {a: {$ref: '#/components/schemas/foo-bar'}, b: {$ref: '#/components/schemas/fooBar'}}}\n    \
             foo-bar: {properties: {a: {type: string}}}\n    fooBar: {properties: {b: {type: string}}}\n",
            "at components.schemas.foo-bar and components.schemas.fooBar (used by x): the type FooBar in Rust is generated \
             from each; rename one",
        ),
        (
            "    Response: {properties: {part: {properties: {a: {type: string}}}, b: {$ref: '#/components/schemas/ResponsePart'}}}\n    \
             ResponsePart: {properties: {b: {type: string}}}\n",
            "at components.schemas.ResponsePart and a property in components.schemas.Response (used by x): the type \
             ResponsePart in Rust is generated from each; rename one",
        ),
        (
            "    Response: {properties: {a-b: {type: string}, a_b: {type: string}, c: {type: string}}}\n",
            "at components.schemas.Response (used by x): a-b and a_b have one name in Rust, a_b; rename one",
        ),
    ];
    for (schemas, expected) in cases {
        let error = error(&spec_of(schemas));
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_schema_with_the_name_of_an_inline_one_is_named() {
    let inline = "{type: object, properties: {a: {$ref: '#/components/schemas/XResponse'}}}";
    let spec = spec_of("    XResponse: {type: object, properties: {b: {type: string}}}\n");
    let error = error(&spec.replace("{$ref: '#/components/schemas/Response'}", inline));
    let expected =
        "at components.schemas.XResponse and paths./x.post.responses.200 (used by x): the type XResponse in Rust";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn an_operation_with_a_name_of_the_client_is_named() {
    for name in ["new", "Error", "post", "client"] {
        let error = error(
            &spec_of("    Response: {type: string}\n").replace("operationId: x", &format!("operationId: {name}")),
        );
        let expected = format!("at paths./x.post ({name}): the client in Rust has this name already; rename it");
        assert!(error.ends_with(&expected), "{error}");
    }
}

#[test]
fn parameters_with_one_name_in_rust_are_named() {
    let query = |name: &str| format!("{{name: {name}, in: query, schema: {{type: string}}}}");
    let parameters = format!("      operationId: x\n      parameters: [{}, {}]\n", query("a-b"), query("aB"));
    let spec = spec_of("    Response: {type: string}\n").replace("      operationId: x\n", &parameters);
    let error = error(&spec);
    assert!(error.ends_with("at paths./x.post (x): a-b and aB have one name in Rust, a_b; rename one"), "{error}");
    let error = self::error(&spec.replace("a-b", "Header-Map"));
    assert!(
        error.contains("at paths./x.post (x): the generated code uses the name of the parameter Header-Map"),
        "{error}"
    );
}

#[test]
fn a_number_has_the_type_of_its_format_whatever_its_limits() {
    let types = types_of(concat!(
        "    Response: {required: [a, b, c], properties: {a: {type: integer, minimum: 1}, ",
        "b: {type: integer, format: int32, minimum: 0, maximum: 9}, c: {type: number, multipleOf: 0.5}}}\n",
    ));
    for field in ["pub a: i64", "pub b: i32", "pub c: f64"] {
        assert!(types.contains(field), "{types}");
    }
}

#[test]
fn every_operation_has_the_error_type_error() {
    let of = |responses: &str| {
        let spec = spec_of("    Response: {type: string}\n");
        generate("doit.yaml", &spec.replace("      responses:\n", &format!("      responses:\n{responses}")), false)
    };
    let problem = "        '400': {description: No., content: {application/problem+json: {schema: {type: object}}}}\n";
    let default = "        default: {description: No., content: {application/json: {schema: {type: integer}}}}\n";
    for responses in ["", problem, default, &[problem, default].concat()] {
        let client = of(responses).expect("the spec can be used").client;
        assert!(
            client.contains("Result<ResponseValue<types::Response>, Error<types::Error>>"),
            "{responses}: {client}"
        );
    }
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

#[test]
fn what_has_no_text_in_the_spec_needs_no_docs() {
    let types = types_of(
        "    Response: {type: object, properties: {name: {type: string}, code: {type: string, pattern: '^a'}, part: \
         {type: object, properties: {state: {type: string, enum: [a, b]}}}}}\n",
    );
    for (item, _) in types.match_indices("\npub ").filter(|(at, _)| !types[at + 5..].starts_with("mod ")) {
        let attributes = types[..item].rsplit("\n\n").next().unwrap_or_default();
        let attributes = attributes.rsplit("\n}\n").next().unwrap_or_default();
        assert!(
            attributes.contains("///") || attributes.contains("allow(missing_docs)"),
            "{}",
            &types[item..item + 40]
        );
    }
}

#[test]
fn the_type_error_has_an_optional_message_whatever_the_spec_says() {
    let schemas = [
        "",
        "    Error: {type: object, required: [error, id], properties: {error: {type: object}, id: {type: string}}}\n",
        "    Error: {type: string}\n",
        "    Error: {allOf: [{$ref: '#/components/schemas/Request'}]}\n",
    ];
    for error in schemas {
        let types = types_of(&format!("    Response: {{type: string}}\n{error}"));
        let start = types.find("pub struct Error {").expect("the type");
        let end = start + types[start..].find('}').expect("its end");
        assert!(
            types[start..end].contains("pub error: ::std::option::Option<::std::string::String>"),
            "{error}: {types}"
        );
    }
}
