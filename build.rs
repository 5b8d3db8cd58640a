//! Makes Rust from `openapi/doit.yaml`, by progenitor: the types, the client, and two tables.
//!
//! What progenitor writes is split, so that the types need nothing that does I/O, and the types are told what a
//! derive cannot read off them (patterns, formats), so that their JSON Schema is the document's.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::collections::BTreeMap;
use std::panic;
use std::path::{Path, PathBuf};

use heck::{ToPascalCase, ToSnakeCase};
use openapiv3::{OpenAPI, PathItem, ReferenceOr, Schema};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use quote::{format_ident, quote};
use serde_json::Value;
use syn::visit_mut::VisitMut;

const DOCUMENT: &str = "openapi/doit.yaml";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let with_schemas = std::env::var_os("CARGO_FEATURE_SCHEMARS").is_some();

    let written = std::fs::read_to_string(DOCUMENT)
        .map_err(|error| format!("{DOCUMENT}: {error}"))
        .and_then(|text| generate(DOCUMENT, &text, with_schemas))
        .and_then(|generated| generated.write(&out));
    if let Err(refusal) = written {
        for line in refusal.lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

/// The four files, each formatted Rust.
#[derive(Debug)]
pub struct Generated {
    /// The content of `dci::types`.
    pub types: String,
    /// The client and its builders.
    pub client: String,
    /// The table of operations.
    pub operations: String,
    /// The table of JSON Schemas.
    pub schemas: String,
}

impl Generated {
    fn write(&self, folder: &Path) -> Result<(), String> {
        for (name, text) in [
            ("types.rs", &self.types),
            ("client.rs", &self.client),
            ("operations.rs", &self.operations),
            ("schemas.rs", &self.schemas),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}

/// Everything that is made from the document `text`; `name` is what messages call it.
///
/// # Errors
///
/// A message for the maintainer that names the document and the place in it.
pub fn generate(name: &str, text: &str, with_schemas: bool) -> Result<Generated, String> {
    let raw: Value = serde_saphyr::from_str(text).map_err(|error| format!("{name}: not YAML: {error}"))?;
    let document: OpenAPI = serde_path_to_error::deserialize(&raw)
        .map_err(|error| format!("{name}: not an OpenAPI 3.0 document: at {}: {}", error.path(), error.inner()))?;
    let tokens = progenitor_tokens(&document, with_schemas)
        .map_err(|reason| format!("{name}: progenitor cannot use this document.\n{}", locate(&document, &reason)))?;
    let file = syn::parse2(tokens).map_err(|error| format!("{name}: progenitor wrote no valid Rust: {error}"))?;

    let (mut types, client) = split(file);
    let mut annotate = Annotate { documented: documented_types(&raw), with_schemas, names: Vec::new() };
    annotate.visit_file_mut(&mut types);
    Ok(Generated {
        types: prettyplease::unparse(&types),
        client: prettyplease::unparse(&client),
        operations: format(operation_table(&raw)),
        schemas: format(schema_table(&annotate.names)),
    })
}

fn format(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("what this file quotes is Rust"))
}

/// What progenitor writes for the document; where it panics, its panic message is the error.
fn progenitor_tokens(document: &OpenAPI, with_schemas: bool) -> Result<TokenStream, String> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::client::Exchange));
    if with_schemas {
        settings.with_derive("::schemars::JsonSchema");
    }

    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(|| Generator::new(&settings).generate_tokens(document));
    panic::set_hook(hook);
    match outcome {
        Ok(tokens) => tokens.map_err(|error| error.to_string()),
        Err(payload) => Err(payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "it panicked without a message".into())),
    }
}

/// Finds the place that progenitor refuses, since it does not say: each schema, then each operation, is tried alone.
fn locate(document: &OpenAPI, reason: &str) -> String {
    let mut only_schemas = document.clone();
    only_schemas.paths.paths.clear();
    let refused = if progenitor_tokens(&only_schemas, false).is_err() {
        refused_schemas(&only_schemas)
    } else {
        refused_operations(document)
    };
    if refused.is_empty() {
        return reason.to_owned();
    }
    refused.iter().map(|(place, reason)| format!("at {place}: {reason}")).collect::<Vec<_>>().join("\n")
}

