//! Keeps responses readable when the API grows. A value that the spec does not list, or a string that breaks its
//! pattern, must not fail a whole response: an enum in a response gets a variant for unknown values, and a string with
//! limits is read without checking them. A missing or `null` list is empty, and an object is read from an object only. What
//! a client sends is still checked against the spec.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::{Value, json};
use syn::punctuated::Punctuated;

use super::responses::{Received, is_string_enum};
use super::schema::schemas_by_type;

pub fn loosen(types: &mut syn::File, spec: &Value, with_schemas: bool) {
    let received = Received::of(types, spec);
    let schemas = schemas_by_type(spec);
    let mut opened = BTreeSet::new();
    let mut items = Vec::with_capacity(types.items.len());
    for item in std::mem::take(&mut types.items) {
        match item {
            syn::Item::Enum(item) if received.may_grow(&item.ident) && is_string_enum(&item) => {
                opened.insert(item.ident.to_string());
                let schema = schemas.get(&item.ident.to_string());
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
                    // The open enum has its own implementation.
                    Some("Display" | "FromStr" | "TryFrom" | "From") if opened.contains(&name) => {}
                    // progenitor writes it for an earlier version of schemars.
                    Some("JsonSchema") => {
                        let schema = schemas.get(&name).cloned().unwrap_or_else(|| json!({}));
                        let implementation = json_schema(&format_ident!("{name}"), &schema);
                        items.push(syn::parse2(implementation).expect("what this file quotes is Rust"));
                    }
                    Some("Deserialize") if received.names.contains(&name) && is_limited_string(&items, &name) => {
                        items.push(unchecked_deserialize(&item.self_ty));
                    }
                    _ => items.push(syn::Item::Impl(item)),
                }
            }
            other => items.push(other),
        }
    }
    types.items = items;
}

/// Lets a type gain properties, as a response may.
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

fn is_limited_string(items: &[syn::Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        syn::Item::Struct(item) if item.ident == name => {
            let text = |field: &syn::Field| field.ty.to_token_stream().to_string().ends_with("String");
            matches!(&item.fields, syn::Fields::Unnamed(fields) if fields.unnamed.iter().all(text))
        }
        _ => false,
    })
}

/// The name of the trait that an `impl` block implements.
fn implemented(item: &syn::ItemImpl) -> Option<String> {
    let (_, path, _) = item.trait_.as_ref()?;
    path.segments.last().map(|segment| segment.ident.to_string())
}

/// The enum with a variant for unknown values, and its implementations.
fn open_enum(item: &syn::ItemEnum, schema: Option<&Value>, with_schemas: bool) -> Vec<syn::Item> {
    let name = &item.ident;
    let docs = item.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let variants: Vec<_> = item.variants.iter().map(|variant| &variant.ident).collect();
    let texts: Vec<String> = item.variants.iter().map(super::schema::wire_name_of_variant).collect();
    let names = ["Unknown", "UnknownValue", "NotDocumented"].map(|name| format_ident!("{name}"));
    let unknown = names.iter().find(|name| !variants.contains(name)).expect("no spec has all three values");
    let tokens = quote! {
        #(#docs)*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #texts] #variants,)*
            /// A value that the spec does not list, as the server sent it.
            #unknown(::std::string::String),
        }
        impl #name {
            /// The value in JSON.
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
            fn from_str(text: &str) -> ::std::result::Result<Self, ::std::convert::Infallible> {
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
    // An enum deep inside of another schema has only its values.
    let by_values = json!({ "type": "string", "enum": texts });
    let schema = schema.filter(|schema| schema["enum"].is_array()).unwrap_or(&by_values);
    let schema = if with_schemas { json_schema(name, schema) } else { TokenStream::new() };
    syn::parse2::<syn::File>(quote!(#tokens #schema)).expect("what this file quotes is Rust").items
}

/// Implements `JsonSchema` with the schema of the spec, which has no unknown values.
fn json_schema(name: &syn::Ident, schema: &Value) -> TokenStream {
    let text = name.to_string();
    // As text, since the macro `json_schema!` reaches the recursion limit at about 100 values.
    let json = schema.to_string();
    quote! {
        impl ::schemars::JsonSchema for #name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #text.into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::serde_json::from_str(#json).expect("the generator writes JSON")
            }
        }
    }
}

/// Reads a string without checking its limits.
fn unchecked_deserialize(name: &syn::Type) -> syn::Item {
    syn::parse_quote! {
        /// Accepts any string of a server. `parse` checks the limits of the spec.
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                ::std::string::String::deserialize(deserializer).map(Self)
            }
        }
    }
}
