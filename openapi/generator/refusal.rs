//! Where a document is refused. progenitor, and the types of `openapiv3`, say what is wrong and seldom where: each
//! schema, then each operation, is tried alone.

use openapiv3::{OpenAPI, PathItem, ReferenceOr, Schema};

use super::progenitor_tokens;

/// Finds the places that progenitor refuses.
pub fn locate(document: &OpenAPI, reason: &str) -> String {
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
