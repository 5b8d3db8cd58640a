use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::command::{self, has_command};
use super::normalize::{Normalized, normalize};
use super::order::order;
use super::own_path;
use super::read::read;
use super::slice::{ids, slice};
use super::texts::{Fingerprints, TextChange, keep_ours};
use crate::generator;

#[derive(clap::Args)]
pub struct Args {
    /// The full spec of the API, YAML or JSON; - for stdin
    #[arg(long, value_name = "FILE")]
    pub(super) from: String,

    #[command(flatten)]
    pub(super) selection: Selection,

    /// Update FILE instead of openapi/doit.yaml; it need not exist
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// The operations to take: by default those of the current spec.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Selection {
    /// Add an operation, by its operationId; repeatable
    #[arg(long, value_name = "OPERATION")]
    pub add: Vec<String>,

    /// Drop an operation, by its operationId; repeatable
    #[arg(long, value_name = "OPERATION")]
    pub drop: Vec<String>,

    /// Take all operations of the full spec
    #[arg(long)]
    pub all: bool,
}

/// The current spec, updated from a full one.
pub struct Updated {
    pub spec: Value,
    pub fingerprints: Fingerprints,
    /// What was rewritten for the generator, a line each.
    pub rewritten: Vec<String>,
    /// The operations that the generator cannot use, and why.
    pub skipped: Vec<(String, String)>,
    pub text_changes: Vec<TextChange>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let out = args.out.clone().unwrap_or_else(own_path);
    let current_path = if out.exists() { out.clone() } else { own_path() };
    let current = read(&current_path.display().to_string())?;
    let full = read(&args.from)?;
    let updated = update(&full, &current, &args.selection, &Fingerprints::read(&current_path)?)?;
    // A new operation can be skipped. A current one would be lost.
    if let Some((id, why)) = updated.skipped.iter().find(|(id, _)| ids(&current).contains(id)) {
        bail!("the generator can no longer use {id}; remove it with --drop {id}: {why}");
    }
    for note in notes(&updated) {
        crate::print(&note);
    }
    let (text, name) = (to_yaml(&updated.spec)?, out.display().to_string());
    generator::generate(&name, &text, true).map_err(anyhow::Error::msg)?;
    let mut is_changed = write(&out, &text)?;
    let fingerprints = Fingerprints::path(&out);
    if updated.fingerprints != Fingerprints::read(&out)? {
        is_changed |= write(&fingerprints, &updated.fingerprints.to_json())?;
    }
    if is_changed {
        crate::print(&format!("Updated {name}. openapi/README.md has the next steps."));
    } else {
        crate::print(&format!("{name} is unchanged."));
    }
    for id in args.selection.add.iter().filter(|id| !has_command(id)) {
        command::steps(id)?.iter().for_each(|line| crate::print(line));
    }
    Ok(())
}

/// Updates the current spec from the full one.
pub fn update(
    full: &Value,
    current: &Value,
    selection: &Selection,
    fingerprints: &Fingerprints,
) -> anyhow::Result<Updated> {
    let wanted = selection.ids(&ids(full), &ids(current))?;
    let Normalized { mut spec, rewritten, skipped } = normalize(slice(full, &wanted)?)?;
    let (fingerprints, text_changes) = keep_ours(&mut spec, current, fingerprints);
    Ok(Updated { spec: order(spec, Some(current)), fingerprints, rewritten, skipped, text_changes })
}

/// What the user should know about an update, a line each.
fn notes(updated: &Updated) -> impl Iterator<Item = String> {
    let skipped = updated.skipped.iter().map(|(id, why)| format!("skipped {id}: {why}"));
    let texts = updated.text_changes.iter().filter_map(|change| match change {
        TextChange::New(pointer) => Some(format!("new text at {pointer}: rewrite it in our words")),
        TextChange::Changed(pointer) => Some(format!("the API changed its text at {pointer}: rewrite it in our words")),
        TextChange::Differs(_) => None,
    });
    updated.rewritten.iter().cloned().chain(skipped).chain(texts)
}

impl Selection {
    /// The ids of the selected operations, given those of the full and the current spec.
    fn ids(&self, full: &BTreeSet<String>, current: &BTreeSet<String>) -> anyhow::Result<BTreeSet<String>> {
        if let Some(id) = self.add.iter().find(|id| !full.contains(*id)) {
            bail!("--add {id}: operation not found; `cargo xtask spec operations --from FILE` lists them");
        }
        if let Some(id) = self.drop.iter().find(|id| !full.contains(*id) && !current.contains(*id)) {
            bail!("--drop {id}: operation not found");
        }
        let base = if self.all { full } else { current };
        let added = base.iter().chain(&self.add);
        let wanted: BTreeSet<String> = added.filter(|id| !self.drop.contains(id)).cloned().collect();
        let missing: Vec<&str> = wanted.difference(full).map(String::as_str).collect();
        ensure!(
            missing.is_empty(),
            "the full spec no longer has {}; confirm with {}",
            missing.join(", "),
            missing.iter().map(|id| format!("--drop {id}")).collect::<Vec<_>>().join(" ")
        );
        ensure!(!wanted.is_empty(), "no operations are selected");
        Ok(wanted)
    }
}

/// The YAML of a spec, in the one form that an update writes.
pub fn to_yaml(spec: &Value) -> anyhow::Result<String> {
    Ok(serde_saphyr::to_string(&Plain(spec))?)
}

/// A value whose numbers are numbers to every serializer: the command line turns on a feature of `serde_json` that writes
/// them in a form of its own.
struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(values) => serializer.collect_seq(values.iter().map(Plain)),
            Value::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, Plain(value)))),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(integer), ..) => serializer.serialize_i64(integer),
                (None, Some(integer), _) => serializer.serialize_u64(integer),
                (None, None, float) => serializer.serialize_f64(float.unwrap_or_default()),
            },
            other => other.serialize(serializer),
        }
    }
}

/// Replaces the content of a file at once, through a temporary one beside it. Returns whether the content changed.
fn write(path: &Path, text: &str) -> anyhow::Result<bool> {
    if std::fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(false);
    }
    let temporary = path.with_extension("new");
    let written = std::fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.with_context(|| temporary.display().to_string())?;
    std::fs::rename(&temporary, path).with_context(|| path.display().to_string())?;
    Ok(true)
}
