//! Two documents side by side, by their meaning. The verdicts are for this project: what breaks a call of the current
//! client, or code that uses its types, is breaking.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToKebabCase, ToPascalCase, ToSnakeCase};
use serde::Serialize;
use serde_json::{Map, Value};

use super::source::{escaped, place_of};
use crate::generator::document::{operations, resolve};

/// What a change means for this client and for those who use it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Breaking,
    Compatible,
    Documentation,
}

/// One change, and what of ours it touches.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    pub severity: Severity,
    /// A JSON pointer: into the new document, or into the old one for what is gone.
    pub place: String,
    pub what: String,
    /// Rust types, methods of the client and commands.
    pub touches: BTreeSet<String>,
}

/// Which way a schema goes: what a client sends must stay allowed, what it gets must stay known.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Way {
    Sent,
    Got,
}

/// What the texts of a schema are: [`super::texts`] compares them.
const TEXTS: [&str; 2] = ["summary", "description"];
const DOCUMENTATION: [&str; 5] = ["title", "example", "examples", "externalDocs", "deprecated"];
const UPPER_LIMITS: [&str; 4] = ["maxLength", "maximum", "maxItems", "maxProperties"];
const LOWER_LIMITS: [&str; 4] = ["minLength", "minimum", "minItems", "minProperties"];

pub struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    changes: BTreeMap<(Severity, String, String), BTreeSet<String>>,
    /// What is made from the place that is compared now.
    touched: Vec<String>,
    /// The component schemas around it.
    inside: BTreeSet<(String, Way)>,
}

