//! Rewrites what real specs have and progenitor refuses. Each rule rewrites one thing and reports each place where it
//! did. A rule that changes what goes over the wire says so.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToPascalCase;
use serde_json::{Map, Value, json};

use super::order::order;
use super::pointer::{escape, operation_pointer, walk};
use super::slice::{failures, ids, slice};
use crate::generator::spec::{METHODS, SENT_AS, operations, resolve};
use crate::generator::{self, doubled::doubled, progenitor};

/// The API's base URL, as in `dci::client`.
pub const DEFAULT_BASE_URL: &str = "https://api.doit.com";

/// What a rule rewrote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rewrite {
    pub rule: &'static str,
    pub pointer: String,
    pub what: String,
}

impl std::fmt::Display for Rewrite {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} at {}: {}", self.rule, self.pointer, self.what)
    }
}

/// Receives the pointer of what a rule rewrote, and how.
type Report<'a> = dyn FnMut(&str, &str) + 'a;

type Rule = fn(&mut Value, &mut Report);

const RULES: &[(&str, Rule)] = &[
    ("placeholder-servers", placeholder_servers),
    ("nameless-enums", nameless_enums),
    ("several-media-types", several_media_types),
    ("multipart-bodies", multipart_bodies),
    ("merge-patch-bodies", merge_patch_bodies),
    ("several-successes", several_successes),
];

/// Applies the rules. What they rewrote is in the order of the rules, then of the spec.
pub fn normalize(mut spec: Value) -> anyhow::Result<(Value, Vec<Rewrite>)> {
    let mut rewritten = Vec::new();
    for (rule, apply) in RULES {
        apply(&mut spec, &mut |pointer, what| {
            rewritten.push(Rewrite { rule, pointer: pointer.to_owned(), what: what.to_owned() });
        });
    }
    // A component is unused now if only rewritten parts referred to it.
    Ok((slice(&spec, &ids(&spec))?, rewritten))
}

/// The operations that the generator refuses, with the reason.
pub fn refused(spec: &Value) -> Vec<(String, String)> {
    failures(&ids(spec), &|ids| {
        let part = slice(spec, ids)?;
        if is_accepted(&part) {
            return Ok(());
        }
        // To find the reason takes long, and only that of one operation is shown.
        let why = if ids.len() == 1 { generator::file(&part, false).err() } else { None };
        Err(anyhow::anyhow!(why.unwrap_or_default().replace('\n', " ")))
    })
}

/// Whether the generator accepts the spec. This is quicker than finding out where it does not.
fn is_accepted(spec: &Value) -> bool {
    let file = progenitor::parse(spec).ok().and_then(|spec| progenitor::file(&spec, false).ok());
    file.is_some_and(|file| doubled(&file, spec).is_empty())
}

/// Calls `change` with the spec as it was, and with each operation and its pointer.
fn each_operation(spec: &mut Value, change: &mut dyn FnMut(&Value, &str, &mut Value)) {
    let before = spec.clone();
    for (path, method, _) in operations(&before) {
        change(&before, &operation_pointer(path, method), &mut spec["paths"][path][method]);
    }
}

/// Removes server URLs with a placeholder: of the spec, of paths and of operations.
fn placeholder_servers(spec: &mut Value, report: &mut Report) {
    let mut remove = |owner: &mut Value, pointer: String| {
        let Some(servers) = owner.get_mut("servers").and_then(Value::as_array_mut) else { return };
        if servers.iter().any(has_placeholder) {
            servers.retain(|server| !has_placeholder(server));
            report(&format!("{pointer}/servers"), "a server URL with a placeholder is removed");
            if let (true, Some(owner)) = (servers.is_empty(), owner.as_object_mut()) {
                owner.remove("servers");
            }
        }
    };
    let has_servers = spec.get("servers").is_some();
    remove(spec, "#".to_owned());
    if has_servers && spec.get("servers").is_none() {
        spec["servers"] = json!([{ "url": DEFAULT_BASE_URL }]);
    }
    let paths = spec.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let pointer = format!("#/paths/{}", escape(path));
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                remove(operation, format!("{pointer}/{method}"));
            }
        }
        remove(item, pointer);
    }
}

/// Whether the URL of a server is not known, since the API's build fills it in.
pub fn has_placeholder(server: &Value) -> bool {
    server["url"].as_str().is_none_or(|url| url.contains("${"))
}

/// Removes enums whose values have no distinct names in Rust. The description lists the values instead.
fn nameless_enums(spec: &mut Value, report: &mut Report) {
    let mut nameless = Vec::new();
    walk(spec, "#", &mut |pointer, schema| {
        nameless.extend(nameless_values(schema).map(|values| (pointer.to_owned(), values)));
    });
    for (pointer, values) in nameless {
        let Some(Value::Object(schema)) = spec.pointer_mut(&pointer[1..]) else { continue };
        let list = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        let text = schema.get("description").and_then(Value::as_str).map(|text| format!("{text}\n\n"));
        schema.insert("description".to_owned(), format!("{}One of {list}.", text.unwrap_or_default()).into());
        schema.remove("enum");
        report(&pointer, &format!("the values {list} have no distinct names in Rust; any value is allowed"));
    }
}

