//! Compares schemas by their meaning.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::meaning::Schema;
use super::{Comparison, Crate, DOCUMENTS, Direction, Requests, Scripts, adds, breaks, or_none, rust_type, type_of};
use crate::spec::pointer::escape;

const UPPER_LIMITS: [&str; 4] = ["maxLength", "maximum", "maxItems", "maxProperties"];
const LOWER_LIMITS: [&str; 4] = ["minLength", "minimum", "minItems", "minProperties"];

/// Where a schema is.
pub struct Place {
    pub direction: Direction,
    pub pointer: String,
    /// Whether there must be a value, before and after.
    pub is_required: bool,
}

impl Place {
    fn part(&self, keyword: &str) -> String {
        format!("{}/{}", self.pointer, escape(keyword))
    }

    /// The place of a schema in this one, of a value that is there whenever the outer one is.
    fn inner(&self, pointer: String) -> Self {
        Self { direction: self.direction, pointer, is_required: true }
    }
}

impl Comparison<'_> {
    pub(super) fn schema(&mut self, place: &Place, old: &Value, new: &Value) {
        let (mut before, mut after) = (Schema::of(self.old, old), Schema::of(self.new, new));
        let nullable = (before.take_nullable(), after.take_nullable());
        // `null` means the same as no value.
        if place.is_required {
            self.nullable(place, nullable);
        }
        self.rust_name(place, &before, &after);
        let pointer = after.reference.clone().unwrap_or_else(|| place.pointer.clone());
        let inner = Place { pointer, ..*place };
        match (&before.reference, &after.reference) {
            (Some(old), Some(new)) => {
                let pair = (old.clone(), new.clone(), place.direction);
                self.once(pair, |comparison| comparison.keywords(&inner, &before, &after));
            }
            _ => self.keywords(&inner, &before, &after),
        }
    }

    /// Compares what the Rust type has its name from.
    fn rust_name(&mut self, place: &Place, before: &Schema, after: &Schema) {
        let what = match (&before.reference, &after.reference) {
            (Some(old), Some(new)) => match (type_of(old), type_of(new)) {
                (Some(old), Some(new)) if old != new => format!("the type changed from {old} to {new}"),
                _ => return,
            },
            _ if !before.has_type() || !after.has_type() => return,
            (Some(old), None) => format!("the schema {old} is written out, so that its Rust type has another name"),
            (None, Some(new)) => format!("the schema is now {new}, so that its Rust type has another name"),
            (None, None) => {
                let [old, new] = [before, after].map(|schema| part(&schema.keywords, "title"));
                return self.values(breaks(&[Crate]), old, new, &place.part("title"));
            }
        };
        self.report(breaks(&[Crate]), &place.pointer, what);
    }

    fn nullable(&mut self, place: &Place, (before, after): (bool, bool)) {
        let effect = match (before, after, place.direction) {
            (false, true, Direction::Request) => adds(&[Crate]),
            (false, true, Direction::Response) => breaks(&[Crate, Scripts]),
            (true, false, Direction::Request) => breaks(&[Requests, Crate]),
            _ => breaks(&[Crate]),
        };
        self.values(effect, &before.into(), &after.into(), &place.part("nullable"));
    }

    fn keywords(&mut self, place: &Place, before: &Schema, after: &Schema) {
        let is_union = [before, after].map(|schema| schema.alternatives().is_some());
        if is_union != [false, false] {
            self.alternatives(place, before, after);
        }
        if is_union[0] != is_union[1] {
            return;
        }
        let (old, new) = (&before.keywords, &after.keywords);
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let is_same_type = old.get("type") == new.get("type");
        for name in &names {
            let (before, after) = (part(old, name), part(new, name));
            if before != after || after.is_object() {
                self.keyword(place, name, (before, after), (old, new));
            }
        }
        let differs = |name: &&str| part(old, name) != part(new, name);
        if is_same_type && rust_type::KEYWORDS.iter().any(differs) {
            let mut rust_type = |keywords| self.rust_types.of(place.direction, place.is_required, keywords);
            if let (Some(old), Some(new)) = (rust_type(old), rust_type(new))
                && old != new
            {
                let what = format!("the Rust type changed from {old} to {new}");
                self.report(breaks(&[Crate]), &place.pointer, what);
            }
        }
    }

    /// Compares a keyword, given its two values and all keywords of the two schemas.
    fn keyword(
        &mut self,
        place: &Place,
        name: &str,
        (before, after): (&Value, &Value),
        (old, new): (&Map<String, Value>, &Map<String, Value>),
    ) {
        let (pointer, direction) = (place.part(name), place.direction);
        match name {
            "oneOf" | "anyOf" | "title" => {}
            "properties" => self.properties(place, old, new),
            "required" => self.required_properties(place, old, new),
            "items" | "additionalProperties" if before.is_object() && after.is_object() => {
                self.schema(&place.inner(pointer), before, after);
            }
            "additionalProperties" => self.additional_properties(place, before, after),
            "enum" => self.enum_values(place, before, after),
            _ if UPPER_LIMITS.contains(&name) => self.limit(place, name, (before, after), |old, new| new < old),
            _ if LOWER_LIMITS.contains(&name) => self.limit(place, name, (before, after), |old, new| new > old),
            "type" | "items" | "not" => self.values(direction.breaks(), before, after, &pointer),
            // What a value means if it is not sent, and what the API checks. The Rust type is compared apart from this.
            "pattern" | "default" | "multipleOf" | "exclusiveMinimum" | "exclusiveMaximum" | "uniqueItems"
                if direction == Direction::Request =>
            {
                self.values(breaks(&[Requests]), before, after, &pointer);
            }
            _ => self.values(DOCUMENTS, before, after, &pointer),
        }
    }

    fn properties(&mut self, place: &Place, old: &Map<String, Value>, new: &Map<String, Value>) {
        let none = Map::new();
        let [before, after] = [old, new].map(|schema| part(schema, "properties").as_object().unwrap_or(&none));
        let pointer = place.part("properties");
        let is_required = |schema, name: &String| required(schema).contains(name.as_str());
        for (name, property) in before {
            let pointer = format!("{pointer}/{}", escape(name));
            let Some(changed) = after.get(name) else {
                self.report(place.direction.breaks(), &pointer, format!("the property {name} was removed"));
                continue;
            };
            let is_required = is_required(old, name) && is_required(new, name);
            self.schema(&Place { direction: place.direction, pointer, is_required }, property, changed);
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let (pointer, what) = (format!("{pointer}/{}", escape(name)), format!("the property {name}"));
            match place.direction {
                Direction::Request => self.added(&pointer, &what, is_required(new, name)),
                Direction::Response => self.report(adds(&[Crate, Scripts]), &pointer, format!("{what} was added")),
                Direction::Error => self.report(adds(&[Crate]), &pointer, format!("{what} was added")),
            }
        }
    }

    /// The Rust type of the field becomes an `Option`, or stops being one.
    fn required_properties(&mut self, place: &Place, old: &Map<String, Value>, new: &Map<String, Value>) {
        let (before, after) = (required(old), required(new));
        let has = |schema, name: &&&str| part(schema, "properties").get(**name).is_some();
        let pointer = place.part("required");
        for name in after.difference(&before).filter(|name| has(old, name)) {
            let effect = match place.direction {
                Direction::Request => breaks(&[Requests, Crate]),
                Direction::Response | Direction::Error => breaks(&[Crate]),
            };
            self.report(effect, &pointer, format!("the property {name} is now required"));
        }
        for name in before.difference(&after).filter(|name| has(new, name)) {
            let effect = match place.direction {
                Direction::Response => breaks(&[Crate, Scripts]),
                Direction::Request | Direction::Error => breaks(&[Crate]),
            };
            self.report(effect, &pointer, format!("the property {name} is no longer required"));
        }
    }

    fn additional_properties(&mut self, place: &Place, before: &Value, after: &Value) {
        let effect = match (before, after, place.direction) {
            // A response may have more properties than its schema allows.
            (Value::Null | Value::Bool(_), Value::Null | Value::Bool(_), direction) => match direction {
                Direction::Request if *after == false => breaks(&[Requests]),
                Direction::Request => adds(&[Requests]),
                Direction::Response | Direction::Error => DOCUMENTS,
            },
            (_, _, direction) => direction.breaks(),
        };
        self.values(effect, before, after, &place.part("additionalProperties"));
    }

    /// Compares the schemas of a union. A schema that is not a union is one of one.
    fn alternatives(&mut self, place: &Place, before: &Schema, after: &Schema) {
        let (alone_before, alone_after) = ([alone(before)], [alone(after)]);
        let (old_keyword, old) =
            before.alternatives().map_or(("one schema", &alone_before[..]), |(k, list)| (k, &list[..]));
        let (keyword, new) = after.alternatives().map_or(("one schema", &alone_after[..]), |(k, list)| (k, &list[..]));
        let pointer = if after.alternatives().is_some() { place.part(keyword) } else { place.pointer.clone() };
        if old_keyword != keyword {
            let what = format!("changed from {old_keyword} to {keyword}");
            self.report(place.direction.breaks(), &pointer, what);
        }
        let mut added: Vec<(usize, &Value)> = new.iter().enumerate().collect();
        let mut pairs = Vec::new();
        let mut removed: Vec<&Value> = Vec::new();
        for schema in old {
            match added.iter().position(|(_, other)| label(schema) == label(other)) {
                Some(position) => pairs.push((schema, added.remove(position))),
                None => removed.push(schema),
            }
        }
        for schema in removed {
            self.report(place.direction.breaks(), &pointer, format!("the alternative {} was removed", label(schema)));
        }
        for (_, schema) in &added {
            self.report(place.direction.breaks(), &pointer, format!("the alternative {} was added", label(schema)));
        }
        for (old, (index, new)) in pairs {
            self.schema(&place.inner(format!("{pointer}/{index}")), old, new);
        }
    }

    fn enum_values(&mut self, place: &Place, old: &Value, new: &Value) {
        let pointer = place.part("enum");
        let values = |list: &Value| list.as_array().map(|values| values.iter().map(or_none).collect::<BTreeSet<_>>());
        let (Some(before), Some(after)) = (values(old), values(new)) else {
            let effect = match place.direction {
                Direction::Request if new.is_array() => breaks(&[Requests, Crate]),
                _ => breaks(&[Crate]),
            };
            return self.values(effect, old, new, &pointer);
        };
        for value in after.difference(&before) {
            let effect = match place.direction {
                Direction::Response => adds(&[Crate, Scripts]),
                Direction::Request | Direction::Error => adds(&[Crate]),
            };
            self.report(effect, &pointer, format!("the value {value} was added"));
        }
        for value in before.difference(&after) {
            let effect = match place.direction {
                Direction::Request => breaks(&[Requests, Crate]),
                Direction::Response | Direction::Error => breaks(&[Crate]),
            };
            self.report(effect, &pointer, format!("the value {value} was removed"));
        }
    }

    fn limit(&mut self, place: &Place, name: &str, (old, new): (&Value, &Value), is_stricter: fn(f64, f64) -> bool) {
        let is_stricter = match (old.as_f64(), new.as_f64()) {
            (Some(old), Some(new)) => is_stricter(old, new),
            (old, _) => old.is_none(),
        };
        let effect = match place.direction {
            Direction::Request if is_stricter => breaks(&[Requests]),
            Direction::Request => adds(&[Requests]),
            // The limits of a response are not checked.
            Direction::Response | Direction::Error => DOCUMENTS,
        };
        let how = if is_stricter { "stricter" } else { "looser" };
        let what = format!("the limit is {how}: {} instead of {}", or_none(new), or_none(old));
        self.report(effect, &place.part(name), what);
    }
}

fn part<'a>(keywords: &'a Map<String, Value>, name: &str) -> &'a Value {
    keywords.get(name).unwrap_or(&Value::Null)
}

fn required(keywords: &Map<String, Value>) -> BTreeSet<&str> {
    part(keywords, "required").as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A schema as an alternative: by its reference, if it has one.
fn alone(schema: &Schema) -> Value {
    match &schema.reference {
        Some(reference) => serde_json::json!({ "$ref": reference }),
        None => schema.keywords.clone().into(),
    }
}

/// How an alternative is recognized: by its component, its title or its type.
fn label(schema: &Value) -> &str {
    let component = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    component.or_else(|| schema["title"].as_str()).or_else(|| schema["type"].as_str()).unwrap_or("without a type")
}
