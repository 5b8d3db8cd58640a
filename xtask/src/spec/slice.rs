//! A part of a document: some of its operations, with everything that they refer to.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{anyhow, bail};
use serde_json::{Map, Value, json};

use super::source::{escaped, follow, walk};
use crate::generator::document::operations;

/// The ids of a document's operations.
pub fn ids(document: &Value) -> BTreeSet<String> {
    operations(document).filter_map(|(_, _, operation)| operation["operationId"].as_str()).map(str::to_owned).collect()
}

/// The document with these operations alone.
pub fn slice(document: &Value, wanted: &BTreeSet<String>) -> anyhow::Result<Value> {
    let is_wanted = |operation: &Value| operation["operationId"].as_str().is_some_and(|id| wanted.contains(id));
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (path, method, operation) in operations(document).filter(|(_, _, operation)| is_wanted(operation)) {
        paths.entry(path).or_default().insert(method.to_owned(), operation.clone());
    }
    for (path, item) in &mut paths {
        // What the operations of a path share.
        for name in ["summary", "description", "parameters", "servers"] {
            if let Some(shared) = document["paths"][path].get(name) {
                item.insert(name.to_owned(), shared.clone());
            }
        }
    }
    let mut part = json!({ "openapi": document["openapi"], "info": document["info"] });
    for name in ["servers", "security"] {
        if let Some(value) = document.get(name) {
            part[name] = value.clone();
        }
    }
    part["paths"] = paths.into_iter().map(|(path, item)| (path.to_owned(), Value::from(item))).collect();
    let tags: Vec<Value> = used_tags(document, &part);
    if !tags.is_empty() {
        part["tags"] = tags.into();
    }
    part["components"] = components(document, &part)?;
    Ok(part)
}

fn used_tags(document: &Value, part: &Value) -> Vec<Value> {
    let used: BTreeSet<&str> = operations(part)
        .flat_map(|(_, _, operation)| operation["tags"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.filter(|tag| tag["name"].as_str().is_some_and(|name| used.contains(name))).cloned().collect()
}

/// Everything that `part` refers to, and what that refers to in turn.
fn components(document: &Value, part: &Value) -> anyhow::Result<Value> {
    let mut found: BTreeMap<(String, String), &Value> = BTreeMap::new();
    let mut references = references(document, part, "#");
    let securities = operations(part).map(|(_, _, operation)| &operation["security"]).chain([&part["security"]]);
    for scheme in securities.filter_map(Value::as_array).flatten().filter_map(Value::as_object).flat_map(Map::keys) {
        references.push(("#/security".to_owned(), format!("#/components/securitySchemes/{}", escaped(scheme))));
    }
    while let Some((place, reference)) = references.pop() {
        follow(document, &place, &reference)?;
        let mut parts = reference.split('/');
        let (Some("#"), Some("components"), Some(kind), Some(name)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            bail!("at {place}: the reference {reference} does not lead to a component");
        };
        let base = format!("#/components/{kind}/{name}");
        let component = document.pointer(&base[1..]).ok_or_else(|| anyhow!("at {place}: {base} leads nowhere"))?;
        let name = name.replace("~1", "/").replace("~0", "~");
        if found.insert((kind.to_owned(), name), component).is_none() {
            references.extend(self::references(document, component, &base));
        }
    }
    let mut components = Map::new();
    for ((kind, name), component) in found {
        components.entry(kind).or_insert_with(|| json!({}))[name] = component.clone();
    }
    Ok(components.into())
}

/// Each reference in a value, with its place. A discriminator's mapping may name schemas without more.
fn references(document: &Value, value: &Value, place: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(value, place, &mut |place, value| {
        if let Some(reference) = value["$ref"].as_str() {
            found.push((place.to_owned(), reference.to_owned()));
        }
        let mapping = value["discriminator"]["mapping"].as_object().into_iter().flatten();
        for target in mapping.filter_map(|(_, target)| target.as_str()) {
            let named = format!("#/components/schemas/{}", escaped(target));
            let is_name = !target.starts_with('#') && document.pointer(&named[1..]).is_some();
            found.push((place.to_owned(), if is_name { named } else { target.to_owned() }));
        }
    });
    found
}