fn nameless_values(schema: &Value) -> Option<Vec<String>> {
    let values = schema.get("enum")?.as_array()?;
    let texts: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let names: BTreeSet<String> = texts.iter().map(|text| text.to_pascal_case()).collect();
    let distinct: BTreeSet<&String> = texts.iter().collect();
    let is_nameless = names.len() < distinct.len() || names.iter().any(String::is_empty);
    match schema["type"].as_str() {
        Some("string") => is_nameless.then_some(texts),
        // For numbers, the generated code does not compile with JSON Schemas.
        Some("integer" | "number") => Some(values.iter().map(ToString::to_string).collect()),
        _ => None,
    }
}

/// Keeps only JSON for a request body that has several media types.
fn several_media_types(spec: &mut Value, report: &mut Report) {
    each_body(spec, &mut |body, pointer| {
        let Some(content) = body["content"].as_object().filter(|content| content.len() > 1) else { return };
        let Some(typed) = content.get("application/json").cloned() else { return };
        let others: Vec<&str> = content.keys().map(String::as_str).filter(|name| *name != "application/json").collect();
        let what = format!("the body is sent as application/json and not as {}", others.join(", "));
        body["content"] = json!({ "application/json": typed });
        report(pointer, &what);
    });
}

/// Calls `change` with each request body and its pointer.
fn each_body(spec: &mut Value, change: &mut dyn FnMut(&mut Value, &str)) {
    each_operation(spec, &mut |_, pointer, operation| {
        if operation.get("requestBody").is_some() {
            change(&mut operation["requestBody"], &format!("{pointer}/requestBody"));
        }
    });
    let bodies = spec.pointer_mut("/components/requestBodies").and_then(Value::as_object_mut);
    for (name, body) in bodies.into_iter().flatten() {
        change(body, &format!("#/components/requestBodies/{}", escape(name)));
    }
}

/// A form becomes bytes: the caller encodes it, and the client takes the boundary from the bytes.
fn multipart_bodies(spec: &mut Value, report: &mut Report) {
    let what = "the body is the encoded form as bytes; it is sent as multipart/form-data with its own boundary";
    let bytes = json!({ "type": "string", "format": "binary" });
    send_as(spec, "multipart/form-data", "application/octet-stream", &|_| bytes.clone(), &mut |at| report(at, what));
}

fn merge_patch_bodies(spec: &mut Value, report: &mut Report) {
    let what = "the body is typed as JSON and sent as application/merge-patch+json";
    send_as(spec, "application/merge-patch+json", "application/json", &Clone::clone, &mut |at| report(at, what));
}

/// Changes the media type of request bodies to one that the generator knows. An extension has the real one, which the
/// client sends.
fn send_as(
    spec: &mut Value,
    media_type: &str,
    known: &str,
    schema: &dyn Fn(&Value) -> Value,
    report: &mut dyn FnMut(&str),
) {
    each_body(spec, &mut |body, pointer| {
        let Some(content) = body["content"].as_object().filter(|content| content.len() == 1) else { return };
        let Some(typed) = content.get(media_type) else { return };
        body["content"] = json!({ known: { "schema": schema(&typed["schema"]) } });
        body[SENT_AS] = media_type.into();
        report(pointer);
    });
}

/// What the generator makes of the body of a response.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum ResponseType {
    Nothing,
    Bytes,
    /// With the schema.
    Json(String),
}

fn response_type(before: &Value, response: &Value) -> ResponseType {
    let none = Map::new();
    let content = resolve(before, response)["content"].as_object().unwrap_or(&none);
    // This is how the generator chooses.
    let is_json = |name: &str| name == "application/json" || name.starts_with("application/json;");
    match content.iter().find(|(name, _)| is_json(name)) {
        // In order, so that equal schemas are equal strings.
        Some((_, content)) => ResponseType::Json(order(content["schema"].clone(), None).to_string()),
        None if content.is_empty() => ResponseType::Nothing,
        None => ResponseType::Bytes,
    }
}

/// The types of an operation's successes by status, if they differ.
fn different_successes(before: &Value, operation: &Value) -> Option<BTreeMap<String, ResponseType>> {
    let responses = operation["responses"].as_object()?.iter().filter(|(status, _)| status.starts_with('2'));
    let types: BTreeMap<String, ResponseType> =
        responses.map(|(status, response)| (status.clone(), response_type(before, response))).collect();
    (types.values().collect::<BTreeSet<_>>().len() > 1).then_some(types)
}

fn replace_content(before: &Value, operation: &mut Value, status: &str, content: &Value) {
    let mut response = resolve(before, &operation["responses"][status]).clone();
    response["content"] = content.clone();
    operation["responses"][status] = response;
}

/// Gives successes with different bodies one type: any JSON, or bytes if one of them is not JSON or has no body.
fn several_successes(spec: &mut Value, report: &mut Report) {
    each_operation(spec, &mut |before, pointer, operation| {
        let Some(types) = different_successes(before, operation) else { return };
        let is_json = types.values().all(|one| matches!(one, ResponseType::Json(_)));
        let content = if is_json {
            json!({ "application/json": { "schema": {} } })
        } else {
            json!({ "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } })
        };
        for status in types.keys() {
            replace_content(before, operation, status, &content);
        }
        let statuses = types.keys().cloned().collect::<Vec<_>>().join(", ");
        let what = if is_json { "any JSON" } else { "bytes, with no Accept header" };
        report(pointer, &format!("the successes {statuses} have different bodies, now typed as {what}"));
    });
}
