//! Finds the texts of one spec in another: by names that do not depend on the order of a list, on the path of an
//! operation, or on how components are called.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::TEXTS;
use crate::generator::spec::{id, operations};
use crate::spec::compare::Renames;
use crate::spec::pointer::{escape, is_name, walk};

/// The texts of a spec, or its parts, by their keys.
pub struct Index<T> {
    by_key: BTreeMap<String, T>,
    /// The component at each place of an operation, which is a second name of it.
    components: BTreeMap<String, String>,
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), components: BTreeMap::new() }
    }
}

impl<T> Index<T> {
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.by_key.iter()
    }

    pub fn get(&self, key: &str) -> Option<&T> {
        self.by_key.get(key)
    }

    /// The names of what has this key: the key, and for a part of a component the places where operations use it.
    pub fn names(&self, key: &str) -> Vec<String> {
        let uses = self.components.iter().filter_map(|(place, component)| {
            let rest = key.strip_prefix(component)?;
            rest.starts_with('/').then(|| format!("{place}{rest}"))
        });
        [key.to_owned()].into_iter().chain(uses).collect()
    }

    /// What has one of these names here, with its key.
    pub fn find(&self, names: &[String]) -> Option<(&str, &T)> {
        let of_component = |name: &String| {
            let ends = name.match_indices('/').map(|(end, _)| end).chain([name.len()]);
            let mut places = ends.map(|end| name.split_at(end));
            places.find_map(|(place, rest)| Some(format!("{}{rest}", self.components.get(place)?)))
        };
        names.iter().find_map(|name| {
            let found = self.by_key.get_key_value(name);
            let found = found.or_else(|| self.by_key.get_key_value(&of_component(name)?));
            found.map(|(key, found)| (key.as_str(), found))
        })
    }
}

impl Index<(String, String)> {
    /// Each summary and description, with its pointer.
    pub fn of_texts(spec: &Value, renames: &Renames) -> Self {
        let mut by_key = BTreeMap::new();
        each_part(spec, renames, &mut |key, pointer, part| {
            for name in TEXTS {
                if let Some(text) = part.get(name).and_then(Value::as_str) {
                    by_key.insert(format!("{key}/{name}"), (format!("{pointer}/{name}"), text.to_owned()));
                }
            }
        });
        Self { by_key, components: components(spec, renames) }
    }
}

impl Index<String> {
    /// The pointer of each part that can have a text.
    pub fn of_parts(spec: &Value, renames: &Renames) -> Self {
        let mut by_key = BTreeMap::new();
        each_part(spec, renames, &mut |key, pointer, part| {
            if !part.contains_key("$ref") {
                by_key.insert(key, pointer.to_owned());
            }
        });
        Self { by_key, components: components(spec, renames) }
    }

    /// The part that a text with one of these names belongs to, and the name of the text in it.
    pub fn owner<'a>(&self, names: &'a [String]) -> Option<(&String, &'a str)> {
        let mut texts = names.iter().filter_map(|name| name.rsplit_once('/'));
        texts.find_map(|(owner, name)| Some((self.find(&[owner.to_owned()])?.1, name)))
    }
}

/// Calls `see` with the key, the pointer and the content of each part.
fn each_part(spec: &Value, renames: &Renames, see: &mut impl FnMut(String, &str, &Map<String, Value>)) {
    walk(spec, "#", &mut |pointer, value| {
        if let Some(part) = value.as_object().filter(|_| !is_name(pointer)) {
            see(key(spec, pointer, renames), pointer, part);
        }
    });
}

fn key(spec: &Value, pointer: &str, renames: &Renames) -> String {
    let (mut key, mut part) = ("#".to_owned(), spec);
    for segment in pointer.split('/').skip(1) {
        let is_list = part.is_array();
        part = match part {
            Value::Array(parts) => segment.parse().ok().and_then(|index: usize| parts.get(index)),
            _ => part.get(segment.replace("~1", "/").replace("~0", "~")),
        }
        .unwrap_or(&Value::Null);
        let name = part["name"].as_str().filter(|_| is_list).map_or_else(|| segment.to_owned(), escape);
        key = match part["operationId"].as_str() {
            Some(id) => operation_key(id, renames),
            None => format!("{key}/{name}"),
        };
    }
    key
}

fn operation_key(id: &str, renames: &Renames) -> String {
    format!("#/operations/{}", escape(renames.get(id).map_or(id, String::as_str)))
}

/// The component at each place of an operation, and of each kind of credential.
fn components(spec: &Value, renames: &Renames) -> BTreeMap<String, String> {
    let mut components = BTreeMap::new();
    let mut add = |place: String, part: &Value| {
        components.extend(part["$ref"].as_str().map(|reference| (place, reference.to_owned())));
    };
    for (path, _, operation) in operations(spec) {
        let key = operation_key(id(operation), renames);
        add(format!("{key}/requestBody"), &operation["requestBody"]);
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            add(format!("{key}/responses/{status}"), response);
        }
        let lists = [&spec["paths"][path]["parameters"], &operation["parameters"]];
        for parameter in lists.into_iter().filter_map(Value::as_array).flatten() {
            let reference = parameter["$ref"].as_str().unwrap_or_default();
            let target = reference.strip_prefix('#').and_then(|pointer| spec.pointer(pointer));
            if let Some(name) = target.and_then(|target| target["name"].as_str()) {
                add(format!("{key}/parameters/{}", escape(name)), parameter);
            }
        }
    }
    for (name, scheme) in spec["components"]["securitySchemes"].as_object().into_iter().flatten() {
        let [kind, place, header, http] = ["type", "in", "name", "scheme"].map(|name| scheme[name].as_str());
        let credential = [kind, place, header, http].map(Option::unwrap_or_default).map(escape).join(" ");
        components
            .insert(format!("#/credentials/{credential}"), format!("#/components/securitySchemes/{}", escape(name)));
    }
    components
}
