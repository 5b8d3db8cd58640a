//! A snapshot of the public API, so that review sees each change by hand or by the spec. A line that is removed or
//! changed breaks users of the crate; a line that is added does not.
//!
//! `syn` reads the API from the sources: rustdoc's JSON, which `cargo public-api` uses, needs a nightly compiler.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{Item, Visibility};

use crate::{generator, root};

struct Api {
    lines: BTreeSet<String>,
    generated: generator::Generated,
}

/// The file of a module, and the folder of its inner modules.
struct Module {
    path: String,
    file: syn::File,
    folder: PathBuf,
}

fn read(path: &str, folder: &Path, name: &str) -> Module {
    let beside = folder.join(format!("{name}.rs"));
    let inside = folder.join(name).join("mod.rs");
    let file = if beside.exists() { beside } else { inside };
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Module { path: path.to_owned(), file: syn::parse_file(&text).expect("Rust"), folder: folder.join(name) }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn format_tokens(tokens: impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" :", ":"),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ;", ";"),
    ]
    .iter()
    .fold(text, |text, (from, to)| text.replace(from, to))
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg") && format_tokens(&attribute.meta).contains("test"))
}

impl Api {
    fn add(&mut self, path: &str, line: &str) {
        self.lines.insert(format!("{path}: {line}"));
    }

    /// Adds everything that is public in a module.
    fn module(&mut self, module: &Module) {
        for item in &module.file.items {
            match item {
                Item::Mod(inner) if is_public(&inner.vis) && inner.content.is_none() => {
                    let name = inner.ident.to_string();
                    let folder = if module.path == "dci" { root().join("src") } else { module.folder.clone() };
                    self.module(&read(&format!("{}::{name}", module.path), &folder, &name));
                }
                Item::Use(import) if is_public(&import.vis) => self.import(module, &import.tree, &mut Vec::new()),
                item => self.item(&module.path, item, &module.file),
            }
        }
    }

