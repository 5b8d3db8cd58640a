use std::collections::BTreeSet;

use anyhow::bail;
use serde_json::Value;

use super::own_path;
use super::pointer::{follow, operation_pointer, walk};
use super::read::read;
use super::scratch::{compile, scratch_crate};
use super::slice::{ids, slice};
use crate::generator;
use crate::generator::spec::{id, methods};

#[derive(clap::Args)]
pub struct Args {
    /// The spec to check; - for stdin [default: openapi/doit.yaml]
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    /// Also compile the library with this spec, and a call of each operation, in a scratch crate under target/
    #[arg(long)]
    compile: bool,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let file = args.file.clone().unwrap_or_else(|| own_path().display().to_string());
    let spec = read(&file)?;
    let problems = problems(&spec);
    for problem in &problems {
        crate::print(problem);
    }
    if !problems.is_empty() {
        bail!("{file} has {}", crate::count(problems.len(), "problem"));
    }
    let proof = if args.compile {
        compile(&scratch_crate(&spec)?, "client,schemars")?;
        "The generated code compiles."
    } else {
        "Only --compile proves that the generated code compiles."
    };
    crate::print(&format!("{file} has no known problems: {}. {proof}", crate::count(ids(&spec).len(), "operation")));
    Ok(())
}

/// The problems of a spec, each with its location.
pub fn problems(spec: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    walk(spec, "#", &mut |pointer, value| {
        if let Some(reference) = value["$ref"].as_str() {
            problems.extend(follow(spec, pointer, reference).err().map(|error| format!("{error:#}")));
        }
    });
    if problems.is_empty() {
        problems.extend(unused(spec));
    }
    let without_id = methods(spec).filter(|(_, _, operation)| id(operation).trim().is_empty());
    problems.extend(
        without_id
            .map(|(path, method, _)| format!("at {}: the operationId is missing", operation_pointer(path, method))),
    );
    if problems.is_empty() {
        problems.extend(generator::file(spec, true).err());
    }
    problems
}

/// The components that no operation uses.
fn unused(spec: &Value) -> Vec<String> {
    let used = match slice(spec, &ids(spec)) {
        Ok(used) => components(&used),
        Err(error) => return vec![format!("{error:#}")],
    };
    components(spec).difference(&used).map(|pointer| format!("at {pointer}: it is unused")).collect()
}

fn components(spec: &Value) -> BTreeSet<String> {
    let kinds = spec["components"].as_object().into_iter().flatten();
    let named =
        kinds.flat_map(|(kind, parts)| parts.as_object().into_iter().flatten().map(move |(name, _)| (kind, name)));
    named.map(|(kind, name)| format!("#/components/{kind}/{name}")).collect()
}