fn refused_schemas(only_schemas: &OpenAPI) -> Vec<(String, String)> {
    let Some(components) = &only_schemas.components else { return Vec::new() };
    let anything = ReferenceOr::Item(Schema {
        schema_data: openapiv3::SchemaData::default(),
        schema_kind: openapiv3::SchemaKind::Any(openapiv3::AnySchema::default()),
    });
    let alone = |name: &String| {
        let mut document = only_schemas.clone();
        for (other, schema) in document.components.iter_mut().flat_map(|components| &mut components.schemas) {
            if other != name {
                *schema = anything.clone();
            }
        }
        document
    };
    components
        .schemas
        .keys()
        .filter_map(|name| {
            let reason = progenitor_tokens(&alone(name), false).err()?;
            Some((format!("components.schemas.{name}"), reason))
        })
        .collect()
}

fn refused_operations(document: &OpenAPI) -> Vec<(String, String)> {
    let items = document.paths.iter().filter_map(|(path, item)| Some((path, item.as_item()?)));
    items
        .flat_map(|(path, item)| item.iter().map(move |(method, operation)| (path, item, method, operation)))
        .filter_map(|(path, item, method, operation)| {
            let mut alone_item = PathItem { parameters: item.parameters.clone(), ..PathItem::default() };
            let slot = match method {
                "get" => &mut alone_item.get,
                "put" => &mut alone_item.put,
                "post" => &mut alone_item.post,
                "delete" => &mut alone_item.delete,
                "options" => &mut alone_item.options,
                "head" => &mut alone_item.head,
                "patch" => &mut alone_item.patch,
                _ => &mut alone_item.trace,
            };
            *slot = Some(operation.clone());
            let mut alone = document.clone();
            alone.paths.paths.clear();
            alone.paths.paths.insert(path.clone(), ReferenceOr::Item(alone_item));
            let reason = progenitor_tokens(&alone, false).err()?;
            let id = operation.operation_id.as_deref().unwrap_or("without an operationId");
            Some((format!("paths.{path}.{method} ({id})"), reason))
        })
        .collect()
}

/// The content of `pub mod types`, and the rest, which then names the types of this crate.
fn split(mut file: syn::File) -> (syn::File, syn::File) {
    let mut types = syn::File { shebang: None, attrs: Vec::new(), items: Vec::new() };
    for item in &mut file.items {
        match item {
            syn::Item::Mod(module) if module.ident == "types" => {
                types.items = module.content.take().expect("progenitor writes the module's content").1;
                *item = syn::parse_quote!(
                    pub use crate::types;
                );
            }
            syn::Item::Use(import) => drop_import(&mut import.tree, "encode_path"),
            _ => {}
        }
    }
    // progenitor's own leaves the backslash as it is, which parsing the URL takes for a slash.
    file.items.push(syn::parse_quote!(
        use crate::client::encode_path;
    ));
    (types, file)
}

fn drop_import(tree: &mut syn::UseTree, name: &str) {
    let syn::UseTree::Path(path) = tree else { return };
    if let syn::UseTree::Group(group) = &mut *path.tree {
        let is_kept = |tree: &syn::UseTree| !matches!(tree, syn::UseTree::Name(import) if import.ident == name);
        group.items = std::mem::take(&mut group.items).into_iter().filter(is_kept).collect();
    }
}

/// Schemas of the document by the name of the Rust type that is made of them.
fn documented_types(raw: &Value) -> BTreeMap<String, Value> {
    let mut named = BTreeMap::new();
    for (name, schema) in raw["components"]["schemas"].as_object().into_iter().flatten() {
        named.insert(name.to_pascal_case(), schema.clone());
    }
    for (_, _, operation) in operations(raw) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_pascal_case();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = resolve(raw, parameter);
            let name = parameter["name"].as_str().unwrap_or_default();
            let mut schema = parameter["schema"].clone();
            if let (Value::Object(schema), Value::String(text)) = (&mut schema, &parameter["description"]) {
                schema.entry("description").or_insert_with(|| text.as_str().into());
            }
            named.insert(format!("{id}{}", name.to_pascal_case()), schema);
        }
        for (_, response) in operation["responses"].as_object().into_iter().flatten() {
            let schema = &resolve(raw, response)["content"]["application/json"]["schema"];
            if schema.get("properties").is_some() {
                named.insert(format!("{id}Response"), schema.clone());
            }
        }
    }
    let properties: Vec<(String, Value)> = named
        .iter()
        .flat_map(|(name, schema)| schema["properties"].as_object().into_iter().flatten().map(move |p| (name, p)))
        .map(|(name, (property, schema))| (format!("{name}{}", property.to_pascal_case()), schema.clone()))
        .collect();
    named.extend(properties);
    named
}

/// What a reference of the form `#/a/b` leads to; anything else is itself.
fn resolve<'a>(raw: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| raw.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(value)
}

