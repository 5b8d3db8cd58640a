//! Takes some operations from a spec, with everything that they refer to.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{anyhow, bail};
use serde_json::{Map, Value, json};

use super::pointer::{escape, follow, walk};
use crate::generator::spec::{id, operations};

/// The ids of the operations of a spec.
pub fn ids(spec: &Value) -> BTreeSet<String> {
    operations(spec).map(|(_, _, operation)| id(operation).to_owned()).collect()
}

/// The operations on which `attempt` fails, with the reason. They are found by halves, since few fail and an attempt with
/// many operations takes little longer than one with few.
pub fn failures(
    ids: &BTreeSet<String>,
    attempt: &dyn Fn(&BTreeSet<String>) -> anyhow::Result<()>,
) -> Vec<(String, String)> {
    let Err(error) = attempt(ids) else { return Vec::new() };
    match ids.first() {
        Some(id) if ids.len() == 1 => vec![(id.clone(), format!("{error:#}"))],
        _ => {
            let mut left = ids.clone();
            let right = ids.iter().nth(ids.len() / 2).map(|middle| left.split_off(middle)).unwrap_or_default();
            [failures(&left, attempt), failures(&right, attempt)].concat()
        }
    }
}

/// The spec with only the operations in `ids`.
pub fn slice(spec: &Value, ids: &BTreeSet<String>) -> anyhow::Result<Value> {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (path, method, operation) in operations(spec).filter(|(_, _, operation)| ids.contains(id(operation))) {
        paths.entry(path).or_default().insert(method.to_owned(), operation.clone());
    }
    for (path, item) in &mut paths {
        // The operations of a path share these.
        for name in ["summary", "description", "parameters", "servers"] {
            if let Some(shared) = spec["paths"][path].get(name) {
                item.insert(name.to_owned(), shared.clone());
            }
        }
    }
    let mut part = json!({ "openapi": spec["openapi"], "info": spec["info"] });
    for name in ["servers", "security"] {
        if let Some(value) = spec.get(name) {
            part[name] = value.clone();
        }
    }
    part["paths"] = paths.into_iter().map(|(path, item)| (path.to_owned(), Value::from(item))).collect();
    let tags: Vec<Value> = used_tags(spec, &part);
    if !tags.is_empty() {
        part["tags"] = tags.into();
    }
    part["components"] = components(spec, &part)?;
    Ok(part)
}

fn used_tags(spec: &Value, part: &Value) -> Vec<Value> {
    let used: BTreeSet<&str> = operations(part)
        .flat_map(|(_, _, operation)| operation["tags"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    let tags = spec["tags"].as_array().into_iter().flatten();
    tags.filter(|tag| tag["name"].as_str().is_some_and(|name| used.contains(name))).cloned().collect()
}

/// The components that `part` refers to, directly or through other components.
fn components(spec: &Value, part: &Value) -> anyhow::Result<Value> {
    let mut found: BTreeMap<(String, String), &Value> = BTreeMap::new();
    let mut references = references(spec, part, "#");
    let securities = operations(part).map(|(_, _, operation)| &operation["security"]).chain([&part["security"]]);
    for scheme in securities.filter_map(Value::as_array).flatten().filter_map(Value::as_object).flat_map(Map::keys) {
        references.push(("#/security".to_owned(), format!("#/components/securitySchemes/{}", escape(scheme))));
    }
    while let Some((pointer, reference)) = references.pop() {
        follow(spec, &pointer, &reference)?;
        let mut parts = reference.split('/');
        let (Some("#"), Some("components"), Some(kind), Some(name)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            bail!("at {pointer}: the reference {reference} is not to a component");
        };
        let base = format!("#/components/{kind}/{name}");
        let component = spec.pointer(&base[1..]).ok_or_else(|| anyhow!("at {pointer}: {base} does not exist"))?;
        let name = name.replace("~1", "/").replace("~0", "~");
        if found.insert((kind.to_owned(), name), component).is_none() {
            references.extend(self::references(spec, component, &base));
        }
    }
    let mut components = Map::new();
    for ((kind, name), component) in found {
        components.entry(kind).or_insert_with(|| json!({}))[name] = component.clone();
    }
    Ok(components.into())
}

/// Each reference in a value, with its pointer. The mapping of a discriminator can name a schema by its bare name.
fn references(spec: &Value, value: &Value, pointer: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(value, pointer, &mut |pointer, value| {
        if let Some(reference) = value["$ref"].as_str() {
            found.push((pointer.to_owned(), reference.to_owned()));
        }
        let mapping = value["discriminator"]["mapping"].as_object().into_iter().flatten();
        for target in mapping.filter_map(|(_, target)| target.as_str()) {
            let named = format!("#/components/schemas/{}", escape(target));
            let is_name = !target.starts_with('#') && spec.pointer(&named[1..]).is_some();
            found.push((pointer.to_owned(), if is_name { named } else { target.to_owned() }));
        }
    });
    found
}
