use std::collections::BTreeSet;

use super::slice::ids;
use super::{own_document, source};
use crate::generator::document;

#[derive(clap::Args)]
pub struct Args {
    /// The document, YAML or JSON; - for stdin; without it, that of this project
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let own = source::read_own(&own_document())?;
    let document = match &args.from {
        Some(from) => source::read(from)?,
        None => own.clone(),
    };
    let (own, all) = (ids(&own), ids(&document));
    for (path, method, operation) in document::operations(&document) {
        let (id, summary) = (operation["operationId"].as_str().unwrap_or_default(), &operation["summary"]);
        let mark = if own.contains(id) { '*' } else { ' ' };
        let method = method.to_uppercase();
        crate::show(&format!("{mark} {id:<32} {method:<6} {path}  {}", summary.as_str().unwrap_or_default()));
    }
    let taken = all.intersection(&own).count();
    crate::show(&format!("{} operations, {taken} of them (*) in openapi/doit.yaml", all.len()));
    let gone: BTreeSet<&String> = own.difference(&all).collect();
    if !gone.is_empty() {
        crate::show(&format!("openapi/doit.yaml has more: {gone:?}"));
    }
    Ok(())
}