/// Path, method and content of each operation, in the document's order.
fn operations(raw: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    raw["paths"].as_object().into_iter().flatten().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods
            .filter(|(_, operation)| operation.get("operationId").is_some())
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// Tells each type what the document says of it and a derive cannot read off it.
struct Annotate {
    documented: BTreeMap<String, Value>,
    with_schemas: bool,
    /// The types met, for the table of schemas.
    names: Vec<String>,
}

impl Annotate {
    /// `#[schemars(extend(…))]` for those of `keywords` that `schema` has.
    fn extension(schema: &Value, keywords: &[&str]) -> Option<syn::Attribute> {
        let pairs: Vec<TokenStream> = keywords
            .iter()
            .filter_map(|keyword| {
                let value: TokenStream = schema.get(*keyword)?.to_string().parse().ok()?;
                Some(quote!(#keyword = #value))
            })
            .collect();
        (!pairs.is_empty()).then(|| syn::parse_quote!(#[schemars(extend(#(#pairs),*))]))
    }

    fn annotate_field(field: &mut syn::Field, schema: &Value) {
        if let Some(inner) = inside_option(&field.ty) {
            // A property that may be left out is not one that may be null.
            let inner = quote!(#inner).to_string();
            field.attrs.push(syn::parse_quote!(#[schemars(with = #inner, default)]));
        }
        // The format of an integer is in its Rust type.
        let keywords: &[&str] = if schema["type"] == "string" { &["format", "deprecated"] } else { &["deprecated"] };
        field.attrs.extend(Self::extension(schema, keywords));
    }
}

impl VisitMut for Annotate {
    fn visit_item_mod_mut(&mut self, _: &mut syn::ItemMod) {
        // The modules inside hold builders and errors, no schemas.
    }

    fn visit_item_struct_mut(&mut self, item: &mut syn::ItemStruct) {
        let name = item.ident.to_string();
        self.names.push(name.clone());
        let documented = self.documented.get(&name).unwrap_or(&Value::Null);
        describe(&mut item.attrs, documented);
        if !self.with_schemas {
            return;
        }
        match &mut item.fields {
            syn::Fields::Named(fields) => {
                for field in &mut fields.named {
                    let wire_name = wire_name(field);
                    Self::annotate_field(field, &documented["properties"][wire_name]);
                }
            }
            _ => item.attrs.extend(Self::extension(documented, &["pattern", "minLength", "maxLength", "format"])),
        }
    }

    fn visit_item_enum_mut(&mut self, item: &mut syn::ItemEnum) {
        self.names.push(item.ident.to_string());
    }
}

/// Puts the document's words, or none, where progenitor found none and repeats the type's name.
fn describe(attributes: &mut Vec<syn::Attribute>, schema: &Value) {
    let repeats_name = |attribute: &syn::Attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return false };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(said), .. }) = &pair.value else { return false };
        pair.path.is_ident("doc") && said.value().starts_with('`')
    };
    let Some(position) = attributes.iter().position(repeats_name) else { return };
    attributes.remove(position);
    if let Some(text) = schema["description"].as_str() {
        attributes.insert(position, syn::parse_quote!(#[doc = #text]));
    }
}

fn inside_option(ty: &syn::Type) -> Option<&syn::Type> {
    let syn::Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}

/// The name of a field in JSON: what `serde(rename = "…")` says, otherwise its own.
fn wire_name(field: &syn::Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = meta.value()?.parse::<syn::LitStr>()?.value();
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
    name
}

fn operation_table(raw: &Value) -> TokenStream {
    let rows = operations(raw).map(|(path, method, operation)| {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let rust_name = id.to_snake_case();
        let method = method.to_uppercase();
        let summary = operation["summary"].as_str().unwrap_or_default();
        let description = operation["description"].as_str().unwrap_or_default();
        let has_key = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|parameter| resolve(raw, parameter)["name"] == "Idempotency-Key");
        quote!(Operation {
            id: #id,
            rust_name: #rust_name,
            method: #method,
            path: #path,
            summary: #summary,
            description: #description,
            takes_idempotency_key: #has_key,
        })
    });
    quote! {
        /// The operations of the document, in its order.
        pub static OPERATIONS: &[Operation] = &[#(#rows),*];
    }
}

fn schema_table(names: &[String]) -> TokenStream {
    let rows = names.iter().map(|name| {
        let ident = format_ident!("{name}");
        quote!((#name, || ::schemars::schema_for!(crate::types::#ident)))
    });
    quote! {
        /// Each type's name and what makes its JSON Schema (draft 2020-12), sorted by name.
        pub static SCHEMAS: &[(&str, fn() -> ::schemars::Schema)] = &[#(#rows),*];
    }
}
