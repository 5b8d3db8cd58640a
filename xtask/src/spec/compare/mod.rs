//! Compares two specs by their meaning. A change is breaking if it breaks a call of the current client, or code that
//! uses its types.

mod schemas;

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToKebabCase, ToPascalCase, ToSnakeCase};
use serde::Serialize;
use serde_json::{Map, Value};

use super::pointer::{escape, operation_pointer};
use crate::generator::spec::{SENT_AS, id, operations, resolve};

/// What a change means for the users of this project.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Breaking,
    Compatible,
    Documentation,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    pub severity: Severity,
    /// A JSON pointer into the new spec, or into the old one for what was removed.
    #[serde(rename = "place")]
    pub pointer: String,
    pub what: String,
    /// The Rust types, methods of the client and commands that it affects.
    pub touches: BTreeSet<String>,
}

/// Where a schema is used: a client must still be allowed to send its requests, and must still understand responses.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Direction {
    Request,
    Response,
}

/// The texts, which [`super::texts`] compares.
const TEXTS: [&str; 2] = ["summary", "description"];

pub struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    changes: BTreeMap<(Severity, String, String), BTreeSet<String>>,
    /// What the part that is being compared affects.
    touched: Vec<String>,
    /// The component schemas that the part is in.
    open_schemas: BTreeSet<(String, Direction)>,
}

impl<'a> Comparison<'a> {
    pub fn of(old: &'a Value, new: &'a Value) -> Self {
        let (changes, open_schemas) = (BTreeMap::new(), BTreeSet::new());
        let mut comparison = Self { old, new, changes, touched: Vec::new(), open_schemas };
        for name in ["servers", "security"] {
            comparison.values(Severity::Breaking, &old[name], &new[name], &format!("#/{name}"));
        }
        let schemes = "/components/securitySchemes";
        for name in keys(old.pointer(schemes)).union(&keys(new.pointer(schemes))) {
            let pointer = format!("{schemes}/{}", escape(name));
            let scheme = |spec: &Value| spec.pointer(&pointer).map(without_texts).unwrap_or_default();
            comparison.values(Severity::Breaking, &scheme(old), &scheme(new), &format!("#{pointer}"));
        }
        comparison.values(Severity::Documentation, &old["info"]["version"], &new["info"]["version"], "#/info/version");
        comparison.operations();
        comparison
    }

    /// The changes, most important first.
    pub fn into_changes(self) -> Vec<Change> {
        let changes = self.changes.into_iter();
        changes.map(|((severity, pointer, what), touches)| Change { severity, pointer, what, touches }).collect()
    }

    fn report(&mut self, severity: Severity, pointer: &str, what: impl Into<String>) {
        let touches = self.changes.entry((severity, pointer.to_owned(), what.into())).or_default();
        touches.extend(self.touched.iter().cloned());
    }

    /// Compares two values that have no more meaning than being equal.
    fn values(&mut self, severity: Severity, old: &Value, new: &Value, pointer: &str) {
        if old != new {
            self.report(severity, pointer, format!("changed from {} to {}", or_none(old), or_none(new)));
        }
    }

