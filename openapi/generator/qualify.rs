//! Writes out the paths that progenitor abbreviates. A schema may be called `Default` too.

use syn::visit_mut::{VisitMut, visit_path_mut};

pub fn qualify(file: &mut syn::File) {
    Qualify.visit_file_mut(file);
}

struct Qualify;

impl VisitMut for Qualify {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 && path.segments[0].ident == "Default" {
            let rest = path.segments.iter();
            *path = syn::parse_quote!(::std::default::#(#rest)::*);
        }
        visit_path_mut(self, path);
    }
}
