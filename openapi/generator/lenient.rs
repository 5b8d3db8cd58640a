//! Answers stay readable when the API grows. A value that the document does not know, or a text that does not keep to
//! its pattern, must not make a whole answer fail: an enum that a server sends gets a variant for all other values,
//! and a limited text is taken as it comes. What a client sends is held to the document as before.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToPascalCase;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::{Value, json};
use syn::punctuated::Punctuated;
use syn::visit::Visit;

use super::document::{operations, resolve};
use super::schema::documented_types;

pub fn loosen(types: &mut syn::File, raw: &Value, with_schemas: bool) {
    let received = Received::of(types, raw);
    let documented = documented_types(raw);
    let mut opened = BTreeSet::new();
    let mut items = Vec::with_capacity(types.items.len());
    for item in std::mem::take(&mut types.items) {
        match item {
            syn::Item::Enum(item) if received.may_grow(&item.ident) && is_text(&item) => {
                opened.insert(item.ident.to_string());
                let schema = documented.get(&item.ident.to_string());
                items.extend(open_enum(&item, schema, with_schemas));
            }
            syn::Item::Struct(mut item) if received.contains(&item.ident) => {
                loosen_struct(&mut item);
                let reader = object_reader(&mut item);
                items.push(syn::Item::Struct(item));
                items.extend(reader);
            }
            syn::Item::Impl(item) => {
                let name = item.self_ty.to_token_stream().to_string();
                match implemented(&item).as_deref() {
                    // The open enum has its own.
                    Some("Display" | "FromStr" | "TryFrom" | "From") if opened.contains(&name) => {}
                    Some("Deserialize") if received.names.contains(&name) && is_limited_text(&items, &name) => {
                        items.push(as_it_comes(&item.self_ty));
                    }
                    _ => items.push(syn::Item::Impl(item)),
                }
            }
            other => items.push(other),
        }
    }
    types.items = items;
}

/// The types that are made from answers.
struct Received {
    names: BTreeSet<String>,
    /// Those that tell the cases of a union from each other: a value that is in none of them must not fit into the
    /// first that comes.
    distinguishing: BTreeSet<String>,
}

impl Received {
    fn of(types: &syn::File, raw: &Value) -> Self {
        let definitions: BTreeMap<String, Definition> = types.items.iter().filter_map(Definition::of).collect();
        let answers = answers(raw);
        let is_answer = |name: &&String| answers.iter().any(|answer| answer.is_of(name));
        let names = reachable(&definitions, definitions.keys().filter(is_answer).cloned());
        let unions = definitions.iter().filter(|(name, definition)| definition.is_union && names.contains(*name));
        let cases = unions.flat_map(|(_, definition)| definition.parts.iter().cloned());
        let distinguishing = reachable(&definitions, cases);
        Self { names, distinguishing }
    }

    fn contains(&self, name: &syn::Ident) -> bool {
        self.names.contains(&name.to_string())
    }

    fn may_grow(&self, name: &syn::Ident) -> bool {
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

/// What a type is made of.
struct Definition {
    /// All names in it; those of types are among them.
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
                is_union = !is_text(item);
                item.variants.iter().for_each(|variant| names.visit_fields(&variant.fields));
            }
            syn::Item::Type(item) => names.visit_type(&item.ty),
            _ => return None,
        }
        Some((name_of(item)?, Self { parts: names.0, is_union }))
    }
}

/// Where the names of the types of an answer come from.
enum Answer {
    Schema(String),
    /// A body that has no name of its own: the names of its types begin with this.
    Inline(String),
}

impl Answer {
    fn is_of(&self, name: &str) -> bool {
        match self {
            Self::Schema(schema) => schema == name,
            Self::Inline(start) => name.starts_with(start),
        }
    }
}

fn answers(raw: &Value) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (_, _, operation) in operations(raw) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_pascal_case();
        answers.push(Answer::Inline(format!("{id}Response")));
        for (_, response) in operation["responses"].as_object().into_iter().flatten() {
            for (_, content) in resolve(raw, response)["content"].as_object().into_iter().flatten() {
                answers.extend(references(&content["schema"]).map(|name| Answer::Schema(name.to_pascal_case())));
            }
        }
    }
    answers
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

