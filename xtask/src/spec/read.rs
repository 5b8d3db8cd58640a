//! Reads a spec. What is not an OpenAPI 3.0 spec is refused with the location of the mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, stdin};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::own_path;
use super::pointer::operation_pointer;
use crate::generator::spec::{id, operations, rust_name};

/// The largest spec, in bytes. The API's has about 600 KB.
const MAX_BYTES: u64 = 20 * 1024 * 1024;

/// Reads this project's spec.
pub fn read_own() -> anyhow::Result<Value> {
    read(&own_path().display().to_string())
}

/// Reads the spec in a file, or on stdin if that is `-`.
pub fn read(from: &str) -> anyhow::Result<Value> {
    let name = if from == "-" { "stdin" } else { from };
    let mut bytes = Vec::new();
    let limit = MAX_BYTES + 1;
    match from {
        "-" => stdin().lock().take(limit).read_to_end(&mut bytes),
        file => File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    }
    .with_context(|| format!("cannot read {name}"))?;
    ensure!(bytes.len() as u64 <= MAX_BYTES, "{name} is larger than {} MiB", MAX_BYTES / 1024 / 1024);
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
    parse(name, &text)
}

/// Parses a spec, which is called `name` in errors.
pub fn parse(name: &str, text: &str) -> anyhow::Result<Value> {
    let spec = parse_value(text).with_context(|| format!("{name} is neither YAML nor JSON"))?;
    if spec.get("swagger").is_some() {
        bail!("{name} is a Swagger 2.0 spec (at swagger); OpenAPI 3.0 is required");
    }
    match spec["openapi"].as_str() {
        Some(version) if version.starts_with("3.0.") => {}
        Some(version) => bail!("{name} is an OpenAPI {version} spec (at openapi); the generator reads only 3.0"),
        None => bail!("{name} is not an OpenAPI spec: it has no version (at openapi)"),
    }
    ensure!(spec["paths"].is_object(), "{name} is not an OpenAPI spec: it has no paths (at paths)");
    // Different ids can still have the same name in Rust.
    let mut names: BTreeMap<String, BTreeSet<(String, &str)>> = BTreeMap::new();
    for (path, method, operation) in operations(&spec).filter(|(_, _, operation)| !id(operation).is_empty()) {
        let name = rust_name(id(operation));
        names.entry(name).or_default().insert((operation_pointer(path, method), id(operation)));
    }
    if let Some(alike) = names.into_values().find(|alike| alike.len() > 1) {
        let (pointers, ids): (Vec<String>, Vec<&str>) = alike.into_iter().unzip();
        bail!("{name}: two operations have the operationId {}: at {} and at {}", ids[0], pointers[0], pointers[1]);
    }
    Ok(spec)
}

fn parse_value(text: &str) -> anyhow::Result<Value> {
    if text.trim_start().starts_with('{') {
        // This can also be YAML in flow style.
        match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(error) => return parse_yaml(text).map_err(|_| error.into()),
        }
    }
    parse_yaml(text)
}

fn parse_yaml(text: &str) -> anyhow::Result<Value> {
    // OpenAPI is YAML 1.2, in which `yes` and `on` are strings.
    let options = serde_saphyr::options! { strict_booleans: true, budget: None };
    Ok(serde_saphyr::from_str_with_options(text, options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", parse("full.yaml", text).expect_err("not a spec"))
    }

    #[test]
    fn what_is_not_an_openapi_3_0_spec_is_refused_with_the_location() {
        assert!(error("a: [").starts_with("full.yaml is neither YAML nor JSON: "), "{}", error("a: ["));
        assert!(error("{\"a\": ").contains("EOF"), "{}", error("{\"a\": "));
        assert_eq!(error("just text"), "full.yaml is not an OpenAPI spec: it has no version (at openapi)");
        assert_eq!(
            error("openapi: 3.1.0"),
            "full.yaml is an OpenAPI 3.1.0 spec (at openapi); the generator reads only 3.0"
        );
        assert_eq!(
            error("swagger: '2.0'\npaths: {}"),
            "full.yaml is a Swagger 2.0 spec (at swagger); OpenAPI 3.0 is required"
        );
        assert_eq!(error("openapi: 3.0.3"), "full.yaml is not an OpenAPI spec: it has no paths (at paths)");
        let twice = "openapi: 3.0.3\npaths:\n  /a: {get: {operationId: x}}\n  /b: {put: {operationId: x}}\n";
        assert_eq!(
            error(twice),
            "full.yaml: two operations have the operationId x: at #/paths/~1a/get and at #/paths/~1b/put"
        );
    }

    #[test]
    fn yaml_scalars_mean_what_they_mean_in_json() {
        let yaml =
            "openapi: 3.0.3\npaths: {}\nx:\n  200: {a: 2024-01-01, b: 2024-01-01T00:00:00Z, c: yes, d: on, e: 12:30}\n";
        let read = parse("full.yaml", yaml).expect("a spec");
        let expected = serde_json::json!({ "200": {
            "a": "2024-01-01", "b": "2024-01-01T00:00:00Z", "c": "yes", "d": "on", "e": "12:30"
        }});
        assert_eq!(read["x"], expected);
    }
}
