//! `cargo xtask spec operations`: what a spec has, what of it this project has, and what has no command.

use super::command_line::CommandLine;
use super::order::order;
use super::read::{read, read_own};
use super::slice::ids;
use crate::generator::spec::{id, operations};

#[derive(clap::Args)]
pub struct Args {
    /// The spec to list, YAML or JSON; - for stdin [default: openapi/doit.yaml]
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let own = read_own()?;
    let spec = match &args.from {
        Some(from) => read(from)?,
        None => own.clone(),
    };
    let (own, all) = (ids(&own), ids(&spec));
    for (path, method, operation) in operations(&order(spec, None)) {
        let (id, summary) = (id(operation), operation["summary"].as_str().unwrap_or_default());
        let mark = if own.contains(id) { '*' } else { ' ' };
        crate::print(&format!("{mark} {id:<32} {:<6} {path}  {summary}", method.to_uppercase()));
    }
    let shared: Vec<&String> = all.intersection(&own).collect();
    crate::print(&format!("{} operations, of which openapi/doit.yaml has {} (*)", all.len(), shared.len()));
    let command_line = CommandLine::read()?;
    let without: Vec<&str> = shared.iter().filter(|id| !command_line.has_command(id)).map(|id| id.as_str()).collect();
    if !without.is_empty() {
        crate::print(&format!("In openapi/doit.yaml without a command: {}", without.join(", ")));
    }
    let missing: Vec<&str> = own.difference(&all).map(String::as_str).collect();
    if !missing.is_empty() {
        crate::print(&format!("Only in openapi/doit.yaml: {}", missing.join(", ")));
    }
    Ok(())
}
