//! What real documents hold and progenitor refuses: each rule rewrites one such thing and says that it did. None
//! changes what goes over the wire without saying so.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToPascalCase;
use serde_json::{Map, Value, json};

use super::arrange::arrange;
use super::slice::{ids, slice};
use super::source::{escaped, is_example, place_of};
use crate::generator::{document, progenitor_file, progenitor_tokens};

/// A document that the generator accepts.
pub struct Fitted {
    pub document: Value,
    /// What was rewritten: a line for each place.
    pub rewritten: Vec<String>,
    /// The operations that are not in it, and why.
    pub left_out: Vec<(String, String)>,
}

type Rule = fn(&mut Value, &mut dyn FnMut(&str, &str));

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

/// Rewrites what has a rule, and leaves out the operations that the generator refuses all the same.
pub fn fit(mut document: Value) -> anyhow::Result<Fitted> {
    let mut rewritten = Vec::new();
    for (name, rule) in RULES {
        rule(&mut document, &mut |place, what| rewritten.push(format!("{name} at {place}: {what}")));
    }
    // What only the rewritten parts referred to is not needed any more.
    document = slice(&document, &ids(&document))?;
    let mut left_out = Vec::new();
    if !is_accepted(&document) {
        let mut kept = ids(&document);
        for id in ids(&document) {
            let alone = slice(&document, &BTreeSet::from([id.clone()]))?;
            if !is_accepted(&alone) {
                let why = progenitor_file(&alone, false).err().unwrap_or_default();
                kept.remove(&id);
                left_out.push((id, why.replace('\n', " ")));
            }
        }
        document = slice(&document, &kept)?;
    }
    Ok(Fitted { document, rewritten, left_out })
}

/// Whether the generator accepts the document; it takes its time to say why not.
fn is_accepted(document: &Value) -> bool {
    let read = document::read(&document::without_crates(document));
    read.is_ok_and(|document| progenitor_tokens(&document, false).is_ok())
}

/// The operations with their places, to be changed.
fn each_operation(document: &mut Value, change: &mut dyn FnMut(&Value, &str, &mut Value)) {
    let before = document.clone();
    for (path, method, _) in document::operations(&before) {
        change(&before, &place_of(path, method), &mut document["paths"][path][method]);
    }
}

/// A server that is to be filled in by somebody is none.
fn placeholder_servers(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    let Some(servers) = document.get_mut("servers").and_then(Value::as_array_mut) else { return };
    let is_placeholder = |server: &Value| server["url"].as_str().is_none_or(|url| url.contains("${"));
    if servers.iter().any(is_placeholder) {
        servers.retain(|server| !is_placeholder(server));
        say("#/servers", "a placeholder is no URL and is left out");
        if servers.is_empty() {
            *servers = vec![json!({ "url": dci::client::DEFAULT_BASE_URL })];
        }
    }
}

/// Values that make no distinct names in Rust: any text is allowed, and the description lists the values.
fn nameless_enums(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    fn visit(value: &mut Value, place: &str, say: &mut dyn FnMut(&str, &str)) {
        if let Some(values) = nameless_values(value) {
            let listed = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
            let text = value["description"].as_str().map(|text| format!("{text}\n\n")).unwrap_or_default();
            value["description"] = format!("{text}One of {listed}.").into();
            if let Some(schema) = value.as_object_mut() {
                schema.remove("enum");
            }
            say(place, &format!("the values {listed} make no names; any value of the type is allowed"));
        }
        match value {
            Value::Object(object) => {
                for (name, part) in object.iter_mut().filter(|(name, _)| !is_example(place, name)) {
                    visit(part, &format!("{place}/{}", escaped(name)), say);
                }
            }
            Value::Array(parts) => {
                for (index, part) in parts.iter_mut().enumerate() {
                    visit(part, &format!("{place}/{index}"), say);
                }
            }
            _ => {}
        }
    }
    visit(document, "#", say);
}

fn nameless_values(schema: &Value) -> Option<Vec<String>> {
    let values = schema.get("enum")?.as_array()?;
    let texts: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let names: BTreeSet<String> = texts.iter().map(|text| text.to_pascal_case()).collect();
    let distinct: BTreeSet<&String> = texts.iter().collect();
    let is_nameless = names.len() < distinct.len() || names.iter().any(String::is_empty);
    match schema["type"].as_str() {
        Some("string") => is_nameless.then_some(texts),
        // The generator writes code for numbers that does not compile with schemas.
        Some("integer" | "number") => Some(values.iter().map(ToString::to_string).collect()),
        _ => None,
    }
}

/// Of a request body that may be sent in several ways, JSON is one that every caller can.
fn several_media_types(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    each_body(document, &mut |body, place| {
        let Some(content) = body["content"].as_object().filter(|content| content.len() > 1) else { return };
        let Some(typed) = content.get("application/json").cloned() else { return };
        let others: Vec<&str> = content.keys().map(String::as_str).filter(|name| *name != "application/json").collect();
        let what = format!("the body is sent as application/json, and not as {}", others.join(", "));
        body["content"] = json!({ "application/json": typed });
        say(place, &what);
    });
}

/// The request bodies with their places, to be changed.
fn each_body(document: &mut Value, change: &mut dyn FnMut(&mut Value, &str)) {
    each_operation(document, &mut |_, place, operation| {
        if operation.get("requestBody").is_some() {
            change(&mut operation["requestBody"], &format!("{place}/requestBody"));
        }
    });
    let bodies = document.pointer_mut("/components/requestBodies").and_then(Value::as_object_mut);
    for (name, body) in bodies.into_iter().flatten() {
        change(body, &format!("#/components/requestBodies/{}", escaped(name)));
    }
}

