//! Reading a document: what is none is refused with the place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use heck::ToSnakeCase;
use serde_json::Value;

use crate::generator::document::operations;

/// The largest document, in bytes. The API's own has about 600 KB.
const MAX_BYTES: u64 = 20 * 1024 * 1024;

/// Reads the document in a file, or `-` for stdin.
pub fn read(from: &str) -> anyhow::Result<Value> {
    let name = if from == "-" { "stdin" } else { from };
    let mut bytes = Vec::new();
    let limit = MAX_BYTES + 1;
    match from {
        "-" => stdin().lock().take(limit).read_to_end(&mut bytes),
        file => File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    }
    .with_context(|| format!("{name} cannot be read"))?;
    ensure!(bytes.len() as u64 <= MAX_BYTES, "{name} is larger than {} MiB", MAX_BYTES / 1024 / 1024);
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
    parse(name, &text)
}

/// Reads a document of this project.
pub fn read_own(path: &Path) -> anyhow::Result<Value> {
    read(&path.display().to_string())
}

pub fn parse(name: &str, text: &str) -> anyhow::Result<Value> {
    let document = parse_value(text).with_context(|| format!("{name} is neither YAML nor JSON"))?;
    let version = &document["openapi"];
    if document.get("swagger").is_some() {
        bail!("{name} is of Swagger 2.0 (at swagger); a document of OpenAPI 3.0 is needed");
    }
    match version.as_str() {
        Some(version) if version.starts_with("3.0.") => {}
        Some(version) => bail!("{name} is of OpenAPI {version} (at openapi); the generator reads 3.0 only"),
        None => bail!("{name} is no OpenAPI document: it has no version (at openapi)"),
    }
    ensure!(document["paths"].is_object(), "{name} is no OpenAPI document: it has no paths (at paths)");
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for (path, method, operation) in operations(&document) {
        let (id, place) = (operation["operationId"].as_str().unwrap_or_default(), place_of(path, method));
        // Two ids may make one name in Rust.
        if let Some(other) = places.insert(id.to_snake_case(), place.clone()).filter(|_| !id.is_empty()) {
            bail!("{name}: two operations have the operationId {id}: at {other} and at {place}");
        }
    }
    Ok(document)
}

fn parse_value(text: &str) -> anyhow::Result<Value> {
    if text.trim_start().starts_with('{') {
        // What is no JSON may be YAML in its flow style.
        match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(error) => return parse_yaml(text).map_err(|_| error.into()),
        }
    }
    parse_yaml(text)
}

fn parse_yaml(text: &str) -> anyhow::Result<Value> {
    // `yes` and `on` are texts in YAML 1.2, which OpenAPI is written in.
    let options = serde_saphyr::options! { strict_booleans: true, budget: None };
    Ok(serde_saphyr::from_str_with_options(text, options)?)
}

/// The JSON pointer to an operation.
pub fn place_of(path: &str, method: &str) -> String {
    format!("#/paths/{}/{method}", escaped(path))
}

/// A name as a part of a JSON pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Visits the value and everything in it, each with its place. Examples are left out: they only look like a document.
pub fn walk<'a>(value: &'a Value, place: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(place, value);
    match value {
        Value::Object(object) => {
            for (name, part) in object.iter().filter(|(name, _)| !is_example(place, name)) {
                walk(part, &format!("{place}/{}", escaped(name)), visit);
            }
        }
        Value::Array(parts) => {
            for (index, part) in parts.iter().enumerate() {
                walk(part, &format!("{place}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Whether what stands under this name at a place is an example, and no part of the document: a response may be called
/// `default`, and a property anything.
pub fn is_example(place: &str, name: &str) -> bool {
    const MAPS: [&str; 8] =
        ["responses", "properties", "schemas", "parameters", "headers", "requestBodies", "patternProperties", "paths"];
    let is_name = place.rsplit('/').next().is_some_and(|parent| MAPS.contains(&parent));
    !is_name && ["example", "examples", "default", "enum"].contains(&name)
}

/// Follows a reference to what it leads to in the end; `place` is where it stands.
pub fn follow<'a>(document: &'a Value, place: &str, reference: &str) -> anyhow::Result<&'a Value> {
    let mut chain = vec![reference.to_owned()];
    loop {
        let last = chain.last().map(String::as_str).unwrap_or_default();
        let Some(pointer) = last.strip_prefix('#') else {
            bail!("at {place}: the reference {last} leads out of the document");
        };
        let Some(target) = document.pointer(pointer) else {
            bail!("at {place}: the reference {} leads nowhere", chain.join(" -> "));
        };
        let Some(next) = target["$ref"].as_str() else { return Ok(target) };
        let is_round = chain.iter().any(|before| before == next);
        chain.push(next.to_owned());
        ensure!(!is_round, "at {place}: the references {} only lead back to themselves", chain.join(" -> "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        format!("{:#}", parse("full.yaml", text).expect_err("no document"))
    }

    #[test]
    fn what_is_no_document_of_openapi_3_0_is_refused_with_the_place() {
        assert!(refusal("a: [").starts_with("full.yaml is neither YAML nor JSON: "), "{}", refusal("a: ["));
        assert!(refusal("{\"a\": ").contains("EOF"), "{}", refusal("{\"a\": "));
        assert_eq!(refusal("just text"), "full.yaml is no OpenAPI document: it has no version (at openapi)");
        assert_eq!(
            refusal("openapi: 3.1.0"),
            "full.yaml is of OpenAPI 3.1.0 (at openapi); the generator reads 3.0 only"
        );
        assert_eq!(
            refusal("swagger: '2.0'\npaths: {}"),
            "full.yaml is of Swagger 2.0 (at swagger); a document of OpenAPI 3.0 is needed"
        );
        assert_eq!(refusal("openapi: 3.0.3"), "full.yaml is no OpenAPI document: it has no paths (at paths)");
        let twice = "openapi: 3.0.3\npaths:\n  /a: {get: {operationId: x}}\n  /b: {put: {operationId: x}}\n";
        assert_eq!(
            refusal(twice),
            "full.yaml: two operations have the operationId x: at #/paths/~1a/get and at #/paths/~1b/put"
        );
    }

    #[test]
    fn scalars_mean_what_they_mean_in_json() {
        let yaml =
            "openapi: 3.0.3\npaths: {}\nx:\n  200: {a: 2024-01-01, b: 2024-01-01T00:00:00Z, c: yes, d: on, e: 12:30}\n";
        let read = parse("full.yaml", yaml).expect("a document");
        let expected = serde_json::json!({ "200": {
            "a": "2024-01-01", "b": "2024-01-01T00:00:00Z", "c": "yes", "d": "on", "e": "12:30"
        }});
        assert_eq!(read["x"], expected);
    }

    #[test]
    fn a_reference_is_followed_to_the_end_or_refused() {
        let document =
            serde_json::json!({ "a": { "$ref": "#/b" }, "b": { "$ref": "#/c" }, "c": { "$ref": "#/b" }, "d": 1 });
        let problem = |reference: &str| follow(&document, "#/x", reference).expect_err("no target").to_string();
        assert_eq!(problem("#/a"), "at #/x: the references #/a -> #/b -> #/c -> #/b only lead back to themselves");
        assert_eq!(problem("#/e"), "at #/x: the reference #/e leads nowhere");
        assert_eq!(problem("other.yaml#/e"), "at #/x: the reference other.yaml#/e leads out of the document");
        assert_eq!(follow(&document, "#/x", "#/d").expect("a target"), 1);
    }
}
