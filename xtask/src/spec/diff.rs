use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::ensure;
use clap::ValueEnum;
use serde_json::Value;

use super::compare::{Change, Comparison, Severity, operation_removed, touched_by_operation, type_of};
use super::own_path;
use super::pointer::operation_pointer;
use super::read::{read, read_own};
use super::slice::ids;
use super::texts::{Fingerprints, TextChange};
use super::update::{Selection, Updated, update};
use crate::generator::spec::{id, operations};

#[derive(clap::Args)]
pub struct Args {
    /// The full spec of the API, YAML or JSON; - for stdin
    #[arg(long, value_name = "FILE")]
    from: String,

    /// The format of the changes
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,

    /// Exit with 1 if there is any change, or a breaking one
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Markdown,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Any,
    Breaking,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let changes = changes(&read(&args.from)?, &read_own()?, &Fingerprints::read(&own_path())?)?;
    crate::print(render(&changes, args.format)?.trim_end());
    let is_breaking = |change: &Change| change.severity == Severity::Breaking;
    match args.fail_on {
        Some(FailOn::Any) => ensure!(changes.is_empty(), "there are changes"),
        Some(FailOn::Breaking) => ensure!(!changes.iter().any(is_breaking), "there are breaking changes"),
        None => {}
    }
    Ok(())
}

/// What an update from the full spec would change, most important first.
pub fn changes(full: &Value, current: &Value, fingerprints: &Fingerprints) -> anyhow::Result<Vec<Change>> {
    let missing: Vec<String> = ids(current).difference(&ids(full)).cloned().collect();
    let selection = Selection { drop: missing, ..Selection::default() };
    let Updated { spec: new, skipped, text_changes, .. } = update(full, current, &selection, fingerprints)?;
    let mut changes = Comparison::of(current, &new).into_changes();
    for change in &mut changes {
        let skipped = skipped.iter().find(|(id, _)| change.what == operation_removed(id));
        change.what.extend(skipped.map(|(_, why)| format!(": {why}")));
    }
    changes.extend(text_changes.into_iter().map(|change| {
        let (pointer, what) = match change {
            TextChange::New(pointer) => (pointer, "the text is new"),
            TextChange::Changed(pointer) => (pointer, "the text changed"),
            TextChange::Differs(pointer) => (pointer, "the API's text differs from ours, which stays"),
        };
        let touches = touched(&new, &pointer);
        Change { severity: Severity::Documentation, pointer, what: what.to_owned(), touches }
    }));
    Ok(changes)
}

/// The code and commands that are generated from the part at a pointer.
fn touched(spec: &Value, pointer: &str) -> BTreeSet<String> {
    match operations(spec).find(|(path, method, _)| pointer.starts_with(&operation_pointer(path, method))) {
        Some((_, _, operation)) => touched_by_operation(id(operation)).into_iter().collect(),
        None => Some(type_of(pointer)).filter(|name| !name.is_empty()).into_iter().collect(),
    }
}

pub(super) fn render(changes: &[Change], format: Format) -> anyhow::Result<String> {
    let mut text = String::new();
    match format {
        Format::Json => text = serde_json::to_string_pretty(changes)?,
        Format::Text => {
            for Change { severity, pointer, what, touches } in changes {
                writeln!(text, "{severity:?} at {pointer}: {what}{}", list(" (touches ", touches, ")"))?;
            }
            writeln!(text, "{}", summary(changes))?;
        }
        Format::Markdown => {
            writeln!(text, "{}\n", summary(changes))?;
            if !changes.is_empty() {
                writeln!(text, "| | place | change | touches |\n| --- | --- | --- | --- |")?;
            }
            for Change { severity, pointer, what, touches } in changes {
                let what = what.replace('|', "\\|").replace('\n', " ");
                writeln!(text, "| {severity:?} | `{pointer}` | {what} | {} |", list("`", touches, "`"))?;
            }
        }
    }
    Ok(text)
}

fn list(before: &str, touches: &BTreeSet<String>, after: &str) -> String {
    let list = touches.iter().cloned().collect::<Vec<_>>().join(", ");
    if list.is_empty() { list } else { format!("{before}{list}{after}") }
}

fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "No changes for the operations of this project.".to_owned();
    }
    let of_severity = |severity| changes.iter().filter(|change| change.severity == severity).count();
    let counts = [Severity::Breaking, Severity::Compatible, Severity::Documentation]
        .map(|severity| format!("{} {}", of_severity(severity), format!("{severity:?}").to_lowercase()));
    format!("{}: {}.", crate::count(changes.len(), "change"), counts.join(", "))
}