/// The caller encodes the form, and the client finds its boundary in it.
fn multipart_bodies(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    let what = "the body is the encoded form as bytes; it is sent as multipart/form-data with its own boundary";
    let bytes = json!({ "type": "string", "format": "binary" });
    sent_as(document, "multipart/form-data", "application/octet-stream", &|_| bytes.clone(), &mut |place| {
        say(place, what);
    });
}

fn merge_patch_bodies(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    let what = "the body is typed as JSON and sent as application/merge-patch+json";
    sent_as(document, "application/merge-patch+json", "application/json", &Clone::clone, &mut |place| say(place, what));
}

/// Puts the content of request bodies under a media type that the generator knows; the true one stands beside it, and
/// the client sends that.
fn sent_as(
    document: &mut Value,
    media_type: &str,
    known: &str,
    schema: &dyn Fn(&Value) -> Value,
    say: &mut dyn FnMut(&str),
) {
    each_body(document, &mut |body, place| {
        let Some(content) = body["content"].as_object().filter(|content| content.len() == 1) else { return };
        let Some(typed) = content.get(media_type) else { return };
        body["content"] = json!({ known: { "schema": schema(&typed["schema"]) } });
        body[document::SENT_AS] = media_type.into();
        say(place);
    });
}

/// What the generator makes of a response's body.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Nothing,
    Bytes,
    /// The schema as JSON.
    Json(String),
}

fn kind(before: &Value, response: &Value) -> Kind {
    let none = Map::new();
    let content = document::resolve(before, response)["content"].as_object().unwrap_or(&none);
    // As the generator chooses.
    let is_json = |name: &str| name == "application/json" || name.starts_with("application/json;");
    match content.iter().find(|(name, _)| is_json(name)) {
        // In one order, so that equal schemas are of one kind.
        Some((_, content)) => Kind::Json(arrange(content["schema"].clone(), None).to_string()),
        None if content.is_empty() => Kind::Nothing,
        None => Kind::Bytes,
    }
}

/// The responses of an operation whose status is one of these, where they are of several kinds.
fn several(before: &Value, operation: &Value, is_one: fn(&str) -> bool) -> Option<BTreeMap<String, Kind>> {
    let responses = operation["responses"].as_object()?.iter().filter(|(status, _)| is_one(status));
    let kinds: BTreeMap<String, Kind> =
        responses.map(|(status, response)| (status.clone(), kind(before, response))).collect();
    (kinds.values().collect::<BTreeSet<_>>().len() > 1).then_some(kinds)
}

fn replace_content(before: &Value, operation: &mut Value, status: &str, content: &Value) {
    let mut response = document::resolve(before, &operation["responses"][status]).clone();
    response["content"] = content.clone();
    operation["responses"][status] = response;
}

/// The generator takes `default` for a success too. Beside one it stands for every error that has no response of its
/// own, which `4XX` and `5XX` say as well.
fn default_responses(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    each_operation(document, &mut |_, place, operation| {
        let Some(responses) = operation["responses"].as_object_mut() else { return };
        if !responses.keys().any(|status| status.starts_with('2')) {
            return;
        }
        let Some(default) = responses.remove("default") else { return };
        for range in ["4XX", "5XX"] {
            responses.entry(range).or_insert_with(|| default.clone());
        }
        say(place, "the default response is that of the errors 4XX and 5XX");
    });
}

/// Bodies that differ are any JSON; where one is none at all, or no JSON, they are bytes.
fn several_successes(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    each_operation(document, &mut |before, place, operation| {
        let Some(kinds) = several(before, operation, |status| status.starts_with('2')) else { return };
        let is_json = kinds.values().all(|kind| matches!(kind, Kind::Json(_)));
        let content = if is_json {
            json!({ "application/json": { "schema": {} } })
        } else {
            json!({ "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } })
        };
        for status in kinds.keys() {
            replace_content(before, operation, status, &content);
        }
        let statuses = kinds.keys().cloned().collect::<Vec<_>>().join(", ");
        let what = if is_json { "any JSON" } else { "bytes, with no Accept header" };
        say(place, &format!("the successes {statuses} have different bodies, which are typed as {what}"));
    });
}

/// The exchange gives every error response the body that most of them have, so that they can be typed alike.
fn several_errors(document: &mut Value, say: &mut dyn FnMut(&str, &str)) {
    let error = json!({ "$ref": "#/components/schemas/Error" });
    let is_error = |status: &str| status.starts_with(['4', '5']) || status == "default";
    each_operation(document, &mut |before, place, operation| {
        let Some(kinds) = several(before, operation, is_error) else { return };
        let has_error = kinds.values().any(|kind| *kind == Kind::Json(error.to_string()));
        let schema = if has_error { error.clone() } else { Value::from(Map::new()) };
        for status in kinds.keys() {
            replace_content(before, operation, status, &json!({ "application/json": { "schema": schema } }));
        }
        let statuses = kinds.keys().cloned().collect::<Vec<_>>().join(", ");
        let what = if has_error { "Error" } else { "any JSON" };
        say(place, &format!("the errors {statuses} have different bodies, which are typed as {what}"));
    });
}