    fn operations(&mut self) {
        let (before, after) = (operations_by_id(self.old), operations_by_id(self.new));
        for (id, (pointer, old)) in &before {
            self.touched = touched_by_operation(id);
            match after.get(id) {
                None => self.report(Severity::Breaking, pointer, operation_removed(id)),
                Some((new_pointer, new)) => {
                    if pointer != new_pointer {
                        let what = format!("the operation {id} moved from {pointer}");
                        self.report(Severity::Breaking, new_pointer, what);
                    }
                    self.operation(new_pointer, old, new);
                }
            }
        }
        self.touched.clear();
        for (id, (pointer, _)) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
            self.report(Severity::Compatible, pointer, format!("the operation {id} was added"));
        }
    }

    fn operation(&mut self, pointer: &str, old: &Value, new: &Value) {
        self.values(Severity::Breaking, &old["security"], &new["security"], &format!("{pointer}/security"));
        self.values(Severity::Breaking, &old["servers"], &new["servers"], &format!("{pointer}/servers"));
        self.values(Severity::Documentation, &old["deprecated"], &new["deprecated"], &format!("{pointer}/deprecated"));
        self.parameters(&format!("{pointer}/parameters"), &old["parameters"], &new["parameters"]);
        self.request(&format!("{pointer}/requestBody"), &old["requestBody"], &new["requestBody"]);
        self.responses(&format!("{pointer}/responses"), &old["responses"], &new["responses"]);
    }

    fn parameters(&mut self, pointer: &str, old: &Value, new: &Value) {
        let (before, after) = (parameters_by_name(self.old, old), parameters_by_name(self.new, new));
        for (name, old) in &before {
            let pointer = format!("{pointer}/{}", escape(name));
            let Some(new) = after.get(name) else {
                self.report(Severity::Breaking, &pointer, format!("the parameter {name} was removed"));
                continue;
            };
            self.required(&pointer, old, new);
            for (keyword, severity) in [
                ("style", Severity::Breaking),
                ("explode", Severity::Breaking),
                ("deprecated", Severity::Documentation),
            ] {
                self.values(severity, &old[keyword], &new[keyword], &format!("{pointer}/{keyword}"));
            }
            self.schema(Direction::Request, &format!("{pointer}/schema"), &old["schema"], &new["schema"]);
        }
        for (name, new) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let pointer = format!("{pointer}/{}", escape(name));
            self.added(&pointer, &format!("the parameter {name}"), new["required"] == true);
        }
    }

    /// Reports a parameter or property that a request did not have before.
    fn added(&mut self, pointer: &str, what: &str, is_required: bool) {
        if is_required {
            self.report(Severity::Breaking, pointer, format!("{what} was added and is required"));
        } else {
            self.report(Severity::Compatible, pointer, format!("{what} was added"));
        }
    }

    fn required(&mut self, pointer: &str, old: &Value, new: &Value) {
        match (old["required"] == true, new["required"] == true) {
            (false, true) => self.report(Severity::Breaking, pointer, "it is now required"),
            (true, false) => self.report(Severity::Compatible, pointer, "it is no longer required"),
            _ => {}
        }
    }

    fn request(&mut self, pointer: &str, old: &Value, new: &Value) {
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        match (old.is_null(), new.is_null()) {
            (true, true) => {}
            (true, false) => self.added(pointer, "a body", new["required"] == true),
            (false, true) => self.report(Severity::Breaking, pointer, "the body was removed"),
            (false, false) => {
                self.required(pointer, old, new);
                self.values(Severity::Breaking, &old[SENT_AS], &new[SENT_AS], &format!("{pointer}/{SENT_AS}"));
                self.content(Direction::Request, pointer, old, new);
            }
        }
    }

    fn responses(&mut self, pointer: &str, old: &Value, new: &Value) {
        let none = Map::new();
        let (before, after) = (old.as_object().unwrap_or(&none), new.as_object().unwrap_or(&none));
        let severity = |status: &str| if status.starts_with('2') { Severity::Breaking } else { Severity::Compatible };
        for (status, old) in before {
            let pointer = format!("{pointer}/{status}");
            let Some(new) = after.get(status) else {
                self.report(severity(status), &pointer, format!("the response {status} was removed"));
                continue;
            };
            self.content(Direction::Response, &pointer, resolve(self.old, old), resolve(self.new, new));
        }
        for status in after.keys().filter(|status| !before.contains_key(*status)) {
            self.report(severity(status), &format!("{pointer}/{status}"), format!("the response {status} was added"));
        }
    }

    fn content(&mut self, direction: Direction, pointer: &str, old: &Value, new: &Value) {
        let types =
            |body: &Value| body["content"].as_object().map(|content| content.keys().cloned().collect::<Vec<_>>());
        self.values(Severity::Breaking, &types(old).into(), &types(new).into(), &format!("{pointer}/content"));
        for (media_type, old) in old["content"].as_object().into_iter().flatten() {
            let new = &new["content"][media_type]["schema"];
            if !new.is_null() {
                let pointer = format!("{pointer}/content/{}/schema", escape(media_type));
                self.schema(direction, &pointer, &old["schema"], new);
            }
        }
    }
}

/// What is reported of an operation that was removed.
pub fn operation_removed(id: &str) -> String {
    format!("the operation {id} was removed")
}

/// The operations with their pointers, by id. Each has the parameters and servers of its path, too.
fn operations_by_id(spec: &Value) -> BTreeMap<String, (String, Value)> {
    let operations = operations(spec).map(|(path, method, operation)| {
        let id = id(operation).to_owned();
        let mut operation = operation.clone();
        let shared = spec["paths"][path]["parameters"].as_array().cloned().unwrap_or_default();
        let own = operation["parameters"].as_array().cloned().unwrap_or_default();
        operation["parameters"] = [shared, own].concat().into();
        if operation["servers"].is_null() {
            operation["servers"] = spec["paths"][path]["servers"].clone();
        }
        (id, (operation_pointer(path, method), operation))
    });
    operations.collect()
}

fn parameters_by_name<'a>(spec: &'a Value, parameters: &'a Value) -> BTreeMap<String, &'a Value> {
    let parameters = parameters.as_array().into_iter().flatten().map(|parameter| resolve(spec, parameter));
    let name = |parameter: &Value| {
        let [name, kind] = ["name", "in"].map(|part| parameter[part].as_str().unwrap_or_default());
        // A header and a query parameter can have the same name.
        if ["query", "path"].contains(&kind) { name.to_owned() } else { format!("{name} ({kind})") }
    };
    parameters.map(|parameter| (name(parameter), parameter)).collect()
}

fn keys(map: Option<&Value>) -> BTreeSet<String> {
    map.and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect()
}

fn without_texts(value: &Value) -> Value {
    let kept = value.as_object().into_iter().flatten().filter(|(name, _)| !TEXTS.contains(&name.as_str()));
    kept.map(|(name, part)| (name.clone(), part.clone())).collect()
}

/// The Rust type that is generated from the schema at a pointer.
pub fn type_of(pointer: &str) -> String {
    let name = pointer.strip_prefix("#/components/schemas/").and_then(|rest| rest.split('/').next());
    name.map(|name| format!("dci::types::{}", name.to_pascal_case())).unwrap_or_default()
}

/// The client's method and the command that an operation has.
pub fn touched_by_operation(id: &str) -> Vec<String> {
    let name = id.to_snake_case();
    let has_command = crate::root().join(format!("src/cli/commands/{name}.rs")).exists();
    let command = has_command.then(|| format!("dci {}", id.to_kebab_case()));
    [format!("Client::{name}")].into_iter().chain(command).collect()
}

fn or_none(value: &Value) -> String {
    if value.is_null() { "none".to_owned() } else { value.to_string() }
}
