//! Adds the documentation that progenitor does not write: of builders, and of the methods that set their parts. The
//! texts come from the spec.

use std::collections::BTreeMap;

use heck::ToPascalCase;
use quote::ToTokens;
use serde_json::Value;

use super::spec::{id, operations, parameters, resolve, rust_name};

/// The text of each field or parameter, by its name in Rust.
type Texts = BTreeMap<String, String>;

pub fn add_missing(types: &mut syn::File, client: &mut syn::File, spec: &Value) {
    let properties: BTreeMap<String, Texts> = types.items.iter().filter_map(texts_of_fields).collect();
    for item in &mut types.items {
        match item {
            syn::Item::Impl(item) => {
                methods(item).for_each(|method| add(&mut method.attrs, || "A builder, with nothing set.".into()));
            }
            // A variant's name is its value, and a property that is a reference is documented by its type. More
            // documentation would become part of the derived JSON Schema.
            syn::Item::Enum(item) => item.attrs.push(syn::parse_quote!(#[allow(missing_docs)])),
            syn::Item::Struct(item) => {
                if doc(&item.attrs).is_none() {
                    item.attrs.push(syn::parse_quote!(#[allow(missing_docs)]));
                }
                let undocumented = item.fields.iter_mut().filter(|field| doc(&field.attrs).is_none());
                undocumented.for_each(|field| field.attrs.push(syn::parse_quote!(#[allow(missing_docs)])));
            }
            syn::Item::Mod(module) if module.ident == "builder" => document_builders(module, &properties, "property"),
            _ => {}
        }
    }
    let requests: BTreeMap<String, Texts> = operations(spec)
        .map(|(path, _, operation)| (id(operation).to_pascal_case(), texts_of_request(spec, path, operation)))
        .collect();
    for item in &mut client.items {
        if let syn::Item::Mod(module) = item {
            document_builders(module, &requests, "parameter");
        }
    }
}

fn document_builders(module: &mut syn::ItemMod, texts: &BTreeMap<String, Texts>, kind: &str) {
    for item in module.content.iter_mut().flat_map(|(_, items)| items) {
        match item {
            syn::Item::Struct(item) => {
                let name = item.ident.to_string();
                add(&mut item.attrs, || format!("Builder for [`{name}`](super::{name})."));
            }
            syn::Item::Impl(item) => {
                let texts = type_name(item).and_then(|name| texts.get(&name)).cloned().unwrap_or_default();
                for method in methods(item) {
                    let name = method.sig.ident.to_string();
                    let text = || texts.get(&name).cloned().unwrap_or_else(|| format!("The {kind} `{name}`."));
                    add(&mut method.attrs, text);
                }
            }
            _ => {}
        }
    }
}

fn texts_of_fields(item: &syn::Item) -> Option<(String, Texts)> {
    let syn::Item::Struct(item) = item else { return None };
    let text = |field: &syn::Field| Some((field.ident.as_ref()?.to_string(), doc(&field.attrs)?));
    Some((item.ident.to_string(), item.fields.iter().filter_map(text).collect()))
}

fn texts_of_request(spec: &Value, path: &str, operation: &Value) -> Texts {
    let parameters = parameters(spec, path, operation).filter_map(|parameter| {
        Some((rust_name(parameter["name"].as_str()?), parameter["description"].as_str()?.to_owned()))
    });
    let body = resolve(spec, &operation["requestBody"])["description"].as_str().unwrap_or("The body.");
    let others =
        [("new", "A request, with nothing set."), ("body", body), ("body_map", "Changes the body that is set so far.")];
    parameters.chain(others.map(|(name, text)| (name.to_owned(), text.to_owned()))).collect()
}

/// The public methods of an `impl` block, unless it implements a trait.
fn methods(item: &mut syn::ItemImpl) -> impl Iterator<Item = &mut syn::ImplItemFn> {
    let is_inherent = item.trait_.is_none();
    item.items.iter_mut().filter(move |_| is_inherent).filter_map(|item| match item {
        syn::ImplItem::Fn(method) if matches!(method.vis, syn::Visibility::Public(_)) => Some(method),
        _ => None,
    })
}

fn type_name(item: &syn::ItemImpl) -> Option<String> {
    let syn::Type::Path(path) = &*item.self_ty else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

fn doc(attributes: &[syn::Attribute]) -> Option<String> {
    let text = |attribute: &syn::Attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            other => Some(other.to_token_stream().to_string()),
        },
        _ => None,
    };
    let texts: Vec<String> = attributes.iter().filter_map(text).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn add(attributes: &mut Vec<syn::Attribute>, text: impl FnOnce() -> String) {
    if doc(attributes).is_none() {
        let text = text();
        attributes.push(syn::parse_quote!(#[doc = #text]));
    }
}
