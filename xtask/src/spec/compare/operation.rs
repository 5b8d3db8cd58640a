//! Compares operations: where they are, their parameters, requests and responses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::meaning::{credentials, servers};
use super::schemas::Place;
use super::{Comparison, Crate, DOCUMENTS, Direction, Requests, Scripts, adds, breaks};
use crate::generator::spec::{SENT_AS, id, operations, resolve};
use crate::spec::pointer::{escape, operation_pointer};

/// An operation, with what its path adds.
pub struct Operation<'a> {
    pub pointer: String,
    path: &'a str,
    pub method: &'a str,
    content: &'a Value,
    item: &'a Value,
}

/// The operations of a spec by their ids.
pub fn operations_by_id(spec: &Value) -> BTreeMap<String, Operation<'_>> {
    let operation = |(path, method, content)| {
        let (pointer, item) = (operation_pointer(path, method), &spec["paths"][path]);
        (id(content).to_owned(), Operation { pointer, path, method, content, item })
    };
    operations(spec).map(operation).collect()
}

/// A parameter: its name is a part of the Rust API, its place and index of the request.
struct Parameter<'a> {
    name: &'a str,
    pointer: String,
    content: &'a Value,
}

impl<'a> Operation<'a> {
    /// Whether requests of this and the other operation go to the same place, however the parts of its path are named.
    pub fn is_at_place_of(&self, other: &Operation) -> bool {
        let fixed = |path: &str| -> String {
            let parts = path.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest).to_owned());
            parts.collect::<Vec<_>>().join("{}")
        };
        self.method == other.method && fixed(self.path) == fixed(other.path)
    }

    /// Whether a request or a success has a body.
    pub fn has_body(&self, spec: &Value) -> bool {
        let successes = self.content["responses"].as_object().into_iter().flatten();
        let successes = successes.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response);
        let mut bodies = successes.chain([&self.content["requestBody"]]);
        bodies.any(|body| resolve(spec, body)["content"].as_object().is_some_and(|content| !content.is_empty()))
    }

    /// The parameters, by what identifies them in a request.
    fn parameters(&self, spec: &'a Value) -> BTreeMap<String, Parameter<'a>> {
        let lists = [&self.item["parameters"], &self.content["parameters"]];
        let parameters = lists.into_iter().filter_map(Value::as_array).flatten().map(|written| {
            let content = resolve(spec, written);
            let [name, kind] = ["name", "in"].map(|part| content[part].as_str().unwrap_or_default());
            let identity = match kind {
                "header" => name.to_lowercase(),
                "path" => self
                    .path
                    .find(&format!("{{{name}}}"))
                    .map_or(name.to_owned(), |start| self.path[..start].matches('{').count().to_string()),
                _ => name.to_owned(),
            };
            let named = format!("{}/parameters/{}", self.pointer, escape(name));
            let pointer = written["$ref"].as_str().map_or(named, str::to_owned);
            (format!("{kind} {identity}"), Parameter { name, pointer, content })
        });
        parameters.collect()
    }
}

