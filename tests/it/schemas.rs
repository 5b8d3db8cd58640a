//! The types have the JSON Schemas of the spec.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::support::spec::{responses, spec};

fn derived() -> BTreeMap<&'static str, Value> {
    dci::SCHEMAS.iter().map(|(name, schema)| (*name, schema().to_value())).collect()
}

/// The schema with references resolved, `required` sorted, and without titles and examples.
fn flattened(schema: &Value, root: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let mut flat = Map::new();
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                let target = root.pointer(reference.trim_start_matches('#')).expect("the target of a reference");
                flat.extend(flattened(target, root).as_object().expect("a schema").clone());
            }
            for (keyword, value) in object {
                match (keyword.as_str(), value) {
                    ("$ref" | "$schema" | "$defs" | "title" | "example", _) => {}
                    // A property can have the name of a keyword.
                    ("properties", Value::Object(properties)) => {
                        let properties = properties.iter().map(|(name, part)| (name.clone(), flattened(part, root)));
                        let mut properties: Map<String, Value> = properties.collect();
                        properties.sort_keys();
                        flat.insert(keyword.clone(), properties.into());
                    }
                    ("required", Value::Array(names)) => {
                        let mut names = names.clone();
                        names.sort_by_key(ToString::to_string);
                        flat.insert(keyword.clone(), names.into());
                    }
                    _ => {
                        flat.insert(keyword.clone(), flattened(value, root));
                    }
                }
            }
            flat.sort_keys();
            flat.into()
        }
        Value::Array(values) => values.iter().map(|value| flattened(value, root)).collect(),
        other => other.clone(),
    }
}

/// The named schemas and the inline response schemas of the spec, by type name.
fn documented() -> BTreeMap<String, Value> {
    let spec = spec();
    let named = spec["components"]["schemas"].as_object().expect("schemas").clone();
    // Other inline schemas, such as lists, have no type of their own.
    let inline = responses(&spec).into_iter().filter(|(_, _, schema)| schema["properties"].is_object());
    let inline = inline.map(|(operation, _, schema)| {
        let (first, rest) = operation.split_at(1);
        (format!("{}{rest}Response", first.to_uppercase()), schema)
    });
    named.into_iter().chain(inline).map(|(name, schema)| (name, flattened(&schema, &spec))).collect()
}

#[test]
fn each_type_has_the_schema_of_the_spec() {
    let derived = derived();
    let documented = documented();
    for (name, expected) in &documented {
        let schema = derived.get(name.as_str()).unwrap_or_else(|| panic!("there is no type {name}"));
        let found = flattened(schema, schema);
        let properties = |schema: &Value| schema["properties"].as_object().cloned().unwrap_or_default();
        for (property, expected) in properties(expected) {
            assert_eq!(properties(&found).get(&property), Some(&expected), "{name}.{property}");
        }
        assert_eq!(&found, expected, "{name}");
    }
}

#[test]
fn the_schemas_of_all_types() {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("schemas", serde_json::to_string_pretty(&derived()).expect("JSON"));
    });
}

#[test]
fn the_types_enforce_the_limits_of_the_spec() {
    use dci::types::{UpdateUserRequestPhoneExtension, UserListItemPhone};
    assert!("+4912345".parse::<UserListItemPhone>().is_ok());
    for bad in ["", "+", "4912345", "+49 123", "+12a"] {
        assert!(bad.parse::<UserListItemPhone>().is_err(), "{bad:?}");
    }
    assert!("12345678".parse::<UpdateUserRequestPhoneExtension>().is_ok());
    for bad in ["1234567", "1234567890123456", "1234567a"] {
        assert!(bad.parse::<UpdateUserRequestPhoneExtension>().is_err(), "{bad:?}");
    }
}

#[test]
fn an_unset_property_is_not_sent() {
    use dci::types::UpdateUserRequest;
    let change: UpdateUserRequest =
        UpdateUserRequest::builder().first_name("Ada".to_owned()).try_into().expect("within all limits");
    assert_eq!(serde_json::to_string(&change).expect("JSON"), r#"{"firstName":"Ada"}"#);
}