impl<'a> Comparison<'a> {
    pub fn of(old: &'a Value, new: &'a Value) -> Self {
        let mut comparison = Self { old, new, changes: BTreeMap::new(), touched: Vec::new(), inside: BTreeSet::new() };
        for name in ["servers", "security"] {
            comparison.same(Severity::Breaking, &old[name], &new[name], &format!("#/{name}"));
        }
        let schemes = "/components/securitySchemes";
        for name in names_in(old.pointer(schemes)).union(&names_in(new.pointer(schemes))) {
            let place = format!("{schemes}/{}", escaped(name));
            let scheme = |document: &Value| document.pointer(&place).map(without_texts).unwrap_or_default();
            comparison.same(Severity::Breaking, &scheme(old), &scheme(new), &format!("#{place}"));
        }
        comparison.same(Severity::Documentation, &old["info"]["version"], &new["info"]["version"], "#/info/version");
        let (before, after) = (by_id(old), by_id(new));
        for (id, (place, operation)) in &before {
            comparison.touched = touched_by_operation(id);
            match after.get(id) {
                None => comparison.say(Severity::Breaking, place, format!("the operation {id} is gone")),
                Some((new_place, new_operation)) => {
                    if place != new_place {
                        comparison.say(Severity::Breaking, new_place, format!("the operation {id} moved from {place}"));
                    }
                    comparison.operation(new_place, operation, new_operation);
                }
            }
        }
        for (id, (place, _)) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
            comparison.touched = Vec::new();
            comparison.say(Severity::Compatible, place, format!("the operation {id} is new"));
        }
        comparison
    }

    /// The changes, most important first.
    pub fn into_changes(self) -> Vec<Change> {
        let changes = self.changes.into_iter();
        changes.map(|((severity, place, what), touches)| Change { severity, place, what, touches }).collect()
    }

    pub fn say(&mut self, severity: Severity, place: &str, what: impl Into<String>) {
        let touches = self.changes.entry((severity, place.to_owned(), what.into())).or_default();
        touches.extend(self.touched.iter().cloned());
    }

    fn same(&mut self, severity: Severity, old: &Value, new: &Value, place: &str) {
        if old != new {
            self.say(severity, place, format!("it is {} and was {}", shown(new), shown(old)));
        }
    }

    fn operation(&mut self, place: &str, old: &Value, new: &Value) {
        self.same(Severity::Breaking, &old["security"], &new["security"], &format!("{place}/security"));
        self.same(Severity::Breaking, &old["servers"], &new["servers"], &format!("{place}/servers"));
        self.same(Severity::Documentation, &old["deprecated"], &new["deprecated"], &format!("{place}/deprecated"));
        self.parameters(place, &old["parameters"], &new["parameters"]);
        self.request(&format!("{place}/requestBody"), &old["requestBody"], &new["requestBody"]);
        self.responses(&format!("{place}/responses"), &old["responses"], &new["responses"]);
    }

    fn parameters(&mut self, place: &str, old: &Value, new: &Value) {
        let (before, after) = (by_name(self.old, old), by_name(self.new, new));
        for (name, old) in &before {
            let place = format!("{place}/parameters/{}", escaped(name));
            match after.get(name) {
                None => self.say(Severity::Breaking, &place, format!("the parameter {name} is gone")),
                Some(new) => {
                    self.required(&place, old, new);
                    self.same(Severity::Breaking, &old["style"], &new["style"], &format!("{place}/style"));
                    self.same(Severity::Breaking, &old["explode"], &new["explode"], &format!("{place}/explode"));
                    let deprecated = format!("{place}/deprecated");
                    self.same(Severity::Documentation, &old["deprecated"], &new["deprecated"], &deprecated);
                    self.schema(Way::Sent, &format!("{place}/schema"), &old["schema"], &new["schema"]);
                }
            }
        }
        for (name, new) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let (severity, how) = if new["required"] == true {
                (Severity::Breaking, "new and required")
            } else {
                (Severity::Compatible, "new")
            };
            self.say(
                severity,
                &format!("{place}/parameters/{}", escaped(name)),
                format!("the parameter {name} is {how}"),
            );
        }
    }

    fn required(&mut self, place: &str, old: &Value, new: &Value) {
        match (old["required"] == true, new["required"] == true) {
            (false, true) => self.say(Severity::Breaking, place, "it is required now"),
            (true, false) => self.say(Severity::Compatible, place, "it is no longer required"),
            _ => {}
        }
    }

    fn request(&mut self, place: &str, old: &Value, new: &Value) {
        let (before, after) = (resolve(self.old, old), resolve(self.new, new));
        match (before.is_null(), after.is_null()) {
            (true, true) => {}
            (true, false) if after["required"] == true => {
                self.say(Severity::Breaking, place, "there is a required body now");
            }
            (true, false) => self.say(Severity::Compatible, place, "there is an optional body now"),
            (false, true) => self.say(Severity::Breaking, place, "the body is gone"),
            (false, false) => {
                self.required(place, before, after);
                self.same(Severity::Breaking, &before["x-sent-as"], &after["x-sent-as"], &format!("{place}/x-sent-as"));
                self.content(Way::Sent, place, before, after);
            }
        }
    }

    fn responses(&mut self, place: &str, old: &Value, new: &Value) {
        let none = Map::new();
        let (before, after) = (old.as_object().unwrap_or(&none), new.as_object().unwrap_or(&none));
        let severity = |status: &str| if status.starts_with('2') { Severity::Breaking } else { Severity::Compatible };
        for (status, old) in before {
            match after.get(status) {
                None => {
                    self.say(severity(status), &format!("{place}/{status}"), format!("the response {status} is gone"));
                }
                Some(new) => {
                    let (old, new) = (resolve(self.old, old), resolve(self.new, new));
                    self.content(Way::Got, &format!("{place}/{status}"), old, new);
                }
            }
        }
        for status in after.keys().filter(|status| !before.contains_key(*status)) {
            self.say(severity(status), &format!("{place}/{status}"), format!("the response {status} is new"));
        }
    }

    fn content(&mut self, way: Way, place: &str, old: &Value, new: &Value) {
        let types =
            |body: &Value| body["content"].as_object().map(|content| content.keys().cloned().collect::<Vec<_>>());
        self.same(Severity::Breaking, &types(old).into(), &types(new).into(), &format!("{place}/content"));
        for (media_type, old) in old["content"].as_object().into_iter().flatten() {
            let new = &new["content"][media_type]["schema"];
            if !new.is_null() {
                let place = format!("{place}/content/{}/schema", escaped(media_type));
                self.schema(way, &place, &old["schema"], new);
            }
        }
    }

    fn schema(&mut self, way: Way, place: &str, old: &Value, new: &Value) {
        let (before, after) = (old["$ref"].as_str(), new["$ref"].as_str());
        let Some(reference) = after.filter(|_| before.is_some()) else {
            return self.parts(way, place, resolve(self.old, old), resolve(self.new, new));
        };
        if before != after {
            let (old, new) = (before.map(type_of).unwrap_or_default(), type_of(reference));
            return self.say(Severity::Breaking, place, format!("it is {new} in place of {old}"));
        }
        // A schema that holds itself is compared once.
        if self.inside.insert((reference.to_owned(), way)) {
            self.touched.push(type_of(reference));
            self.parts(way, reference, resolve(self.old, old), resolve(self.new, new));
            self.touched.pop();
            self.inside.remove(&(reference.to_owned(), way));
        }
    }

    fn parts(&mut self, way: Way, place: &str, old: &Value, new: &Value) {
        let names: BTreeSet<&String> =
            [old, new].iter().filter_map(|schema| schema.as_object()).flat_map(Map::keys).collect();
        for name in names {
            let (before, after) = (&old[name], &new[name]);
            let place = format!("{place}/{}", escaped(name));
            match name.as_str() {
                "properties" => self.properties(way, &place, old, new),
                "required" => self.required_properties(&place, old, new),
                "items" | "additionalProperties" if before.is_object() && after.is_object() => {
                    self.schema(way, &place, before, after);
                }
                "allOf" | "oneOf" | "anyOf" => self.alternatives(way, &place, before, after),
                "enum" => self.values(&place, before, after),
                name if UPPER_LIMITS.contains(&name) => self.limit(way, &place, before, after, |old, new| new < old),
                name if LOWER_LIMITS.contains(&name) => self.limit(way, &place, before, after, |old, new| new > old),
                name if TEXTS.contains(&name) => {}
                name if DOCUMENTATION.contains(&name) || name.starts_with("x-") => {
                    self.same(Severity::Documentation, before, after, &place);
                }
                // What is left out means the same.
                "nullable" if [before, after].iter().all(|value| value.is_null() || **value == false) => {}
                "additionalProperties" if [before, after].iter().all(|value| is_anything(value)) => {}
                // A text is one in any format.
                "format" if new["type"] == "string" && old["type"] == "string" => {
                    self.same(Severity::Documentation, before, after, &place);
                }
                // Types, formats, patterns, defaults: what is made of them, or what happens, is another.
                _ => self.same(Severity::Breaking, before, after, &place),
            }
        }
    }

    fn properties(&mut self, way: Way, place: &str, old: &Value, new: &Value) {
        let none = Map::new();
        let before = old["properties"].as_object().unwrap_or(&none);
        let after = new["properties"].as_object().unwrap_or(&none);
        for (name, old) in before {
            let place = format!("{place}/{}", escaped(name));
            match after.get(name) {
                None => self.say(Severity::Breaking, &place, format!("the property {name} is gone")),
                Some(new) => self.schema(way, &place, old, new),
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let is_asked_for = way == Way::Sent && required_of(new).contains(name.as_str());
            let (severity, how) =
                if is_asked_for { (Severity::Breaking, "new and required") } else { (Severity::Compatible, "new") };
            self.say(severity, &format!("{place}/{}", escaped(name)), format!("the property {name} is {how}"));
        }
    }

    /// Either way the Rust type of the field is another: it is an `Option`, or no longer.
    fn required_properties(&mut self, place: &str, old: &Value, new: &Value) {
        let (before, after) = (required_of(old), required_of(new));
        let is_old = |name: &str| old["properties"].get(name).is_some();
        let is_new = |name: &str| new["properties"].get(name).is_some();
        for name in after.difference(&before).filter(|name| is_old(name)) {
            self.say(Severity::Breaking, place, format!("the property {name} is required now"));
        }
        for name in before.difference(&after).filter(|name| is_new(name)) {
            self.say(Severity::Breaking, place, format!("the property {name} is no longer required"));
        }
    }

    fn alternatives(&mut self, way: Way, place: &str, old: &Value, new: &Value) {
        let (none, none_either) = (Vec::new(), Vec::new());
        let (before, after) = (old.as_array().unwrap_or(&none), new.as_array().unwrap_or(&none_either));
        if before.len() != after.len() {
            return self.say(Severity::Breaking, place, format!("there are {} and were {}", after.len(), before.len()));
        }
        for (index, (old, new)) in before.iter().zip(after).enumerate() {
            self.schema(way, &format!("{place}/{index}"), old, new);
        }
    }

    fn values(&mut self, place: &str, old: &Value, new: &Value) {
        let values = |list: &Value| list.as_array().map(|values| values.iter().map(shown).collect::<BTreeSet<_>>());
        let (Some(before), Some(after)) = (values(old), values(new)) else {
            return self.same(Severity::Breaking, old, new, place);
        };
        for value in after.difference(&before) {
            // What is got has a variant for it.
            self.say(Severity::Compatible, place, format!("the value {value} is new"));
        }
        for value in before.difference(&after) {
            self.say(Severity::Breaking, place, format!("the value {value} is gone"));
        }
    }

    fn limit(&mut self, way: Way, place: &str, old: &Value, new: &Value, is_beyond: fn(f64, f64) -> bool) {
        if old == new {
            return;
        }
        let is_stricter = match (old.as_f64(), new.as_f64()) {
            (Some(old), Some(new)) => is_beyond(old, new),
            (old, _) => old.is_none(),
        };
        // The Rust type of a limited text is another than that of any text; what is got is not held to its limits.
        let is_other_type = place.ends_with("Length") && (old.is_null() || new.is_null());
        let is_breaking = is_other_type || (is_stricter && way == Way::Sent);
        let severity = if is_breaking { Severity::Breaking } else { Severity::Compatible };
        let how = if is_stricter { "stricter" } else { "looser" };
        self.say(severity, place, format!("the limit is {how}: {} after {}", shown(new), shown(old)));
    }
}

