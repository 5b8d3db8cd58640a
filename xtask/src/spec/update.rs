use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::fit::{Fitted, fit};
use super::slice::{ids, slice};
use super::texts::{Fingerprints, Foreign, keep_ours};
use super::{arrange, own_document, source};
use crate::generator;

#[derive(clap::Args)]
pub struct Args {
    /// The full document, YAML or JSON; - for stdin
    #[arg(long, value_name = "FILE")]
    pub(super) from: String,

    #[command(flatten)]
    pub(super) selection: Selection,

    /// Write to this file in place of openapi/doit.yaml; what is in it is what there is now
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// Which operations are taken: those that there are, and what is said here.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Selection {
    /// Take this operation too, by its operationId
    #[arg(long, value_name = "OPERATION")]
    pub add: Vec<String>,

    /// Let this operation go
    #[arg(long, value_name = "OPERATION")]
    pub drop: Vec<String>,

    /// Take all operations of the document
    #[arg(long)]
    pub all: bool,
}

/// What a full document makes of the current one.
pub struct Taken {
    pub document: Value,
    pub fingerprints: Fingerprints,
    /// What was made fit for the generator, a line each.
    pub rewritten: Vec<String>,
    /// The operations that could not be, and why.
    pub left_out: Vec<(String, String)>,
    pub foreign: Vec<Foreign>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let out = args.out.clone().unwrap_or_else(own_document);
    let basis = if out.exists() { out.clone() } else { own_document() };
    let current = source::read_own(&basis)?;
    let full = source::read(&args.from)?;
    let taken = take(&full, &current, &args.selection, &Fingerprints::read(&basis)?)?;
    // One that is new can wait; one that there is would be lost.
    if let Some((id, why)) = taken.left_out.iter().find(|(id, _)| ids(&current).contains(id)) {
        bail!("{id} can no longer be used, and goes only with --drop {id}: {why}");
    }
    for note in notes(&taken) {
        crate::show(&note);
    }
    let (text, name) = (to_yaml(&taken.document)?, out.display().to_string());
    generator::generate(&name, &text, true).map_err(anyhow::Error::msg)?;
    let mut is_changed = write(&out, &text)?;
    let fingerprints = Fingerprints::path(&out);
    if taken.fingerprints != Fingerprints::read(&out)? {
        is_changed |= write(&fingerprints, &taken.fingerprints.to_json())?;
    }
    if is_changed {
        crate::show(&format!("{name} is written. `cargo test --workspace` shows what follows from it, and"));
        crate::show("`INSTA_UPDATE=always cargo test --workspace` accepts that once it was read.");
    } else {
        crate::show(&format!("{name} is as it was."));
    }
    Ok(())
}

/// The operations of the current document, more or fewer, from the full one.
pub fn take(
    full: &Value,
    current: &Value,
    selection: &Selection,
    fingerprints: &Fingerprints,
) -> anyhow::Result<Taken> {
    let wanted = wanted(&ids(full), &ids(current), selection)?;
    let Fitted { mut document, rewritten, left_out } = fit(slice(full, &wanted)?)?;
    let (fingerprints, foreign) = keep_ours(&mut document, current, fingerprints);
    let document = arrange::arrange(document, Some(current));
    Ok(Taken { document, fingerprints, rewritten, left_out, foreign })
}

/// What was done, a line each.
fn notes(taken: &Taken) -> impl Iterator<Item = String> {
    let left_out = taken.left_out.iter().map(|(id, why)| format!("left out {id}: {why}"));
    let foreign = taken.foreign.iter().filter_map(|foreign| match foreign {
        Foreign::New(place) => Some(format!("new text at {place}: put it in our words")),
        Foreign::Changed(place) => Some(format!("the API's text changed at {place}: put it in our words")),
        Foreign::Otherwise(_) => None,
    });
    taken.rewritten.iter().cloned().chain(left_out).chain(foreign)
}

fn wanted(
    known: &BTreeSet<String>,
    current: &BTreeSet<String>,
    selection: &Selection,
) -> anyhow::Result<BTreeSet<String>> {
    if let Some(id) = selection.add.iter().find(|id| !known.contains(*id)) {
        bail!("--add {id}: the document has no such operation; `cargo xtask spec operations --from …` lists them");
    }
    if let Some(id) = selection.drop.iter().find(|id| !known.contains(*id) && !current.contains(*id)) {
        bail!("--drop {id}: there is no such operation");
    }
    let base = if selection.all { known } else { current };
    let added = base.iter().chain(&selection.add);
    let wanted: BTreeSet<String> = added.filter(|id| !selection.drop.contains(id)).cloned().collect();
    let gone: Vec<&str> = wanted.difference(known).map(String::as_str).collect();
    ensure!(
        gone.is_empty(),
        "the document no longer has {}; let them go with {}",
        gone.join(", "),
        gone.iter().map(|id| format!("--drop {id}")).collect::<Vec<_>>().join(" ")
    );
    ensure!(!wanted.is_empty(), "no operation is left");
    Ok(wanted)
}

/// The one form in which a document is written.
pub fn to_yaml(document: &Value) -> anyhow::Result<String> {
    Ok(serde_saphyr::to_string(document)?)
}

/// Writes the file beside its place, then renames it, and says whether that changed it.
fn write(path: &Path, text: &str) -> anyhow::Result<bool> {
    if std::fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(false);
    }
    let beside = path.with_extension("new");
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| beside.display().to_string())?;
    std::fs::rename(&beside, path).with_context(|| path.display().to_string())?;
    Ok(true)
}