impl Comparison<'_> {
    /// Compares the servers and credentials of the operations that have none of their own.
    pub(super) fn defaults_of_operations(&mut self) {
        let (old, new) = (self.old, self.new);
        self.servers("#/servers", &[&old["servers"]], &[&new["servers"]]);
        self.credentials("#/security", &old["security"], &new["security"]);
    }

    pub(super) fn operation(&mut self, id: &str, old: &Operation, new: &Operation) {
        if !old.is_at_place_of(new) {
            let what = format!("the operation {id} moved from {}", old.pointer);
            self.report(breaks(&[Requests]), &new.pointer, what);
        }
        let owners =
            |operation: &Operation| [&operation.content["servers"], &operation.item["servers"]].map(Clone::clone);
        let (before, after) = (owners(old), owners(new));
        if before.iter().chain(&after).any(|servers| !servers.is_null()) {
            let pointer = format!("{}/servers", new.pointer);
            let (old, new) = (&self.old["servers"], &self.new["servers"]);
            self.servers(&pointer, &[&before[0], &before[1], old], &[&after[0], &after[1], new]);
        }
        let own = [old, new].map(|operation| operation.content.get("security"));
        if own.iter().any(Option::is_some) {
            let [before, after] = [own[0].unwrap_or(&self.old["security"]), own[1].unwrap_or(&self.new["security"])];
            self.credentials(&format!("{}/security", new.pointer), before, after);
        }
        let is_deprecated = |operation: &Operation| Value::from(operation.content["deprecated"] == true);
        let pointer = format!("{}/deprecated", new.pointer);
        self.values(DOCUMENTS, &is_deprecated(old), &is_deprecated(new), &pointer);
        self.content_of_operation(old, new);
    }

    fn servers(&mut self, pointer: &str, old: &[&Value], new: &[&Value]) {
        self.values(breaks(&[Requests]), &servers(old).into(), &servers(new).into(), pointer);
    }

    fn credentials(&mut self, pointer: &str, old: &Value, new: &Value) {
        let (old, new) = (credentials(self.old, old), credentials(self.new, new));
        if old != new {
            let list = |credentials: BTreeSet<BTreeSet<String>>| {
                let each = credentials.into_iter().map(|all| match all.len() {
                    0 => "none".to_owned(),
                    _ => all.into_iter().collect::<Vec<_>>().join(" and "),
                });
                let list = each.collect::<Vec<_>>().join(", or ");
                if list.is_empty() { "none".to_owned() } else { list }
            };
            let what = format!("the credential changed from {} to {}", list(old), list(new));
            self.report(breaks(&[Requests]), pointer, what);
        }
    }

    /// Compares parameters and bodies.
    pub(super) fn content_of_operation(&mut self, old: &Operation, new: &Operation) {
        let (before, after) = (old.parameters(self.old), new.parameters(self.new));
        for (identity, old) in &before {
            if let Some(new) = after.get(identity) {
                self.parameter(old, new);
            } else {
                let what = format!("the parameter {} was removed", old.name);
                self.report(breaks(&[Requests, Crate]), &old.pointer, what);
            }
        }
        for (_, new) in after.iter().filter(|(identity, _)| !before.contains_key(*identity)) {
            self.added(&new.pointer, &format!("the parameter {}", new.name), new.content["required"] == true);
        }
        let part = |name: &str| (&old.content[name], &new.content[name], format!("{}/{name}", new.pointer));
        let (before, after, pointer) = part("requestBody");
        self.request(&pointer, before, after);
        let (before, after, pointer) = part("responses");
        self.responses(&pointer, before, after);
    }

    fn parameter(&mut self, old: &Parameter, new: &Parameter) {
        if old.name.to_lowercase() != new.name.to_lowercase() {
            let what = format!("the parameter {} is now called {}", old.name, new.name);
            self.report(breaks(&[Crate]), &new.pointer, what);
        }
        self.required(&new.pointer, old.content, new.content);
        let is_deprecated = |parameter: &Parameter| Value::from(parameter.content["deprecated"] == true);
        self.values(DOCUMENTS, &is_deprecated(old), &is_deprecated(new), &format!("{}/deprecated", new.pointer));
        for (keyword, value) in [("style", style as fn(&Value) -> Value), ("explode", explode)] {
            let pointer = format!("{}/{keyword}", new.pointer);
            self.values(breaks(&[Requests]), &value(old.content), &value(new.content), &pointer);
        }
        let is_required = old.content["required"] == true && new.content["required"] == true;
        let place = Place { direction: Direction::Request, pointer: format!("{}/schema", new.pointer), is_required };
        self.schema(&place, &old.content["schema"], &new.content["schema"]);
    }

    /// Reports a parameter or property that a request did not have before.
    pub(super) fn added(&mut self, pointer: &str, what: &str, is_required: bool) {
        if is_required {
            self.report(breaks(&[Requests, Crate]), pointer, format!("{what} was added and is required"));
        } else {
            self.report(adds(&[Crate]), pointer, format!("{what} was added"));
        }
    }

    fn required(&mut self, pointer: &str, old: &Value, new: &Value) {
        match (old["required"] == true, new["required"] == true) {
            (false, true) => self.report(breaks(&[Requests, Crate]), pointer, "it is now required"),
            (true, false) => self.report(adds(&[Crate]), pointer, "it is no longer required"),
            _ => {}
        }
    }

    fn request(&mut self, pointer: &str, old: &Value, new: &Value) {
        let pointer = new["$ref"].as_str().unwrap_or(pointer);
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        match (old.is_null(), new.is_null()) {
            (true, true) => {}
            (true, false) => self.added(pointer, "a body", new["required"] == true),
            (false, true) => self.report(breaks(&[Requests, Crate]), pointer, "the body was removed"),
            (false, false) => {
                self.required(pointer, old, new);
                self.content(Direction::Request, pointer, old, new);
            }
        }
    }

    fn responses(&mut self, pointer: &str, old: &Value, new: &Value) {
        let none = Map::new();
        let (before, after) = (old.as_object().unwrap_or(&none), new.as_object().unwrap_or(&none));
        let is_success = |status: &str| status.starts_with('2');
        let effect = |status: &str| if is_success(status) { Direction::Response.breaks() } else { adds(&[Scripts]) };
        for (status, old) in before {
            let own = format!("{pointer}/{status}");
            let Some(new) = after.get(status) else {
                self.report(effect(status), &own, format!("the response {status} was removed"));
                continue;
            };
            let direction = if is_success(status) { Direction::Response } else { Direction::Error };
            let pointer = new["$ref"].as_str().unwrap_or(&own);
            self.content(direction, pointer, resolve(self.old, old), resolve(self.new, new));
        }
        for status in after.keys().filter(|status| !before.contains_key(*status)) {
            self.report(effect(status), &format!("{pointer}/{status}"), format!("the response {status} was added"));
        }
    }

    fn content(&mut self, direction: Direction, pointer: &str, old: &Value, new: &Value) {
        let (before, after) = (contents(old), contents(new));
        let (chosen_before, chosen_after) = (chosen(&before), chosen(&after));
        let pointer = format!("{pointer}/content");
        if chosen_before != chosen_after {
            let name = |chosen: Option<&str>| chosen.unwrap_or("none").to_owned();
            let what = format!("the body changed from {} to {}", name(chosen_before), name(chosen_after));
            self.report(direction.breaks(), &pointer, what);
        }
        let is_other = |name: &&String| Some(name.as_str()) != chosen_before && Some(name.as_str()) != chosen_after;
        for (these, those, what) in [(&before, &after, "removed"), (&after, &before, "added")] {
            for name in these.keys().filter(|name| !those.contains_key(*name)).filter(is_other) {
                let what = format!("the media type {name}, which is not used, was {what}");
                self.report(DOCUMENTS, &pointer, what);
            }
        }
        if let (Some(old), Some(new)) = (chosen_before, chosen_after) {
            let (old, (written, new)) = (before[old].1, after[new]);
            let pointer = format!("{pointer}/{}/schema", escape(written));
            self.schema(&Place { direction, pointer, is_required: true }, &old["schema"], &new["schema"]);
        }
    }
}

/// The contents of a body by their media types, each with its key.
fn contents(body: &Value) -> BTreeMap<String, (&str, &Value)> {
    let contents = body["content"].as_object().into_iter().flatten().map(|(written, content)| {
        let media_type = body[SENT_AS].as_str().unwrap_or(written);
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        (essence, (written.as_str(), content))
    });
    contents.collect()
}

/// The media type that the client uses.
fn chosen<'a>(contents: &'a BTreeMap<String, (&str, &Value)>) -> Option<&'a str> {
    let json = contents.keys().find(|name| *name == "application/json");
    json.or_else(|| contents.keys().next()).map(String::as_str)
}

/// The style of a parameter, which has a default for each kind.
fn style(parameter: &Value) -> Value {
    let is_form = ["query", "cookie"].iter().any(|kind| parameter["in"] == *kind);
    let default = if is_form { "form" } else { "simple" };
    parameter["style"].as_str().unwrap_or(default).into()
}

fn explode(parameter: &Value) -> Value {
    parameter["explode"].as_bool().unwrap_or_else(|| style(parameter) == "form").into()
}
