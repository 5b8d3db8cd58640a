//! Compares schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Comparison, Direction, Severity, TEXTS, or_none, type_of};
use crate::generator::spec::resolve;
use crate::spec::pointer::escape;

const DOCUMENTATION: [&str; 5] = ["title", "example", "examples", "externalDocs", "deprecated"];
const UPPER_LIMITS: [&str; 4] = ["maxLength", "maximum", "maxItems", "maxProperties"];
const LOWER_LIMITS: [&str; 4] = ["minLength", "minimum", "minItems", "minProperties"];

impl Comparison<'_> {
    pub(super) fn schema(&mut self, direction: Direction, pointer: &str, old: &Value, new: &Value) {
        let (before, after) = (old["$ref"].as_str(), new["$ref"].as_str());
        let Some(reference) = after.filter(|_| before.is_some()) else {
            return self.keywords(direction, pointer, resolve(self.old, old), resolve(self.new, new));
        };
        if before != after {
            let (old, new) = (before.map(type_of).unwrap_or_default(), type_of(reference));
            return self.report(Severity::Breaking, pointer, format!("the type changed from {old} to {new}"));
        }
        // A schema can contain itself.
        if self.open_schemas.insert((reference.to_owned(), direction)) {
            self.touched.push(type_of(reference));
            self.keywords(direction, reference, resolve(self.old, old), resolve(self.new, new));
            self.touched.pop();
            self.open_schemas.remove(&(reference.to_owned(), direction));
        }
    }

    fn keywords(&mut self, direction: Direction, pointer: &str, old: &Value, new: &Value) {
        let names: BTreeSet<&String> =
            [old, new].iter().filter_map(|schema| schema.as_object()).flat_map(Map::keys).collect();
        for name in names {
            let (before, after) = (&old[name], &new[name]);
            let pointer = format!("{pointer}/{}", escape(name));
            match name.as_str() {
                "properties" => self.properties(direction, &pointer, old, new),
                "required" => self.required_properties(&pointer, old, new),
                "items" | "additionalProperties" if before.is_object() && after.is_object() => {
                    self.schema(direction, &pointer, before, after);
                }
                "allOf" | "oneOf" | "anyOf" => self.alternatives(direction, &pointer, before, after),
                "enum" => self.enum_values(&pointer, before, after),
                name if UPPER_LIMITS.contains(&name) => {
                    self.limit(direction, &pointer, before, after, |old, new| new < old);
                }
                name if LOWER_LIMITS.contains(&name) => {
                    self.limit(direction, &pointer, before, after, |old, new| new > old);
                }
                name if TEXTS.contains(&name) => {}
                name if DOCUMENTATION.contains(&name) || name.starts_with("x-") => {
                    self.values(Severity::Documentation, before, after, &pointer);
                }
                // The default, spelled out or omitted.
                "nullable" if [before, after].iter().all(|value| value.is_null() || **value == false) => {}
                "additionalProperties" if [before, after].iter().all(|value| allows_anything(value)) => {}
                // The generator ignores the format of a string.
                "format" if new["type"] == "string" && old["type"] == "string" => {
                    self.values(Severity::Documentation, before, after, &pointer);
                }
                // Types, other formats, patterns and defaults change the Rust type or the behaviour.
                _ => self.values(Severity::Breaking, before, after, &pointer),
            }
        }
    }

    fn properties(&mut self, direction: Direction, pointer: &str, old: &Value, new: &Value) {
        let none = Map::new();
        let before = old["properties"].as_object().unwrap_or(&none);
        let after = new["properties"].as_object().unwrap_or(&none);
        for (name, old) in before {
            let pointer = format!("{pointer}/{}", escape(name));
            match after.get(name) {
                None => self.report(Severity::Breaking, &pointer, format!("the property {name} was removed")),
                Some(new) => self.schema(direction, &pointer, old, new),
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let is_required = direction == Direction::Request && required(new).contains(name.as_str());
            self.added(&format!("{pointer}/{}", escape(name)), &format!("the property {name}"), is_required);
        }
    }

    /// Breaking in both directions: the Rust type of the field becomes an `Option`, or stops being one.
    fn required_properties(&mut self, pointer: &str, old: &Value, new: &Value) {
        let (before, after) = (required(old), required(new));
        let is_property = |schema: &Value, name: &str| schema["properties"].get(name).is_some();
        for name in after.difference(&before).filter(|name| is_property(old, name)) {
            self.report(Severity::Breaking, pointer, format!("the property {name} is now required"));
        }
        for name in before.difference(&after).filter(|name| is_property(new, name)) {
            self.report(Severity::Breaking, pointer, format!("the property {name} is no longer required"));
        }
    }

    fn alternatives(&mut self, direction: Direction, pointer: &str, old: &Value, new: &Value) {
        let none = Vec::new();
        let (before, after) = (old.as_array().unwrap_or(&none), new.as_array().unwrap_or(&none));
        if before.len() != after.len() {
            let what = format!("changed from {} to {} schemas", before.len(), after.len());
            return self.report(Severity::Breaking, pointer, what);
        }
        for (index, (old, new)) in before.iter().zip(after).enumerate() {
            self.schema(direction, &format!("{pointer}/{index}"), old, new);
        }
    }

    fn enum_values(&mut self, pointer: &str, old: &Value, new: &Value) {
        let values = |list: &Value| list.as_array().map(|values| values.iter().map(or_none).collect::<BTreeSet<_>>());
        let (Some(before), Some(after)) = (values(old), values(new)) else {
            return self.values(Severity::Breaking, old, new, pointer);
        };
        for value in after.difference(&before) {
            // Compatible in a response too: its enum has a variant for unknown values.
            self.report(Severity::Compatible, pointer, format!("the value {value} was added"));
        }
        for value in before.difference(&after) {
            self.report(Severity::Breaking, pointer, format!("the value {value} was removed"));
        }
    }

    fn limit(
        &mut self,
        direction: Direction,
        pointer: &str,
        old: &Value,
        new: &Value,
        is_stricter: fn(f64, f64) -> bool,
    ) {
        if old == new {
            return;
        }
        let is_stricter = match (old.as_f64(), new.as_f64()) {
            (Some(old), Some(new)) => is_stricter(old, new),
            (old, _) => old.is_none(),
        };
        // A string has a Rust type of its own if its length is limited. The limits of a response are not checked.
        let is_other_type = pointer.ends_with("Length") && (old.is_null() || new.is_null());
        let is_breaking = is_other_type || (is_stricter && direction == Direction::Request);
        let severity = if is_breaking { Severity::Breaking } else { Severity::Compatible };
        let how = if is_stricter { "stricter" } else { "looser" };
        self.report(severity, pointer, format!("the limit is {how}: {} instead of {}", or_none(new), or_none(old)));
    }
}

fn required(schema: &Value) -> BTreeSet<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn allows_anything(additional: &Value) -> bool {
    additional.is_null() || *additional == true || additional.as_object().is_some_and(Map::is_empty)
}
