//! What a new version of the API's description means for this project, and taking it over.
//!
//! A full document is read ([`source`]), the operations of this project are taken from it ([`slice`]) and made fit for
//! the generator ([`fit`]); the project's own words are kept ([`texts`]), and all of it gets an order that does not
//! depend on the input's ([`arrange`]).

mod arrange;
mod check;
mod compare;
mod diff;
mod fit;
mod full_size;
mod operations;
mod slice;
mod source;
#[cfg(test)]
mod tests;
mod texts;
mod update;

use std::path::PathBuf;

pub use check::scratch_crate;
pub use full_size::full_size;
pub use source::read_own;
pub use update::to_yaml;

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Spec {
    /// Take the operations of this project from a full document
    Update(update::Args),
    /// Show what taking them would change, and what that breaks
    Diff(diff::Args),
    /// Say whether a document is in order
    Check(check::Args),
    /// List the operations of a document, and which of them this project has
    Operations(operations::Args),
}

pub fn run(spec: Spec) -> anyhow::Result<()> {
    match spec {
        Spec::Update(args) => update::run(&args),
        Spec::Diff(args) => diff::run(&args),
        Spec::Check(args) => check::run(&args),
        Spec::Operations(args) => operations::run(&args),
    }
}

/// The document that everything is made from.
pub fn own_document() -> PathBuf {
    crate::root().join("openapi/doit.yaml")
}