/// An answer may gain properties, and so may its type.
fn loosen_struct(item: &mut syn::ItemStruct) {
    item.attrs.retain(|attribute| {
        !attribute.path().is_ident("serde") || !attribute.to_token_stream().to_string().contains("deny_unknown_fields")
    });
    if matches!(item.fields, syn::Fields::Named(_)) {
        item.attrs.push(syn::parse_quote!(#[non_exhaustive]));
    }
}

/// What reads the struct, instead of its derived `Deserialize`: from an object only, with `null` for an empty list.
fn object_reader(item: &mut syn::ItemStruct) -> Option<syn::Item> {
    let syn::Fields::Named(fields) = &item.fields else { return None };
    let is_deserialize = |path: &syn::Path| path.segments.last().is_some_and(|segment| segment.ident == "Deserialize");
    let mut is_derived = false;
    for attribute in item.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let derived = attribute
            .parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated)
            .expect("progenitor derives traits by their paths");
        is_derived |= derived.iter().any(is_deserialize);
        let kept = derived.iter().filter(|path| !is_deserialize(path));
        *attribute = syn::parse_quote!(#[derive(#(#kept),*)]);
    }
    if !is_derived {
        return None;
    }
    let of_serde = |attributes: &[syn::Attribute]| -> Vec<syn::Attribute> {
        attributes.iter().filter(|attribute| attribute.path().is_ident("serde")).cloned().collect()
    };
    let container = of_serde(&item.attrs);
    let fields = fields.named.iter().map(|field| {
        let (name, ty, attributes) = (&field.ident, &field.ty, of_serde(&field.attrs));
        let has_default =
            attributes.iter().any(|attribute| attribute.to_token_stream().to_string().contains("default"));
        let default = (!has_default).then(|| quote!(default,));
        let reader = lenient_reader(ty).map(|reader| quote!(#[serde(#default deserialize_with = #reader)]));
        quote!(#(#attributes)* #reader #name: #ty)
    });
    let name = &item.ident;
    let remote = name.to_string();
    Some(syn::parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                #[derive(::serde::Deserialize)]
                #[serde(remote = #remote)]
                #(#container)*
                struct Fields { #(#fields),* }
                Fields::deserialize(crate::lenient::ObjectOnly(deserializer))
            }
        }
    })
}

/// What reads a property of this type, where its own `Deserialize` is too strict.
fn lenient_reader(ty: &syn::Type) -> Option<&'static str> {
    let ty = ty.to_token_stream().to_string().replace(' ', "");
    if ty.starts_with("::std::vec::Vec<") {
        return Some("crate::lenient::null_as_default");
    }
    let optional = ty.strip_prefix("::std::option::Option<")?.strip_suffix('>')?;
    ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"]
        .contains(&optional)
        .then_some("crate::lenient::unfit_number_as_none")
}

fn is_limited_text(items: &[syn::Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        syn::Item::Struct(item) if item.ident == name => {
            let text = |field: &syn::Field| field.ty.to_token_stream().to_string().ends_with("String");
            matches!(&item.fields, syn::Fields::Unnamed(fields) if fields.unnamed.iter().all(text))
        }
        _ => false,
    })
}

fn name_of(item: &syn::Item) -> Option<String> {
    match item {
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

fn is_text(item: &syn::ItemEnum) -> bool {
    !item.variants.is_empty() && item.variants.iter().all(|variant| variant.fields.is_empty())
}

/// The name of the trait that is implemented.
fn implemented(item: &syn::ItemImpl) -> Option<String> {
    let (_, path, _) = item.trait_.as_ref()?;
    path.segments.last().map(|segment| segment.ident.to_string())
}

/// The enum with one more variant, and everything that it can do.
fn open_enum(item: &syn::ItemEnum, schema: Option<&Value>, with_schemas: bool) -> Vec<syn::Item> {
    let name = &item.ident;
    let docs = item.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let variants: Vec<_> = item.variants.iter().map(|variant| &variant.ident).collect();
    let texts: Vec<String> = item.variants.iter().map(super::schema::wire_name_of_variant).collect();
    let names = ["Unknown", "UnknownValue", "NotDocumented"].map(|name| format_ident!("{name}"));
    let unknown = names.iter().find(|name| !variants.contains(name)).expect("no document has all three values");
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
    // What is deep inside of another schema is described by its values alone.
    let by_values = json!({ "type": "string", "enum": texts });
    let schema = schema.filter(|schema| schema["enum"].is_array()).unwrap_or(&by_values);
    let schema = if with_schemas { json_schema(name, schema) } else { TokenStream::new() };
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
