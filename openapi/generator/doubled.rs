//! Finds names that the generated code would have twice, since names that differ in the spec can be one name in Rust,
//! such as `foo-bar` and `fooBar`. That does not compile, or one of two types is lost.

use std::collections::BTreeSet;

use heck::ToPascalCase;
use serde_json::Value;
use syn::visit::{Visit, visit_item};

use super::spec::{id, operations, parameters, resolve, rust_name, used_by};

/// The doubled names, each with the parts of the spec that have it.
pub fn doubled(file: &syn::File, spec: &Value) -> Vec<String> {
    let mut names = Names::default();
    names.visit_file(file);
    names.types.extend(inline_like_named(spec));
    let types = names.types.iter().map(|name| describe_type(spec, name));
    types.chain(taken(spec)).chain(names.parts.iter().map(|(owner, name)| describe_part(spec, owner, name))).collect()
}

/// What the generated client has or uses by these names. An operation with such a name would hide it.
const TAKEN: [&str; 18] = [
    "api_version",
    "baseurl",
    "byte_stream",
    "client",
    "client_hooks",
    "client_info",
    "error",
    "exec",
    "inner",
    "new",
    "new_with_client",
    "operation_info",
    "option",
    "post",
    "pre",
    "response_value",
    "result",
    "string",
];

/// The variable of a generated method that a parameter with this name would replace.
const VARIABLE: &str = "header_map";

fn taken(spec: &Value) -> Vec<String> {
    let mut taken = Vec::new();
    for (path, method, operation) in operations(spec) {
        let at = format!("at paths.{path}.{method} ({})", id(operation));
        if TAKEN.contains(&rust_name(id(operation)).as_str()) {
            taken.push(format!("{at}: the client in Rust has this name already; rename it"));
        }
        let mut names = parameters(spec, path, operation).filter_map(|parameter| parameter["name"].as_str());
        if let Some(name) = names.find(|name| rust_name(name) == VARIABLE) {
            taken.push(format!("{at}: the generated code uses the name of the parameter {name}; rename it"));
        }
    }
    taken
}

/// The doubled names in the generated code.
#[derive(Default)]
struct Names {
    types: BTreeSet<String>,
    /// The fields and variants, each after the name of its type.
    parts: BTreeSet<(String, String)>,
}

impl<'a> Visit<'a> for Names {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        let items = module.content.iter().flat_map(|(_, items)| items);
        self.types.extend(twice(items.clone().filter_map(type_name)));
        items.for_each(|item| self.visit_item(item));
    }

    fn visit_item(&mut self, item: &'a syn::Item) {
        let parts = match item {
            syn::Item::Struct(item) => twice(item.fields.iter().filter_map(|field| field.ident.as_ref())),
            syn::Item::Enum(item) => twice(item.variants.iter().map(|variant| &variant.ident)),
            _ => Vec::new(),
        };
        let owner = type_name(item).map(ToString::to_string).unwrap_or_default();
        self.parts.extend(parts.into_iter().map(|name| (owner.clone(), name)));
        visit_item(self, item);
    }
}

fn type_name(item: &syn::Item) -> Option<&syn::Ident> {
    match item {
        syn::Item::Struct(item) => Some(&item.ident),
        syn::Item::Enum(item) => Some(&item.ident),
        syn::Item::Type(item) => Some(&item.ident),
        _ => None,
    }
}

/// The names that occur more than once.
fn twice<'a>(idents: impl Iterator<Item = &'a syn::Ident>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    idents.filter(|ident| !seen.insert(*ident)).map(ToString::to_string).collect()
}

/// The named schemas that have the name which progenitor gives to the inline schema of a parameter or body. It would take
/// the named one for both.
fn inline_like_named(spec: &Value) -> impl Iterator<Item = String> {
    let named: BTreeSet<String> = schemas(spec).map(|(name, _)| name).map(|name| name.to_pascal_case()).collect();
    inline(spec).into_iter().map(|(name, _)| name).filter(move |name| named.contains(name))
}

/// The inline schemas of parameters and bodies that become types: the name of each type, and where it is from.
fn inline(spec: &Value) -> Vec<(String, String)> {
    let mut inline = Vec::new();
    for (path, method, operation) in operations(spec) {
        let id = id(operation).to_pascal_case();
        let mut add = |what: &str, at: String, schema: &Value| {
            let is_type =
                ["properties", "enum", "oneOf", "anyOf", "allOf"].iter().any(|key| schema.get(*key).is_some());
            if is_type {
                inline.push((format!("{id}{}", what.to_pascal_case()), format!("paths.{path}.{method}.{at}")));
            }
        };
        for parameter in parameters(spec, path, operation) {
            let name = parameter["name"].as_str().unwrap_or_default();
            add(name, format!("parameters.{name}"), &parameter["schema"]);
        }
        let json = |body: &Value| resolve(spec, body)["content"]["application/json"]["schema"].clone();
        add("body", "requestBody".into(), &json(&operation["requestBody"]));
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| status.starts_with('2') || *status == "default") {
            add("response", format!("responses.{status}"), &json(response));
        }
    }
    inline
}

fn schemas(spec: &Value) -> impl Iterator<Item = (&String, &Value)> {
    spec["components"]["schemas"].as_object().into_iter().flatten()
}

fn describe_type(spec: &Value, name: &str) -> String {
    let named: Vec<&String> =
        schemas(spec).map(|(name, _)| name).filter(|schema| schema.to_pascal_case() == name).collect();
    let inline = inline(spec).into_iter().filter(|(inline, _)| inline == name).map(|(_, at)| at);
    let mut parts: Vec<String> =
        named.iter().map(|schema| format!("components.schemas.{schema}")).chain(inline).collect();
    if parts.len() < 2 {
        // The type of a property has the name of its schema, and then its own.
        let outer = schemas(spec).map(|(name, _)| name).filter(|schema| {
            let schema = schema.to_pascal_case();
            schema != name && name.starts_with(&schema)
        });
        parts.extend(
            outer.max_by_key(|schema| schema.len()).map(|schema| format!("a property in components.schemas.{schema}")),
        );
    }
    let users = named.first().map(|schema| used_by(spec, schema)).unwrap_or_default();
    format!("at {}{users}: the type {name} in Rust is generated from each; rename one", parts.join(" and "))
}

fn describe_part(spec: &Value, owner: &str, name: &str) -> String {
    let of_schema = schemas(spec).find(|(schema, _)| schema.to_pascal_case() == owner).map(|(schema, content)| {
        let properties = content["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        (format!("components.schemas.{schema}{}", used_by(spec, schema)), properties.collect::<Vec<_>>())
    });
    let of_operation = || {
        let mut operations = operations(spec);
        let (path, method, operation) = operations.find(|(.., operation)| id(operation).to_pascal_case() == owner)?;
        let names = parameters(spec, path, operation).filter_map(|parameter| parameter["name"].as_str());
        Some((format!("paths.{path}.{method} ({})", id(operation)), names.map(str::to_owned).collect()))
    };
    match of_schema.or_else(of_operation) {
        Some((at, names)) => {
            let same = names.into_iter().filter(|other| rust_name(other) == name).collect::<Vec<_>>().join(" and ");
            format!("at {at}: {same} have one name in Rust, {name}; rename one")
        }
        None => format!("the type {owner} in Rust has the name {name} twice"),
    }
}
