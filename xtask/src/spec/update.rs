//! `spec update`: updates this project's spec from a full one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{bail, ensure};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::command_line::CommandLine;
use super::compare::{Renames, renames};
use super::grouping::{grouped, places};
use super::new_command::steps;
use super::normalize::{Rewrite, normalize, refused};
use super::order::order;
use super::own::{self, OldTexts, Own, facts, old_texts_path};
use super::own_path;
use super::read::read;
use super::slice::{failures, ids, slice};
use super::texts::{TextChange, TextKind, forget_ours, keep_ours};
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

    /// List each place of a note
    #[arg(long)]
    pub(super) texts: bool,
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
    /// See [`Own::api`].
    pub api: Value,
    pub old_texts: OldTexts,
    /// What was rewritten for the generator.
    pub rewritten: Vec<Rewrite>,
    /// The operations that cannot be used, and why.
    pub skipped: Vec<(String, String)>,
    pub text_changes: Vec<TextChange>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let out = args.out.clone().unwrap_or_else(own_path);
    let own = Own::read(&if out.exists() { out.clone() } else { own_path() })?;
    let updated = update(&read(&args.from)?, &own, &args.selection)?;
    // A new operation can be skipped. A current one would be lost.
    if let Some((id, why)) = updated.skipped.iter().find(|(id, _)| ids(&own.spec).contains(id)) {
        bail!("the generator can no longer use {id}; remove it with --drop {id}: {why}");
    }
    let name = out.display().to_string();
    for note in notes(&updated, &old_texts_path(&out).display().to_string(), args.texts) {
        crate::print(&note);
    }
    generator::generate(&name, &to_yaml(&updated.spec)?, true).map_err(anyhow::Error::msg)?;
    if own::write(&out, &updated)? {
        crate::print(&format!("Updated {name}. openapi/README.md has the next steps."));
    } else {
        crate::print(&format!("{name} is unchanged."));
    }
    let command_line = CommandLine::read()?;
    for id in args.selection.add.iter().filter(|id| !command_line.has_command(id)) {
        crate::print(&steps(id)?.join("\n"));
    }
    Ok(())
}

/// Updates the current spec from the full one. The order of the full spec does not matter.
pub fn update(full: &Value, own: &Own, selection: &Selection) -> anyhow::Result<Updated> {
    let full = &order(full.clone(), None);
    let renames = renames_since(own, full);
    let wanted = selection.ids(&ids(full), &ids(&own.spec), &renames)?;
    let without = |ids: &BTreeSet<String>, failures: &[(String, String)]| -> BTreeSet<String> {
        ids.iter().filter(|id| failures.iter().all(|(failed, _)| failed != *id)).cloned().collect()
    };
    let mut skipped = failures(&wanted, &|ids| slice(full, ids).map(drop));
    let (normalized, rewritten) = normalize(slice(full, &without(&wanted, &skipped))?)?;
    skipped.extend(refused(&normalized));
    skipped.sort();
    let mut spec = slice(&normalized, &without(&wanted, &skipped))?;

    let part = slice(full, &ids(&spec))?;
    let mut api = facts(&part, full);
    forget_ours(&mut api, &part, own);
    let (fingerprints, _) = normalize(facts(&part, full))?;
    let before = own.normalized_api()?;
    let (text_changes, old_texts) = keep_ours(&mut spec, &fingerprints, own, before.as_ref(), &renames);
    let (spec, api) = (order(spec, Some(&own.spec)), order(api, own.api.as_ref()));
    Ok(Updated { spec, api, old_texts, rewritten, skipped, text_changes })
}

/// The operations of this project that the full spec has under other ids.
pub fn renames_since(own: &Own, full: &Value) -> Renames {
    let known = own.all_operations().unwrap_or_else(|| ids(own.base()));
    renames(own.base(), full, &known)
}

/// What the user should know about an update, a line each.
pub(super) fn notes(updated: &Updated, old_texts: &str, all_places: bool) -> Vec<String> {
    let rewritten = updated
        .rewritten
        .iter()
        .map(|rewrite| ((format!("{} at", rewrite.rule), rewrite.what.clone()), rewrite.pointer.as_str()));
    let skipped = updated.skipped.iter().map(|(id, why)| (("skipped".to_owned(), why.clone()), id.as_str()));
    let texts = updated.text_changes.iter().filter_map(|TextChange { kind, pointer }| {
        let (subject, what) = match kind {
            TextKind::New => ("new text at", "rewrite it in our words".to_owned()),
            TextKind::Changed => {
                ("the API changed its text at", format!("rewrite it in our words; {old_texts} has the earlier ones"))
            }
            TextKind::Homeless => ("our text has no place any more, at", format!("it is kept in {old_texts}")),
            TextKind::Removed => ("the API removed its text at", "it had none of ours".to_owned()),
            TextKind::Differs => return None,
        };
        Some(((subject.to_owned(), what), pointer.as_str()))
    });
    let groups = grouped(rewritten.chain(skipped).chain(texts));
    let lines = groups.into_iter().flat_map(|((subject, what), at)| {
        let places = if all_places { at.into_iter().map(str::to_owned).collect() } else { vec![places(&at)] };
        places.into_iter().map(move |place| format!("{subject} {place}: {what}"))
    });
    lines.collect()
}

impl Selection {
    /// The ids of the selected operations, given those of the full and the current spec.
    fn ids(
        &self,
        full: &BTreeSet<String>,
        current: &BTreeSet<String>,
        renames: &Renames,
    ) -> anyhow::Result<BTreeSet<String>> {
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
        if !missing.is_empty() {
            let told = |id: &&str| match renames.get(*id) {
                Some(new) => (format!("{id} (now called {new})"), format!("--drop {id} --add {new}")),
                None => ((*id).to_owned(), format!("--drop {id}")),
            };
            let (names, options): (Vec<_>, Vec<_>) = missing.iter().map(told).unzip();
            bail!("the full spec no longer has {}; confirm with {}", names.join(", "), options.join(" "));
        }
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
