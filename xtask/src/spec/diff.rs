//! What taking a full document over would change, by its meaning.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::ensure;
use clap::ValueEnum;
use serde_json::Value;

use super::compare::{Change, Comparison, Severity, touched_by_operation, type_of};
use super::slice::ids;
use super::source::place_of;
use super::texts::{Fingerprints, Foreign};
use super::update::{Selection, Taken, take};
use super::{own_document, source};
use crate::generator::document::operations;

#[derive(clap::Args)]
pub struct Args {
    /// The full document, YAML or JSON; - for stdin
    #[arg(long, value_name = "FILE")]
    from: String,

    /// How the changes are shown
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,

    /// End with 1 when there is such a change
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
    let path = own_document();
    let current = source::read_own(&path)?;
    let changes = changes(&source::read(&args.from)?, &current, &Fingerprints::read(&path)?)?;
    crate::show(render(&changes, args.format)?.trim_end());
    let is_breaking = |change: &Change| change.severity == Severity::Breaking;
    match args.fail_on {
        Some(FailOn::Any) => ensure!(changes.is_empty(), "the document changed"),
        Some(FailOn::Breaking) => {
            ensure!(!changes.iter().any(is_breaking), "the document changed, and breaks something");
        }
        None => {}
    }
    Ok(())
}

/// What the full document would change, most important first.
pub fn changes(full: &Value, current: &Value, fingerprints: &Fingerprints) -> anyhow::Result<Vec<Change>> {
    let gone: Vec<String> = ids(current).difference(&ids(full)).cloned().collect();
    let selection = Selection { drop: gone, ..Selection::default() };
    let Taken { document: new, left_out, foreign, .. } = take(full, current, &selection, fingerprints)?;
    let mut changes = Comparison::of(current, &new).into_changes();
    for change in &mut changes {
        let why = left_out.iter().find(|(id, _)| change.what == format!("the operation {id} is gone"));
        change.what.extend(why.map(|(_, why)| format!(": {why}")));
    }
    changes.extend(foreign.into_iter().map(|foreign| {
        let (place, what) = match foreign {
            Foreign::New(place) => (place, "there is a new text"),
            Foreign::Changed(place) => (place, "the text changed"),
            Foreign::Otherwise(place) => (place, "the API says it in other words; ours stay"),
        };
        let touches = touched(&new, &place);
        Change { severity: Severity::Documentation, place, what: what.to_owned(), touches }
    }));
    Ok(changes)
}

/// What of ours is made from a place.
fn touched(document: &Value, place: &str) -> BTreeSet<String> {
    let operation = operations(document).find(|(path, method, _)| place.starts_with(&place_of(path, method)));
    match operation.and_then(|(_, _, operation)| operation["operationId"].as_str()) {
        Some(id) => touched_by_operation(id).into_iter().collect(),
        None => Some(type_of(place)).filter(|name| !name.is_empty()).into_iter().collect(),
    }
}

pub(super) fn render(changes: &[Change], format: Format) -> anyhow::Result<String> {
    let mut text = String::new();
    match format {
        Format::Json => text = serde_json::to_string_pretty(changes)?,
        Format::Text => {
            for Change { severity, place, what, touches } in changes {
                writeln!(text, "{severity:?} at {place}: {what}{}", listed(" (touches ", touches, ")"))?;
            }
            writeln!(text, "{}", summary(changes))?;
        }
        Format::Markdown => {
            writeln!(text, "{}\n", summary(changes))?;
            if !changes.is_empty() {
                writeln!(text, "| | place | change | touches |\n| --- | --- | --- | --- |")?;
            }
            for Change { severity, place, what, touches } in changes {
                let what = what.replace('|', "\\|").replace('\n', " ");
                writeln!(text, "| {severity:?} | `{place}` | {what} | {} |", listed("`", touches, "`"))?;
            }
        }
    }
    Ok(text)
}

fn listed(before: &str, touches: &BTreeSet<String>, after: &str) -> String {
    let list = touches.iter().cloned().collect::<Vec<_>>().join(", ");
    if list.is_empty() { list } else { format!("{before}{list}{after}") }
}

fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "Nothing changed for the operations of this project.".to_owned();
    }
    let count = |severity| changes.iter().filter(|change| change.severity == severity).count();
    let counts = [Severity::Breaking, Severity::Compatible, Severity::Documentation]
        .map(|severity| format!("{} {}", count(severity), format!("{severity:?}").to_lowercase()));
    format!("{} changes: {}.", changes.len(), counts.join(", "))
}
