//! Rewrites what real specs have and progenitor refuses. Each rule rewrites one thing and reports each place where it
//! did. A rule that changes what goes over the wire says so.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToPascalCase;
use serde_json::{Map, Value, json};

use super::order::order;
use super::pointer::{escape, operation_pointer, walk_mut};
use super::slice::{ids, slice};
use crate::generator::spec::{SENT_AS, operations, resolve};
use crate::generator::{self, progenitor};

/// The API's base URL, as in `dci::client`.
const DEFAULT_BASE_URL: &str = "https://api.doit.com";

/// A spec that the generator accepts.
pub struct Normalized {
    pub spec: Value,
    /// What was rewritten, a line each.
    pub rewritten: Vec<String>,
    /// The operations that the generator refuses, and why. The spec is without them.
    pub skipped: Vec<(String, String)>,
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
    ("default-responses", default_responses),
    ("several-successes", several_successes),
    ("several-errors", several_errors),
];

/// Applies the rules, and removes the operations that the generator still refuses.
pub fn normalize(mut spec: Value) -> anyhow::Result<Normalized> {
    let mut rewritten = Vec::new();
    for (name, rule) in RULES {
        rule(&mut spec, &mut |pointer, what| rewritten.push(format!("{name} at {pointer}: {what}")));
    }
    // A component is unused now if only rewritten parts referred to it.
    spec = slice(&spec, &ids(&spec))?;
    let mut skipped = Vec::new();
    if !is_accepted(&spec) {
        let mut kept = ids(&spec);
        for id in ids(&spec) {
            let alone = slice(&spec, &BTreeSet::from([id.clone()]))?;
            if !is_accepted(&alone) {
                let why = generator::file(&alone, false).err().unwrap_or_default();
                kept.remove(&id);
                skipped.push((id, why.replace('\n', " ")));
            }
        }
        spec = slice(&spec, &kept)?;
    }
    Ok(Normalized { spec, rewritten, skipped })
}

/// Whether the generator accepts the spec. This is quicker than finding out why not.
fn is_accepted(spec: &Value) -> bool {
    progenitor::parse(spec).is_ok_and(|spec| progenitor::tokens(&spec, false).is_ok())
}

/// Calls `change` with the spec as it was, and with each operation and its pointer.
fn each_operation(spec: &mut Value, change: &mut dyn FnMut(&Value, &str, &mut Value)) {
    let before = spec.clone();
    for (path, method, _) in operations(&before) {
        change(&before, &operation_pointer(path, method), &mut spec["paths"][path][method]);
    }
}

/// Removes server URLs with a placeholder.
fn placeholder_servers(spec: &mut Value, report: &mut Report) {
    let Some(servers) = spec.get_mut("servers").and_then(Value::as_array_mut) else { return };
    let is_placeholder = |server: &Value| server["url"].as_str().is_none_or(|url| url.contains("${"));
    if servers.iter().any(is_placeholder) {
        servers.retain(|server| !is_placeholder(server));
        report("#/servers", "a server URL with a placeholder is removed");
        if servers.is_empty() {
            *servers = vec![json!({ "url": DEFAULT_BASE_URL })];
        }
    }
}

/// Removes enums whose values have no distinct names in Rust. The description lists the values instead.
fn nameless_enums(spec: &mut Value, report: &mut Report) {
    walk_mut(spec, "#", &mut |pointer, schema| {
        let Some(values) = nameless_values(schema) else { return };
        let list = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        let text = schema["description"].as_str().map(|text| format!("{text}\n\n")).unwrap_or_default();
        schema["description"] = format!("{text}One of {list}.").into();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("enum");
        }
        report(pointer, &format!("the values {list} have no distinct names in Rust; any value is allowed"));
    });
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

/// The types of an operation's responses by status, for the statuses that `is_included` selects, if the types differ.
fn different_types(
    before: &Value,
    operation: &Value,
    is_included: fn(&str) -> bool,
) -> Option<BTreeMap<String, ResponseType>> {
    let responses = operation["responses"].as_object()?.iter().filter(|(status, _)| is_included(status));
    let types: BTreeMap<String, ResponseType> =
        responses.map(|(status, response)| (status.clone(), response_type(before, response))).collect();
    (types.values().collect::<BTreeSet<_>>().len() > 1).then_some(types)
}

fn replace_content(before: &Value, operation: &mut Value, status: &str, content: &Value) {
    let mut response = resolve(before, &operation["responses"][status]).clone();
    response["content"] = content.clone();
    operation["responses"][status] = response;
}

/// Replaces `default`, which the generator takes for a success too, by `4XX` and `5XX`. Beside a success they mean the
/// same.
fn default_responses(spec: &mut Value, report: &mut Report) {
    each_operation(spec, &mut |_, pointer, operation| {
        let Some(responses) = operation["responses"].as_object_mut() else { return };
        if !responses.keys().any(|status| status.starts_with('2')) {
            return;
        }
        let Some(default) = responses.remove("default") else { return };
        for range in ["4XX", "5XX"] {
            responses.entry(range).or_insert_with(|| default.clone());
        }
        report(pointer, "the default response is replaced by 4XX and 5XX");
    });
}

/// Gives successes with different bodies one type: any JSON, or bytes if one of them is not JSON or has no body.
fn several_successes(spec: &mut Value, report: &mut Report) {
    each_operation(spec, &mut |before, pointer, operation| {
        let Some(types) = different_types(before, operation, |status| status.starts_with('2')) else { return };
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

/// Gives errors with different bodies one type: `Error` if one of them has it, or any JSON. The exchange makes the
/// actual bodies fit.
fn several_errors(spec: &mut Value, report: &mut Report) {
    let error = json!({ "$ref": "#/components/schemas/Error" });
    let is_error = |status: &str| status.starts_with(['4', '5']) || status == "default";
    each_operation(spec, &mut |before, pointer, operation| {
        let Some(types) = different_types(before, operation, is_error) else { return };
        let has_error = types.values().any(|one| *one == ResponseType::Json(error.to_string()));
        let schema = if has_error { error.clone() } else { Value::from(Map::new()) };
        for status in types.keys() {
            replace_content(before, operation, status, &json!({ "application/json": { "schema": schema } }));
        }
        let statuses = types.keys().cloned().collect::<Vec<_>>().join(", ");
        let what = if has_error { "Error" } else { "any JSON" };
        report(pointer, &format!("the errors {statuses} have different bodies, now typed as {what}"));
    });
}
