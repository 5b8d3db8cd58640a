//! What a part of a spec means, however it is written: references are followed, `allOf` is merged, defaults that are
//! spelled out and texts are removed, and names that nothing depends on are replaced by what they stand for.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::generator::spec::resolve;
use crate::spec::normalize::{DEFAULT_BASE_URL, has_placeholder};
use crate::spec::texts::TEXTS;

/// The most references of a schema that are followed: schemas that refer to each other can have any number.
const MAX_REFERENCES: usize = 200;

/// A schema by its meaning.
pub struct Schema {
    /// The reference to the component that it is, from which its Rust type has its name.
    pub reference: Option<String>,
    pub keywords: Map<String, Value>,
}

impl Schema {
    pub fn of(spec: &Value, schema: &Value) -> Self {
        let Self { reference, mut keywords } = merged(spec, schema, &mut { MAX_REFERENCES });
        if let (Some(_), Some(Value::Array(values))) = (keywords.get("nullable").cloned(), keywords.get_mut("enum")) {
            values.retain(|value| !value.is_null());
        }
        keywords.retain(|name, value| !is_without_meaning(name, value));
        for (implied, keyword) in [("object", "properties"), ("array", "items")] {
            if keywords.contains_key(keyword) {
                keywords.entry("type").or_insert_with(|| implied.into());
            }
        }
        Self { reference, keywords }
    }

    /// The schemas of a union, each of which is possible, and its keyword.
    pub fn alternatives(&self) -> Option<(&'static str, &Vec<Value>)> {
        let list = |name| self.keywords.get(name).and_then(Value::as_array).map(|list| (name, list));
        list("oneOf").or_else(|| list("anyOf"))
    }

    /// Whether a Rust type of its own is generated from it.
    pub fn has_type(&self) -> bool {
        ["properties", "enum", "oneOf", "anyOf"].iter().any(|name| self.keywords.contains_key(*name))
    }

    /// Removes the keyword that allows `null`, and returns whether it was there.
    pub fn take_nullable(&mut self) -> bool {
        self.keywords.remove("nullable").is_some()
    }
}

fn is_without_meaning(name: &str, value: &Value) -> bool {
    const ANNOTATIONS: [&str; 4] = ["example", "examples", "externalDocs", "discriminator"];
    match name {
        "nullable" | "deprecated" | "readOnly" | "writeOnly" | "uniqueItems" | "exclusiveMinimum"
        | "exclusiveMaximum" => *value == false,
        "additionalProperties" => *value == true || value.as_object().is_some_and(Map::is_empty),
        _ => TEXTS.contains(&name) || ANNOTATIONS.contains(&name) || name.starts_with("x-"),
    }
}

fn merged(spec: &Value, schema: &Value, remaining: &mut usize) -> Schema {
    let mut keywords = schema.as_object().cloned().unwrap_or_default();
    if let Some(reference) = schema["$ref"].as_str() {
        let target = resolve(spec, schema);
        let keywords = if *remaining == 0 || target == schema {
            Map::new()
        } else {
            *remaining -= 1;
            merged(spec, target, remaining).keywords
        };
        return Schema { reference: Some(reference.to_owned()), keywords };
    }
    let mut parts = Vec::new();
    for name in ["allOf", "oneOf", "anyOf"] {
        let is_merged = |list: &Value| list.as_array().is_some_and(|list| name == "allOf" || list.len() == 1);
        if keywords.get(name).is_some_and(is_merged) {
            parts.extend(keywords.remove(name).and_then(|list| list.as_array().cloned()).unwrap_or_default());
        }
    }
    let is_plain = keywords.iter().all(|(name, value)| {
        is_without_meaning(name, value) || ["nullable", "default", "deprecated", "title"].contains(&name.as_str())
    });
    let mut reference = None;
    for part in &parts {
        let part_schema = merged(spec, part, remaining);
        if parts.len() == 1 && is_plain {
            reference = part_schema.reference;
        }
        merge(&mut keywords, part_schema.keywords);
    }
    Schema { reference, keywords }
}

/// Adds the keywords of a part of an `allOf`.
fn merge(keywords: &mut Map<String, Value>, part: Map<String, Value>) {
    for (name, value) in part {
        match (name.as_str(), keywords.get_mut(&name)) {
            (_, None) => {
                keywords.insert(name, value);
            }
            ("properties", Some(Value::Object(properties))) => {
                for (name, property) in value.as_object().cloned().unwrap_or_default() {
                    let merged = match properties.remove(&name) {
                        Some(before) if before != property => serde_json::json!({ "allOf": [before, property] }),
                        _ => property,
                    };
                    properties.insert(name, merged);
                }
            }
            ("required", Some(Value::Array(required))) => {
                required.extend(value.as_array().cloned().unwrap_or_default());
            }
            // What surrounds a part is the more specific one.
            _ => {}
        }
    }
}

/// The base URLs of an operation, given what it, its path and the spec have as servers.
pub fn servers(owners: &[&Value]) -> Vec<String> {
    let known = |servers: &Value| -> Vec<String> {
        let servers = servers.as_array().into_iter().flatten().filter(|server| !has_placeholder(server));
        servers.filter_map(|server| Some(server["url"].as_str()?.trim_end_matches('/').to_owned())).collect()
    };
    let chosen = owners.iter().map(|servers| known(servers)).find(|servers| !servers.is_empty());
    chosen.unwrap_or_else(|| vec![DEFAULT_BASE_URL.to_owned()])
}

/// The credentials that a request can have: alternatives, each of which is one or more at once.
pub fn credentials(spec: &Value, security: &Value) -> BTreeSet<BTreeSet<String>> {
    let credential = |(name, scopes): (&String, &Value)| {
        let scheme = resolve(spec, &spec["components"]["securitySchemes"][name]);
        let [kind, place, header, scheme] = ["type", "in", "name", "scheme"].map(|name| {
            let text = scheme[name].as_str().unwrap_or_default();
            // Headers and schemes have no case.
            let has_case = !(name == "scheme" || name == "name" && scheme["in"] == "header");
            if has_case { text.to_owned() } else { text.to_lowercase() }
        });
        let scopes: BTreeSet<&str> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let scopes = scopes.into_iter().collect::<Vec<_>>().join(" ");
        let place = if place.is_empty() { place } else { format!("in {place}") };
        [kind, place, header, scheme, scopes].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let alternatives = security.as_array().into_iter().flatten().filter_map(Value::as_object);
    alternatives.map(|alternative| alternative.iter().map(credential).collect()).collect()
}
