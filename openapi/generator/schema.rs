//! Gives the types the JSON Schema of the spec: what a derive cannot see in a Rust type (patterns, formats, optional
//! properties) becomes an attribute.

use std::collections::BTreeMap;

use heck::ToPascalCase;
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::visit_mut::VisitMut;

use super::spec::{id, operations, parameters, resolve};

/// The schemas of the spec by the name of the Rust type that is generated from them.
pub fn schemas_by_type(spec: &Value) -> BTreeMap<String, Value> {
    let mut named = BTreeMap::new();
    for (name, schema) in spec["components"]["schemas"].as_object().into_iter().flatten() {
        named.insert(name.to_pascal_case(), schema.clone());
    }
    for (path, _, operation) in operations(spec) {
        let id = id(operation).to_pascal_case();
        for parameter in parameters(spec, path, operation) {
            let name = parameter["name"].as_str().unwrap_or_default();
            let mut schema = parameter["schema"].clone();
            if let (Value::Object(schema), Value::String(text)) = (&mut schema, &parameter["description"]) {
                schema.entry("description").or_insert_with(|| text.as_str().into());
            }
            named.insert(format!("{id}{}", name.to_pascal_case()), schema);
        }
        for (_, response) in operation["responses"].as_object().into_iter().flatten() {
            let schema = &resolve(spec, response)["content"]["application/json"]["schema"];
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

/// Visits each type and adds what its schema says and a derive cannot see.
pub struct Annotate {
    schemas: BTreeMap<String, Value>,
    with_schemas: bool,
    /// The names of the types, for the table of schemas.
    pub names: Vec<String>,
}

impl Annotate {
    pub fn new(spec: &Value, with_schemas: bool) -> Self {
        Self { schemas: schemas_by_type(spec), with_schemas, names: Vec::new() }
    }

    /// `#[schemars(extend(…))]` with the `keywords` that `schema` has.
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
            // An optional property is not a nullable one.
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
        // The inner modules have builders and errors, and no schemas.
    }

    fn visit_item_struct_mut(&mut self, item: &mut syn::ItemStruct) {
        let name = item.ident.to_string();
        self.names.push(name.clone());
        let schema = self.schemas.get(&name).unwrap_or(&Value::Null);
        replace_placeholder_doc(&mut item.attrs, schema);
        if !self.with_schemas {
            return;
        }
        match &mut item.fields {
            syn::Fields::Named(fields) => {
                for field in &mut fields.named {
                    let wire_name = wire_name(field);
                    Self::annotate_field(field, &schema["properties"][wire_name]);
                }
            }
            _ => item.attrs.extend(Self::extension(schema, &["pattern", "minLength", "maxLength", "format"])),
        }
    }

    fn visit_item_enum_mut(&mut self, item: &mut syn::ItemEnum) {
        self.names.push(item.ident.to_string());
    }
}

/// A constant with all values of an enum.
pub fn value_list(item: &syn::Item) -> Option<syn::Item> {
    let syn::Item::Enum(item) = item else { return None };
    let values = item.variants.iter().filter(|variant| variant.fields.is_empty()).map(|variant| &variant.ident);
    let name = &item.ident;
    Some(syn::parse_quote! {
        impl #name {
            /// All values in the spec, in its order.
            pub const ALL: &'static [Self] = &[#(Self::#values),*];
        }
    })
}

/// Replaces progenitor's placeholder, the type's name, by the description in the schema, if there is one.
fn replace_placeholder_doc(attributes: &mut Vec<syn::Attribute>, schema: &Value) {
    let is_placeholder = |attribute: &syn::Attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return false };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return false };
        pair.path.is_ident("doc") && text.value().starts_with('`')
    };
    let Some(position) = attributes.iter().position(is_placeholder) else { return };
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

/// The name of a field in JSON: that of `serde(rename = "…")`, or its own.
fn wire_name(field: &syn::Field) -> String {
    renamed(&field.attrs, field.ident.as_ref().map(ToString::to_string).unwrap_or_default())
}

/// The name of a variant in JSON.
pub fn wire_name_of_variant(variant: &syn::Variant) -> String {
    renamed(&variant.attrs, variant.ident.to_string())
}

fn renamed(attributes: &[syn::Attribute], mut name: String) -> String {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
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
