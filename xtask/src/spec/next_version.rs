//! A made-up next version of the API's spec: today's, with a change of each kind that a real version has.

use anyhow::{Context, ensure};
use heck::ToPascalCase;
use serde_json::{Map, Value, json};

use super::pointer::{escape, walk};
use super::slice::ids;
use crate::generator::spec::METHODS;

/// Operations that only the next version has: a list in pages, and an action that needs no permission.
pub const NEW_OPERATIONS: [&str; 2] = ["listMadeUpThings", "startMadeUpThing"];

/// A schema and a property that get another name. Hand-written code must not use them.
pub struct Renamed<'a> {
    /// A type is generated from it.
    pub schema: &'a str,
    pub schema_of_property: &'a str,
    pub property: &'a str,
}

/// What each enum has, too.
const NEW_VALUES: [&str; 2] = ["de", "suspended"];

/// Makes the next version of a spec.
pub fn next_version(spec: &Value, renamed: &Renamed<'_>) -> anyhow::Result<Value> {
    let mut next = spec.clone();
    next["openapi"] = "3.0.1".into();
    rename_components(&mut next, renamed.schema)?;
    rename_property(&mut next, renamed)?;
    each_part(&mut next, &mut |pointer, value| {
        if let Some(properties) = value.get_mut("properties").and_then(Value::as_object_mut) {
            properties.values_mut().for_each(add_example);
            if pointer.starts_with("#/components/schemas/") {
                properties.insert("madeUp".into(), json!({ "type": "string", "description": "A new property." }));
            }
        }
        if let Some(values) = value.get_mut("enum").and_then(Value::as_array_mut) {
            values.extend(NEW_VALUES.map(Value::from));
        }
    });
    each_operation(&mut next, &mut add_status);
    let known = ids(&next);
    for (id, item) in NEW_OPERATIONS.into_iter().zip(new_operations()) {
        ensure!(!known.contains(id), "the spec already has the operation {id}: give the made-up one another name");
        next["paths"][format!("/made-up/v1/{id}")] = item;
    }
    Ok(next)
}

/// Renames every component that has no type of its own, and one that has.
fn rename_components(spec: &mut Value, schema: &str) -> anyhow::Result<()> {
    let components = spec["components"].as_object_mut().context("the spec has no components")?;
    let mut renamed: Vec<(String, String)> = Vec::new();
    for (kind, parts) in components.iter_mut() {
        let Some(parts) = parts.as_object_mut() else { continue };
        let named = std::mem::take(parts).into_iter().map(|(name, mut part)| {
            if kind != "schemas" && part["description"].is_string() {
                part["description"] = "Words that the API made up.".into();
            }
            let new = match kind.as_str() {
                "schemas" if name != schema => name.clone(),
                _ => format!("MadeUp{name}"),
            };
            let reference = |name: &str| format!("#/components/{kind}/{}", escape(name));
            renamed.push((reference(&name), reference(&new)));
            (new, part)
        });
        *parts = named.collect();
    }
    let has_schema = renamed.iter().any(|(old, _)| *old == format!("#/components/schemas/{schema}"));
    ensure!(has_schema, "the spec has no schema {schema}: choose another one in xtask/src/rehearsal.rs");
    let new_name = |reference: &str| renamed.iter().find(|(old, _)| old == reference).map(|(_, new)| new.as_str());
    each_part(spec, &mut |_, value| {
        if let Some(new) = value.get("$ref").and_then(Value::as_str).and_then(new_name) {
            value["$ref"] = new.into();
        }
        for requirement in value.get_mut("security").and_then(Value::as_array_mut).into_iter().flatten() {
            let schemes = requirement.as_object().into_iter().flatten();
            *requirement = schemes.map(|(name, scopes)| (format!("MadeUp{name}"), scopes.clone())).collect();
        }
    });
    Ok(())
}

/// Changes every part of a spec, given its pointer, from the outside in.
fn each_part(spec: &mut Value, change: &mut dyn FnMut(&str, &mut Value)) {
    let mut pointers = Vec::new();
    walk(spec, "#", &mut |pointer, _| pointers.push(pointer.to_owned()));
    for pointer in pointers {
        if let Some(part) = spec.pointer_mut(&pointer[1..]) {
            change(&pointer, part);
        }
    }
}

fn rename_property(spec: &mut Value, renamed: &Renamed<'_>) -> anyhow::Result<()> {
    let Renamed { schema_of_property: schema, property: old, .. } = *renamed;
    let properties = spec["components"]["schemas"][schema]["properties"].as_object_mut();
    let property = properties.as_ref().and_then(|properties| properties.get(old)).cloned();
    let (Some(properties), Some(property)) = (properties, property) else {
        anyhow::bail!("the schema {schema} has no property {old}: choose another one in xtask/src/rehearsal.rs");
    };
    properties.remove(old);
    properties.insert(format!("madeUp{}", old.to_pascal_case()), property);
    Ok(())
}

fn add_example(property: &mut Value) {
    if property["type"] == "string" {
        property["example"] = "2026-11-25T18:03:00Z".into();
    }
}

fn each_operation(spec: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    let items = spec["paths"].as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    let operations = items.flatten().filter(|(name, _)| METHODS.contains(&name.as_str()));
    operations.for_each(|(_, operation)| change(operation));
}

fn add_status(operation: &mut Value) {
    let too_many = error("Too many requests.");
    operation["responses"].as_object_mut().map(|responses| responses.entry("429").or_insert(too_many));
}

fn error(description: &str) -> Value {
    json_response(description, &json!({ "$ref": "#/components/schemas/Error" }))
}

fn json_response(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

/// The path items of [`NEW_OPERATIONS`].
fn new_operations() -> [Value; 2] {
    let [list, start] = NEW_OPERATIONS;
    let page = json!({ "type": "object", "properties": {
        "things": { "type": "array", "items": { "type": "object", "properties": { "id": { "type": "string" } } } },
        "pageToken": { "type": "string", "description": "The token of the next page." },
    }});
    let token = json!({ "name": "pageToken", "in": "query", "schema": { "type": "string" } });
    [
        json!({ "get": {
            "operationId": list, "summary": "List things", "description": "Lists the things, in pages.",
            "parameters": [token],
            "responses": { "200": json_response("The things.", &page), "401": error("Not signed in.") },
        }}),
        json!({ "post": {
            "operationId": start, "summary": "Start a thing", "description": "Starts a thing.",
            "responses": { "202": { "description": "It is starting." }, "409": error("It has started already.") },
        }}),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::check::problems;
    use crate::spec::tests::api::own;

    #[test]
    fn the_next_version_has_no_problems_and_two_operations_more() {
        let own = own().spec;
        let next_version =
            |spec| next_version(spec, &Renamed { schema: "Owner", schema_of_property: "Thing", property: "count" });
        let next = next_version(&own).expect("a next version");
        assert_eq!(problems(&next), Vec::<String>::new());
        assert_eq!(ids(&next).len(), ids(&own).len() + NEW_OPERATIONS.len());
        assert!(next_version(&next).is_err(), "what was made up once has other names now");
    }
}