    /// Adds what a module re-exports.
    fn import(&mut self, module: &Module, tree: &syn::UseTree, path: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(module, &step.tree, path);
                path.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(module, tree, path)),
            syn::UseTree::Name(name) => self.imported(module, path, &name.ident.to_string()),
            syn::UseTree::Rename(_) | syn::UseTree::Glob(_) => panic!("re-export by name: {}", format_tokens(tree)),
        }
    }

    fn imported(&mut self, module: &Module, path: &[String], name: &str) {
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let text = |text: &str| syn::parse_file(text).expect("Rust");
        let source = match (&steps[..], name) {
            (["generated"], "types") => {
                let types = Module { path: "dci::types".into(), file: text(&self.generated.types), folder: root() };
                return self.module(&types);
            }
            (["generated", "schemas"], _) => text(&self.generated.schemas),
            (["crate", "generated", "operations"], _) => text(&self.generated.operations),
            (["crate", "generated", "client"], "builder" | "Client") => text(&self.generated.client),
            (["crate", ..], _) => return self.add(&module.path, &format!("use {}::{name}", steps.join("::"))),
            ([private], _) => {
                let folder = if module.path == "dci" { root().join("src") } else { module.folder.clone() };
                read(&module.path, &folder, private).file
            }
            _ => panic!("{}: {}::{name}", module.path, steps.join("::")),
        };
        for item in source.items.iter().filter(|item| name_of(item).as_deref() == Some(name)) {
            self.item(&module.path, item, &source);
        }
        // The source can re-export it, too.
        let reexports = source.items.iter().filter_map(|item| match item {
            Item::Use(import) if is_public(&import.vis) && format_tokens(&import.tree).contains(name) => Some(import),
            _ => None,
        });
        if reexports.count() > 0 {
            self.add(&module.path, name);
        }
    }

    fn item(&mut self, path: &str, item: &Item, file: &syn::File) {
        match item {
            Item::Struct(item) if is_public(&item.vis) => {
                let name = format!("{path}::{}", item.ident);
                self.add(&name, "struct");
                self.derives(&name, &item.attrs);
                for field in item.fields.iter().filter(|field| is_public(&field.vis)) {
                    let field_name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                    self.add(&name, &format!("{field_name}: {}", format_tokens(&field.ty)));
                }
                self.impls(&name, &item.ident, file);
            }
            Item::Enum(item) if is_public(&item.vis) => {
                let name = format!("{path}::{}", item.ident);
                let is_open = item.attrs.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"));
                self.add(&name, if is_open { "enum, may grow" } else { "enum" });
                self.derives(&name, &item.attrs);
                for variant in &item.variants {
                    let fields: Vec<String> = variant.fields.iter().map(|field| format_tokens(&field.ty)).collect();
                    let fields = if fields.is_empty() { String::new() } else { format!("({})", fields.join(", ")) };
                    self.add(&name, &format!("{}{fields}", variant.ident));
                }
                self.impls(&name, &item.ident, file);
            }
            Item::Trait(item) if is_public(&item.vis) => self.add(path, &format!("trait {}", item.ident)),
            Item::Fn(item) if is_public(&item.vis) => self.add(path, &format_tokens(&item.sig)),
            Item::Const(item) if is_public(&item.vis) => {
                self.add(path, &format!("const {}: {}", item.ident, format_tokens(&item.ty)));
            }
            Item::Static(item) if is_public(&item.vis) => {
                self.add(path, &format!("static {}: {}", item.ident, format_tokens(&item.ty)));
            }
            Item::Mod(inner) if is_public(&inner.vis) && !is_test(&inner.attrs) => {
                let items = inner.content.as_ref().map(|(_, items)| items.clone()).unwrap_or_default();
                let file = syn::File { shebang: None, attrs: Vec::new(), items };
                // Except the builders and errors of the generated types, which follow from the types.
                if path != "dci::types" {
                    file.items.iter().for_each(|item| self.item(&format!("{path}::{}", inner.ident), item, &file));
                }
            }
            _ => {}
        }
    }

    fn derives(&mut self, name: &str, attributes: &[syn::Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            let _ = attribute.parse_nested_meta(|derived| {
                let derived = format_tokens(&derived.path);
                self.add(name, &format!("impl {}", derived.trim_start_matches("::")));
                Ok(())
            });
        }
    }

    fn impls(&mut self, name: &str, ident: &syn::Ident, file: &syn::File) {
        for item in &file.items {
            let Item::Impl(item) = item else { continue };
            let of = format_tokens(&item.self_ty);
            if *ident != of && !of.starts_with(&format!("{ident}<")) {
                continue;
            }
            if let Some((_, of_trait, _)) = &item.trait_ {
                self.add(name, &format!("impl {}", format_tokens(of_trait)));
                continue;
            }
            for item in &item.items {
                match item {
                    syn::ImplItem::Fn(item) if is_public(&item.vis) => self.add(name, &format_tokens(&item.sig)),
                    syn::ImplItem::Const(item) if is_public(&item.vis) => {
                        self.add(name, &format!("const {}: {}", item.ident, format_tokens(&item.ty)));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Const(item) => item.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Mod(item) => item.ident.to_string(),
        _ => return None,
    })
}

#[test]
fn the_public_api_is_as_it_was_reviewed() {
    let spec = std::fs::read_to_string(root().join("openapi/doit.yaml")).expect("the spec");
    let generated = generator::generate("openapi/doit.yaml", &spec, true).expect("the spec can be used");
    let operations = syn::parse_file(&generated.operations).expect("Rust");
    let mut api = Api { lines: BTreeSet::new(), generated };
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).expect("the library");
    api.module(&Module { path: "dci".into(), file: syn::parse_file(&lib).expect("Rust"), folder: root().join("src") });
    // The type is in a source file, its constants in the generated one.
    let operation: syn::Ident = syn::parse_quote!(Operation);
    api.impls("dci::operation::Operation", &operation, &operations);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(api.lines.into_iter().collect::<Vec<_>>().join("\n"));
    });
}
