//! Finds the types that occur in responses.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToPascalCase;
use serde_json::Value;
use syn::visit::Visit;

use super::spec::{id, operations, resolve};

/// The types that occur in responses.
pub(super) struct Received {
    pub names: BTreeSet<String>,
    /// The types inside of unions. They stay closed, or an unknown value would match the first case of its union.
    distinguishing: BTreeSet<String>,
}

impl Received {
    pub fn of(types: &syn::File, spec: &Value) -> Self {
        let definitions: BTreeMap<String, Definition> = types.items.iter().filter_map(Definition::of).collect();
        let responses = response_types(spec);
        let is_response = |name: &&String| responses.iter().any(|response| response.matches(name));
        let names = reachable(&definitions, definitions.keys().filter(is_response).cloned());
        let unions = definitions.iter().filter(|(name, definition)| definition.is_union && names.contains(*name));
        let cases = unions.flat_map(|(_, definition)| definition.parts.iter().cloned());
        let distinguishing = reachable(&definitions, cases);
        Self { names, distinguishing }
    }

    pub fn contains(&self, name: &syn::Ident) -> bool {
        self.names.contains(&name.to_string())
    }

    pub fn may_grow(&self, name: &syn::Ident) -> bool {
        self.contains(name) && !self.distinguishing.contains(&name.to_string())
    }
}

fn reachable(definitions: &BTreeMap<String, Definition>, from: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = from.collect();
    while let Some(name) = open.pop() {
        if let Some(definition) = definitions.get(&name).filter(|_| found.insert(name)) {
            open.extend(definition.parts.iter().cloned());
        }
    }
    found
}

/// The parts of a type.
struct Definition {
    /// Every identifier in the code, such as the names of types.
    parts: Vec<String>,
    is_union: bool,
}

impl Definition {
    fn of(item: &syn::Item) -> Option<(String, Self)> {
        struct Names(Vec<String>);
        impl<'a> Visit<'a> for Names {
            fn visit_ident(&mut self, ident: &'a proc_macro2::Ident) {
                self.0.push(ident.to_string());
            }
        }
        let (mut names, mut is_union) = (Names(Vec::new()), false);
        match item {
            syn::Item::Struct(item) => item.fields.iter().for_each(|field| names.visit_type(&field.ty)),
            syn::Item::Enum(item) => {
                is_union = !is_string_enum(item);
                item.variants.iter().for_each(|variant| names.visit_fields(&variant.fields));
            }
            syn::Item::Type(item) => names.visit_type(&item.ty),
            _ => return None,
        }
        Some((name_of(item)?, Self { parts: names.0, is_union }))
    }
}

/// Where the types of a response get their names from.
enum ResponseType {
    Schema(String),
    /// An inline body: the names of its types begin with this.
    Inline(String),
}

impl ResponseType {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Schema(schema) => schema == name,
            Self::Inline(start) => name.starts_with(start),
        }
    }
}

fn response_types(spec: &Value) -> Vec<ResponseType> {
    let mut types = Vec::new();
    for (_, _, operation) in operations(spec) {
        let id = id(operation).to_pascal_case();
        types.push(ResponseType::Inline(format!("{id}Response")));
        for (_, response) in operation["responses"].as_object().into_iter().flatten() {
            for (_, content) in resolve(spec, response)["content"].as_object().into_iter().flatten() {
                types.extend(references(&content["schema"]).map(|name| ResponseType::Schema(name.to_pascal_case())));
            }
        }
    }
    types
}

/// The names of the schemas that a schema refers to.
fn references(schema: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match schema {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
            Box::new(own.into_iter().chain(object.values().flat_map(references)))
        }
        Value::Array(parts) => Box::new(parts.iter().flat_map(references)),
        _ => Box::new(std::iter::empty()),
    }
}

fn name_of(item: &syn::Item) -> Option<String> {
    match item {
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

pub(super) fn is_string_enum(item: &syn::ItemEnum) -> bool {
    !item.variants.is_empty() && item.variants.iter().all(|variant| variant.fields.is_empty())
}