/// The operations by their ids, each with its place, and with the parameters that its path has.
fn by_id(document: &Value) -> BTreeMap<String, (String, Value)> {
    let operations = operations(document).map(|(path, method, operation)| {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let mut operation = operation.clone();
        let shared = document["paths"][path]["parameters"].as_array().cloned().unwrap_or_default();
        let own = operation["parameters"].as_array().cloned().unwrap_or_default();
        operation["parameters"] = [shared, own].concat().into();
        if operation["servers"].is_null() {
            operation["servers"] = document["paths"][path]["servers"].clone();
        }
        (id, (place_of(path, method), operation))
    });
    operations.collect()
}

fn names_in(map: Option<&Value>) -> BTreeSet<String> {
    map.and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect()
}

fn without_texts(value: &Value) -> Value {
    let kept = value.as_object().into_iter().flatten().filter(|(name, _)| !TEXTS.contains(&name.as_str()));
    kept.map(|(name, part)| (name.clone(), part.clone())).collect()
}

fn is_anything(additional: &Value) -> bool {
    additional.is_null() || *additional == true || additional.as_object().is_some_and(Map::is_empty)
}

fn by_name<'a>(document: &'a Value, parameters: &'a Value) -> BTreeMap<String, &'a Value> {
    let parameters = parameters.as_array().into_iter().flatten().map(|parameter| resolve(document, parameter));
    let name = |parameter: &Value| {
        let [name, place] = ["name", "in"].map(|part| parameter[part].as_str().unwrap_or_default());
        // The place is said where it is unusual, since a header and a query parameter may have one name.
        if ["query", "path"].contains(&place) { name.to_owned() } else { format!("{name} ({place})") }
    };
    parameters.map(|parameter| (name(parameter), parameter)).collect()
}

fn required_of(schema: &Value) -> BTreeSet<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The Rust type that is made of the schema at a place.
pub fn type_of(place: &str) -> String {
    let name = place.strip_prefix("#/components/schemas/").and_then(|rest| rest.split('/').next());
    name.map(|name| format!("dci::types::{}", name.to_pascal_case())).unwrap_or_default()
}

/// The client's method and the command that are made of an operation.
pub fn touched_by_operation(id: &str) -> Vec<String> {
    let command = id.to_kebab_case();
    let has_command = dci::cli::command().find_subcommand(&command).is_some();
    let command = has_command.then(|| format!("dci {command}"));
    [format!("Client::{}", id.to_snake_case())].into_iter().chain(command).collect()
}

fn shown(value: &Value) -> String {
    if value.is_null() { "nothing".to_owned() } else { value.to_string() }
}
