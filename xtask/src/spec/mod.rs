//! `cargo xtask spec`: updates the project's spec to a new version of the API's, and says what that changes.
//!
//! An update reads the full spec ([`read`]), takes the operations of this project from it ([`slice`]), rewrites what
//! the generator cannot use ([`normalize`]), keeps this project's own words ([`texts`]), puts the result in an order that
//! does not depend on the input ([`order`]), and writes it with what the next update needs ([`own`]).

mod check;
mod command_line;
mod compare;
mod diff;
#[cfg(any(test, feature = "library"))]
pub mod full_size;
mod grouping;
mod new_command;
pub mod next_version;
mod normalize;
mod operations;
mod order;
mod own;
mod pointer;
pub mod read;
pub mod scratch;
mod slice;
#[cfg(test)]
mod tests;
mod texts;
pub mod update;

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Subcommand)]
pub enum Spec {
    /// Update openapi/doit.yaml from a full spec
    Update(update::Args),
    /// Show what an update would change, and what it would break
    Diff(diff::Args),
    /// Check that a spec is complete and that code can be generated from it
    Check(check::Args),
    /// List the operations of a spec, those that openapi/doit.yaml has, and those without a command
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

/// The path of this project's spec.
fn own_path() -> PathBuf {
    crate::root().join("openapi/doit.yaml")
}
