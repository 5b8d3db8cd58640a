//! The Rust type of a property, which the generator is asked for: which limits and formats change it is its decision.

use std::collections::BTreeMap;

use quote::ToTokens;
use serde_json::{Map, Value, json};

use super::Direction;
use crate::generator;

/// The keywords that can change the Rust type of text, a number or a list.
pub const KEYWORDS: [&str; 13] = [
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "default",
];

/// The types that were asked for, by the spec with which.
#[derive(Default)]
pub struct RustTypes(BTreeMap<String, Option<String>>);

impl RustTypes {
    /// The type of a property with these keywords. `None` if the generator refuses it.
    pub fn of(&mut self, direction: Direction, is_required: bool, keywords: &Map<String, Value>) -> Option<String> {
        let spec = spec(direction, is_required, keywords).to_string();
        self.0.entry(spec).or_insert_with_key(|spec| type_in(spec)).clone()
    }
}

fn spec(direction: Direction, is_required: bool, keywords: &Map<String, Value>) -> Value {
    let mut property = keywords.clone();
    if let Some(items) = property.get_mut("items") {
        *items = json!({ "type": "string" });
    }
    let required: &[&str] = if is_required { &["value"] } else { &[] };
    let body = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Body" } } } });
    let mut operation = json!({ "operationId": "x", "responses": { "200": { "description": "" } } });
    if direction == Direction::Request {
        operation["requestBody"] = body;
    } else {
        operation["responses"]["200"]["content"] = body["content"].clone();
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": "", "version": "" },
        "paths": { "/x": { "post": operation } },
        "components": { "schemas": {
            "Body": { "type": "object", "properties": { "value": property }, "required": required },
        }},
    })
}

fn type_in(spec: &str) -> Option<String> {
    let file = syn::parse_file(&generator::generate("", spec, false).ok()?.types).ok()?;
    let body = file.items.iter().find_map(|item| match item {
        syn::Item::Struct(item) if item.ident == "Body" => Some(item),
        _ => None,
    })?;
    let field = body.fields.iter().next()?;
    let modules = [" ", "::std::", "option::", "string::", "vec::", "num::"];
    let name = modules.iter().fold(field.ty.to_token_stream().to_string(), |name, module| name.replace(module, ""));
    Some(name.replace("BodyValue", "a type of its own"))
}
