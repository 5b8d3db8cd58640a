//! Answers stay readable when the API grows. A value that the document does not know, or a text that does not keep to
//! its pattern, must not make a whole answer fail: an enum that a server sends gets a variant for all other values,
//! and a limited text is taken as it comes. What a client sends is held to the document as before.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToPascalCase;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::visit::Visit;

use super::document::{operations, resolve};
use super::schema::documented_types;

pub fn loosen(types: &mut syn::File, raw: &Value, with_schemas: bool) {
    let received = received(types, raw);
    let documented = documented_types(raw);
    let mut items = Vec::with_capacity(types.items.len());
    for item in std::mem::take(&mut types.items) {
        match item {
            syn::Item::Enum(item) if received.contains(&item.ident.to_string()) && is_text(&item) => {
                let schema = documented.get(&item.ident.to_string()).filter(|_| with_schemas);
                items.extend(open_enum(&item, schema));
            }
            syn::Item::Impl(item) => {
                let name = item.self_ty.to_token_stream().to_string();
                let is_open = types_of(&items, &name).is_some_and(is_open_enum);
                match implemented(&item).as_deref() {
                    // The open enum has its own.
                    Some("Display" | "FromStr" | "TryFrom" | "From") if is_open => {}
                    Some("Deserialize") if received.contains(&name) => items.push(as_it_comes(&item.self_ty)),
                    _ => items.push(syn::Item::Impl(item)),
                }
            }
            other => items.push(other),
        }
    }
    types.items = items;
}

/// The names of the types that are made from answers.
fn received(types: &syn::File, raw: &Value) -> BTreeSet<String> {
    struct Names(Vec<String>);
    impl<'a> Visit<'a> for Names {
        fn visit_ident(&mut self, ident: &'a proc_macro2::Ident) {
            self.0.push(ident.to_string());
        }
    }
    let definitions: BTreeMap<String, Vec<String>> = types
        .items
        .iter()
        .filter_map(|item| {
            let mut names = Names(Vec::new());
            match item {
                syn::Item::Struct(item) => item.fields.iter().for_each(|field| names.visit_type(&field.ty)),
                syn::Item::Enum(item) => {
                    item.variants.iter().for_each(|variant| names.visit_fields(&variant.fields));
                }
                syn::Item::Type(item) => names.visit_type(&item.ty),
                _ => return None,
            }
            Some((name_of(item)?, names.0))
        })
        .collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = answers(raw);
    while let Some(name) = open.pop() {
        if let Some(parts) = definitions.get(&name).filter(|_| found.insert(name)) {
            open.extend(parts.iter().cloned());
        }
    }
    found
}

/// The types of the bodies of answers.
fn answers(raw: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for (_, _, operation) in operations(raw) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_pascal_case();
        for (_, response) in operation["responses"].as_object().into_iter().flatten() {
            let schema = &resolve(raw, response)["content"]["application/json"]["schema"];
            let reference = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
            names.push(reference.map_or_else(|| format!("{id}Response"), ToPascalCase::to_pascal_case));
        }
    }
    names
}

fn name_of(item: &syn::Item) -> Option<String> {
    match item {
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

fn types_of<'a>(items: &'a [syn::Item], name: &str) -> Option<&'a syn::ItemEnum> {
    items.iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(item),
        _ => None,
    })
}

fn is_text(item: &syn::ItemEnum) -> bool {
    !item.variants.is_empty() && item.variants.iter().all(|variant| variant.fields.is_empty())
}

fn is_open_enum(item: &syn::ItemEnum) -> bool {
    item.variants.iter().any(|variant| variant.ident == UNKNOWN)
}

/// The name of the trait that is implemented.
fn implemented(item: &syn::ItemImpl) -> Option<String> {
    let (_, path, _) = item.trait_.as_ref()?;
    path.segments.last().map(|segment| segment.ident.to_string())
}

const UNKNOWN: &str = "Unknown";

/// The enum with one more variant, and everything that it can do.
fn open_enum(item: &syn::ItemEnum, schema: Option<&Value>) -> Vec<syn::Item> {
    let name = &item.ident;
    let docs = item.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let variants: Vec<_> = item.variants.iter().map(|variant| &variant.ident).collect();
    let texts: Vec<String> = item.variants.iter().map(super::schema::wire_name_of_variant).collect();
    let unknown = format_ident!("{UNKNOWN}");
    let tokens = quote! {
        #(#docs)*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #texts] #variants,)*
            /// A value that the document does not know, as the server sent it.
            #unknown(::std::string::String),
        }
        impl #name {
            /// The value as it is sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #texts,)*
                    Self::#unknown(text) => text,
                }
            }
        }
        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl ::std::convert::From<&str> for #name {
            fn from(text: &str) -> Self {
                match text {
                    #(#texts => Self::#variants,)*
                    other => Self::#unknown(other.to_owned()),
                }
            }
        }
        impl ::std::convert::From<::std::string::String> for #name {
            fn from(text: ::std::string::String) -> Self {
                text.as_str().into()
            }
        }
        impl ::std::str::FromStr for #name {
            type Err = ::std::convert::Infallible;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Ok(text.into())
            }
        }
        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                ::std::string::String::deserialize(deserializer).map(Self::from)
            }
        }
    };
    let schema = schema.map(|schema| json_schema(name, schema)).unwrap_or_default();
    syn::parse2::<syn::File>(quote!(#tokens #schema)).expect("what this file quotes is Rust").items
}

/// The document's schema, which knows of no other values.
fn json_schema(name: &syn::Ident, schema: &Value) -> TokenStream {
    let text = name.to_string();
    let json: TokenStream =
        schema.to_string().parse().expect("JSON of texts, numbers and lists is made of Rust's tokens");
    quote! {
        impl ::schemars::JsonSchema for #name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #text.into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!(#json)
            }
        }
    }
}

/// A limited text, read without its limits.
fn as_it_comes(name: &syn::Type) -> syn::Item {
    syn::parse_quote! {
        /// Takes what a server sends, even where it breaks the document's limits, which `parse` checks.
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                ::std::string::String::deserialize(deserializer).map(Self)
            }
        }
    }
}
