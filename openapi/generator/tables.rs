//! The tables of operations and JSON Schemas, from which `dci` makes its help and its `schema` command.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::spec::{self, SENT_AS, resolve, resolve_all, rust_name};

/// The table of operations, and a constant for each of them.
pub fn operations(spec: &Value) -> String {
    let (rows, constants): (Vec<TokenStream>, Vec<TokenStream>) = spec::operations(spec)
        .enumerate()
        .map(|(index, (path, method, operation))| {
            let id = spec::id(operation);
            let name = format_ident!("{}", rust_name(id).to_uppercase());
            let doc = format!("`{id}`: {}.", text(operation, "summary"));
            let constant = quote!(#[doc = #doc] pub const #name: &'static Self = &OPERATIONS[#index];);
            (row(spec, path, method, operation), constant)
        })
        .unzip();
    format(quote! {
        /// The operations of the spec, in its order.
        pub static OPERATIONS: &[Operation] = &[#(#rows),*];

        /// The operations of the spec by name.
        impl Operation {
            #(#constants)*
        }
    })
}

fn row(spec: &Value, path: &str, method: &str, operation: &Value) -> TokenStream {
    let id = spec::id(operation);
    let rust_name = rust_name(id);
    let method = method.to_uppercase();
    let (summary, description) = (text(operation, "summary"), text(operation, "description"));
    let has_key = spec::parameters(spec, path, operation).any(|parameter| parameter["name"] == "Idempotency-Key");
    let request = content(spec, &operation["requestBody"]);
    let responses = operation["responses"].as_object().into_iter().flatten().map(|(status, response)| {
        let description = text(resolve(spec, response), "description");
        let content = content(spec, response);
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
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The first content of a request or response body, with the media type on the wire.
fn content(spec: &Value, body: &Value) -> TokenStream {
    let body = resolve(spec, body);
    let content = body["content"].as_object().and_then(|content| content.iter().next());
    let Some((media_type, content)) = content else { return quote!(None) };
    let media_type = body[SENT_AS].as_str().unwrap_or(media_type);
    let schema = resolve_all(spec, &content["schema"]).to_string();
    quote!(Some(Content { media_type: #media_type, schema: #schema }))
}

/// The table of JSON Schemas of the types with these names.
pub fn schemas(names: &[String]) -> String {
    let rows = names.iter().map(|name| {
        let ident = format_ident!("{name}");
        quote!((#name, || ::schemars::schema_for!(crate::types::#ident)))
    });
    format(quote! {
        /// The name of each type and the function that makes its JSON Schema (draft 2020-12), sorted by name.
        pub static SCHEMAS: &[(&str, fn() -> ::schemars::Schema)] = &[#(#rows),*];
    })
}

fn format(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("what this file quotes is Rust"))
}
