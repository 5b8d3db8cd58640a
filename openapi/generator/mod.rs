//! Generates Rust code from an OpenAPI spec: the types, the client, a table of operations and a table of JSON Schemas.
//!
//! progenitor writes most of it. The types are separated from the client, so that they need no I/O, and then changed:
//! [`schema`] adds what a JSON Schema needs, [`lenient`] lets responses grow, and [`docs`] adds missing documentation.
//!
//! `build.rs` runs the generator for the crate. `xtask` runs it to find out whether a new spec can be used.

mod docs;
pub mod doubled;
mod lenient;
mod locate;
mod prepare;
pub mod progenitor;
mod qualify;
mod responses;
mod schema;
pub mod spec;
mod tables;
#[cfg(test)]
mod tests;

use serde_json::Value;
use syn::visit_mut::VisitMut;

/// The generated files, as formatted Rust.
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

/// Generates the code for the spec in `text`. An error names the spec by `name`, and the part that is invalid.
pub fn generate(name: &str, text: &str, with_schemas: bool) -> Result<Generated, String> {
    let spec: Value = serde_saphyr::from_str(text).map_err(|error| format!("{name}: invalid YAML: {error}"))?;
    let file = file(&spec, with_schemas).map_err(|error| format!("{name}: {error}"))?;

    let (mut types, mut client) = separate_types(file);
    qualify::qualify(&mut types);
    let mut annotate = schema::Annotate::new(&spec, with_schemas);
    annotate.visit_file_mut(&mut types);
    lenient::loosen(&mut types, &spec, with_schemas);
    let value_lists: Vec<syn::Item> = types.items.iter().filter_map(schema::value_list).collect();
    types.items.extend(value_lists);
    docs::add_missing(&mut types, &mut client, &spec);
    Ok(Generated {
        types: prettyplease::unparse(&types),
        client: prettyplease::unparse(&client),
        operations: tables::operations(&spec),
        schemas: tables::schemas(&annotate.names),
    })
}

/// The content of `pub mod types`, and the rest, which imports the types from this crate.
fn separate_types(mut file: syn::File) -> (syn::File, syn::File) {
    let mut types = syn::File { shebang: None, attrs: Vec::new(), items: Vec::new() };
    for item in &mut file.items {
        match item {
            syn::Item::Mod(module) if module.ident == "types" => {
                types.items = module.content.take().expect("progenitor writes the module's content").1;
                *item = syn::parse_quote!(
                    pub use crate::types;
                );
            }
            syn::Item::Use(import) => remove_import(&mut import.tree, "encode_path"),
            _ => {}
        }
    }
    // progenitor's `encode_path` keeps a backslash, which URL parsing then takes for a slash.
    file.items.push(syn::parse_quote!(
        use crate::client::encode_path;
    ));
    (types, file)
}

fn remove_import(tree: &mut syn::UseTree, name: &str) {
    let syn::UseTree::Path(path) = tree else { return };
    if let syn::UseTree::Group(group) = &mut *path.tree {
        let is_kept = |tree: &syn::UseTree| !matches!(tree, syn::UseTree::Name(import) if import.ident == name);
        group.items = std::mem::take(&mut group.items).into_iter().filter(is_kept).collect();
    }
}

/// The code that progenitor generates for a spec, or the parts of the spec that cannot be used.
pub fn file(spec: &Value, with_schemas: bool) -> Result<syn::File, String> {
    let or = |parts: Vec<String>, error: String| if parts.is_empty() { error } else { parts.join("\n") };
    let parsed = progenitor::parse(spec).map_err(|error| {
        format!("not an OpenAPI 3.0 spec: {}", or(locate::unparsable(spec), locate::describe("", &error)))
    })?;
    let file = progenitor::file(&parsed, with_schemas)
        .map_err(|error| format!("progenitor cannot use this spec.\n{}", or(locate::refused(spec), error)))?;
    let doubled = doubled::doubled(&file, spec);
    if doubled.is_empty() { Ok(file) } else { Err(doubled.join("\n")) }
}
