//! Makes Rust from `openapi/doit.yaml`, by progenitor: the types, the client, and two tables.
//!
//! What progenitor writes is split, so that the types need nothing that does I/O. What this needs beside progenitor
//! is in `openapi/generator/`: the document as data, the place that is refused, the types' JSON Schema, what keeps answers
//! readable, and documentation.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

#[path = "openapi/generator/describe.rs"]
mod describe;
#[path = "openapi/generator/document.rs"]
pub mod document;
#[path = "openapi/generator/lenient.rs"]
mod lenient;
#[path = "openapi/generator/refusal.rs"]
mod refusal;
#[path = "openapi/generator/schema.rs"]
mod schema;

use std::panic;
use std::path::{Path, PathBuf};

use heck::{ToShoutySnakeCase, ToSnakeCase};
use openapiv3::OpenAPI;
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
    let file = progenitor_file(&raw, with_schemas).map_err(|refusal| format!("{name}: {refusal}"))?;

    let (mut types, mut client) = split(file);
    let mut annotate = schema::Annotate::new(&raw, with_schemas);
    annotate.visit_file_mut(&mut types);
    lenient::loosen(&mut types, &raw, with_schemas);
    let value_lists: Vec<syn::Item> = types.items.iter().filter_map(schema::value_list).collect();
    types.items.extend(value_lists);
    describe::describe(&mut types, &mut client, &raw);
    Ok(Generated {
        types: prettyplease::unparse(&types),
        client: prettyplease::unparse(&client),
        operations: format(operation_table(&raw)),
        schemas: format(schema_table(&annotate.names)),
    })
}

/// What progenitor makes of a document.
///
/// # Errors
///
/// Why it makes nothing of it, and the places.
pub fn progenitor_file(raw: &Value, with_schemas: bool) -> Result<syn::File, String> {
    let document = document::read(&document::without_crates(raw))
        .map_err(|refusal| format!("not an OpenAPI 3.0 document: {refusal}"))?;
    let tokens = progenitor_tokens(&document, with_schemas)
        .map_err(|reason| format!("progenitor cannot use this document.\n{}", refusal::locate(&document, &reason)))?;
    syn::parse2(tokens).map_err(|error| format!("progenitor wrote no valid Rust: {error}"))
}

fn format(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("what this file quotes is Rust"))
}

/// What progenitor writes for the document; where it panics, its panic message is the error.
///
/// # Errors
///
/// What progenitor says.
pub fn progenitor_tokens(document: &OpenAPI, with_schemas: bool) -> Result<TokenStream, String> {
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

fn operation_table(raw: &Value) -> TokenStream {
    let rows = document::operations(raw).map(|(path, method, operation)| {
        let shared = &raw["paths"][path]["parameters"];
        let id = operation["operationId"].as_str().unwrap_or_default();
        let rust_name = id.to_snake_case();
        let method = method.to_uppercase();
        let summary = operation["summary"].as_str().unwrap_or_default();
        let description = operation["description"].as_str().unwrap_or_default();
        let has_key = [&operation["parameters"], shared]
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .any(|parameter| document::resolve(raw, parameter)["name"] == "Idempotency-Key");
        let request = content(raw, &operation["requestBody"]);
        let responses = operation["responses"].as_object().into_iter().flatten().map(|(status, response)| {
            let description = document::resolve(raw, response)["description"].as_str().unwrap_or_default();
            let content = content(raw, response);
            quote!(Response { status: #status, description: #description, content: #content })
        });
        quote!(Operation {
            id: #id,
            rust_name: #rust_name,
            method: #method,
            path: #path,
            summary: #summary,
            description: #description,
            takes_idempotency_key: #has_key,
            request: #request,
            responses: &[#(#responses),*],
        })
    });
    let names = document::operations(raw).enumerate().map(|(index, (_, _, operation))| {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let name = format_ident!("{}", id.to_shouty_snake_case());
        let doc = format!("`{id}`: {}.", operation["summary"].as_str().unwrap_or_default());
        quote!(#[doc = #doc] pub const #name: &'static Self = &OPERATIONS[#index];)
    });
    let names: TokenStream = names.collect();
    quote! {
        /// The operations of the document, in its order.
        pub static OPERATIONS: &[Operation] = &[#(#rows),*];

        /// Each operation of the document by its name.
        impl Operation {
            #names
        }
    }
}

/// The first content of a request body or a response, with the media type that goes over the wire.
fn content(raw: &Value, body: &Value) -> TokenStream {
    let body = document::resolve(raw, body);
    let content = body["content"].as_object().and_then(|content| content.iter().next());
    let Some((media_type, content)) = content else { return quote!(None) };
    let media_type = body[document::SENT_AS].as_str().unwrap_or(media_type);
    let schema = document::resolve_all(raw, &content["schema"]).to_string();
    quote!(Some(Content { media_type: #media_type, schema: #schema }))
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
