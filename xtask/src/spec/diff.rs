//! `spec diff`: what an update would change, or what differs between any two specs.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::ensure;
use clap::ValueEnum;
use serde_json::Value;

use super::command_line::CommandLine;
use super::compare::{Audience, Change, Comparison, Renames, Severity, renames, type_of};
use super::grouping::{grouped, places};
use super::order::order;
use super::own::Own;
use super::own_path;
use super::pointer::operation_pointer;
use super::read::read;
use super::slice::ids;
use super::texts::{TextChange, TextKind, differences};
use super::update::{Selection, Updated, renames_since, update};
use crate::generator::spec::{id, operations};

#[derive(clap::Args)]
pub struct Args {
    /// The full spec of the API, YAML or JSON; - for stdin
    #[arg(long, value_name = "FILE")]
    from: String,

    /// Compare with this spec, and all of its operations, instead of openapi/doit.yaml
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    /// List each text that differs, and each place of a change
    #[arg(long)]
    texts: bool,

    /// The format of the changes; JSON has all texts
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

/// What differs between two specs.
#[derive(Debug, Eq, PartialEq)]
pub struct Diff {
    /// Most important first.
    pub changes: Vec<Change>,
    pub texts: Vec<Change>,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let (new, command_line) = (read(&args.from)?, CommandLine::read()?);
    let diff = match &args.file {
        Some(old) => between(&read(old)?, &new, &command_line),
        None => since_update(&Own::read(&own_path())?, &new, &command_line)?,
    };
    crate::print(render(&diff, args.format, args.texts)?.trim_end());
    let is_breaking = |change: &Change| change.severity == Severity::Breaking;
    match args.fail_on {
        Some(FailOn::Any) => ensure!(diff.changes.is_empty() && diff.texts.is_empty(), "there are changes"),
        Some(FailOn::Breaking) => ensure!(!diff.changes.iter().any(is_breaking), "there are breaking changes"),
        None => {}
    }
    Ok(())
}

/// What differs between any two specs.
pub fn between(old: &Value, new: &Value, command_line: &CommandLine) -> Diff {
    let (old, new) = (&order(old.clone(), None), &order(new.clone(), None));
    let renames = renames(old, new, &ids(old));
    let mut changes = Comparison::of(old, new, &renames).changes(command_line);
    changes.extend(new_operations(new, &ids(old), &renames));
    changes.sort_by_key(|change| change.severity);
    let texts = text_changes(differences(old, new, &renames), new, command_line);
    Diff { changes, texts }
}

/// What an update from the full spec would change. The API's own specs are compared, before they are normalized.
pub fn since_update(own: &Own, full: &Value, command_line: &CommandLine) -> anyhow::Result<Diff> {
    let full = &order(full.clone(), None);
    let renames = renames_since(own, full);
    let missing: Vec<String> = ids(&own.spec).difference(&ids(full)).cloned().collect();
    let new_ids = missing.iter().filter_map(|id| renames.get(id)).cloned().collect();
    let selection = Selection { drop: missing, add: new_ids, ..Selection::default() };
    let Updated { spec, skipped, text_changes: texts, .. } = update(full, own, &selection)?;

    let mut changes = Comparison::of(own.base(), full, &renames).changes(command_line);
    changes.extend(unusable(full, &skipped, command_line));
    // Without a list of the operations that the API had, which are new is not known.
    changes.extend(own.all_operations().into_iter().flat_map(|known| new_operations(full, &known, &renames)));
    changes.sort_by_key(|change| change.severity);
    Ok(Diff { changes, texts: text_changes(texts, &spec, command_line) })
}

/// The operations of ours that cannot be used any more.
fn unusable(full: &Value, skipped: &[(String, String)], command_line: &CommandLine) -> Vec<Change> {
    let change = |(path, method, operation): (&str, &str, &Value)| {
        let (id, why) = skipped.iter().find(|(skipped, _)| skipped == id(operation))?;
        Some(Change {
            severity: Severity::Breaking,
            concerns: [Audience::Requests, Audience::Crate, Audience::Scripts].into(),
            pointer: operation_pointer(path, method),
            what: format!("the generator can no longer use {id}: {why}"),
            touches: command_line.touched_by(id),
        })
    };
    operations(full).filter_map(change).collect()
}

/// The operations that were not known before and are not renamed.
fn new_operations(new: &Value, known: &BTreeSet<String>, renames: &Renames) -> Vec<Change> {
    let is_new = |id: &str| !known.contains(id) && renames.values().all(|renamed| renamed != id);
    let change = |(path, method, operation): (&str, &str, &Value)| {
        let summary = operation["summary"].as_str().map(|summary| format!(": {summary}")).unwrap_or_default();
        let what = format!("the operation {} is new{summary}", id(operation));
        let (severity, pointer) = (Severity::Compatible, operation_pointer(path, method));
        Change { severity, concerns: BTreeSet::new(), pointer, what, touches: BTreeSet::new() }
    };
    operations(new).filter(|(_, _, operation)| is_new(id(operation))).map(change).collect()
}

fn text_changes(texts: Vec<TextChange>, spec: &Value, command_line: &CommandLine) -> Vec<Change> {
    let change = |TextChange { kind, pointer }: TextChange| {
        let what = match kind {
            TextKind::New => "new text",
            TextKind::Changed => "changed text",
            TextKind::Differs => "text that differs from ours, which stays",
            TextKind::Removed => "removed text",
            TextKind::Homeless => "text of ours that has no place any more",
        };
        let touches = touched(spec, &pointer, command_line);
        let (severity, concerns) = (Severity::Documentation, BTreeSet::from([Audience::Docs]));
        Change { severity, concerns, pointer, what: what.to_owned(), touches }
    };
    texts.into_iter().map(change).collect()
}

/// The code, commands and files that have the text at a pointer.
fn touched(spec: &Value, pointer: &str, command_line: &CommandLine) -> BTreeSet<String> {
    let is_in = |(path, method, _): &(&str, &str, &Value)| pointer.starts_with(&operation_pointer(path, method));
    match operations(spec).find(is_in) {
        Some((_, _, operation)) => command_line.touched_by(id(operation)),
        None => type_of(pointer).into_iter().collect(),
    }
}

/// The changes in a format. Texts are a count, unless each of them `is_listed`.
pub(super) fn render(diff: &Diff, format: Format, is_listed: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    if let Format::Json = format {
        return Ok(serde_json::to_string_pretty(&diff.changes.iter().chain(&diff.texts).collect::<Vec<_>>())?);
    }
    let texts = if is_listed { &diff.texts[..] } else { &[] };
    let lines = lines(diff.changes.iter().chain(texts), is_listed);
    if let Format::Markdown = format {
        writeln!(text, "{}\n", summary(diff))?;
        if !lines.is_empty() {
            writeln!(text, "| | concerns | place | change | touches |\n| --- | --- | --- | --- | --- |")?;
        }
    }
    for Line { change, places, touches } in lines {
        let Change { severity, concerns, what, .. } = change;
        let concerns: Vec<String> = concerns.iter().map(|one| format!("{one:?}").to_lowercase()).collect();
        let (concerns, touches) = (concerns.join(", "), list(&touches));
        if let Format::Markdown = format {
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let code = |text: String| if text.is_empty() { text } else { format!("`{text}`") };
            writeln!(
                text,
                "| {severity:?} | {concerns} | `{}` | {} | {} |",
                cell(&places),
                cell(what),
                code(cell(&touches))
            )?;
        } else {
            let is_told = !concerns.is_empty() && *severity != Severity::Documentation;
            let concerns = if is_told { format!(" for {concerns}") } else { String::new() };
            let touches = if touches.is_empty() { touches } else { format!(" (touches {touches})") };
            writeln!(text, "{severity:?}{concerns} at {places}: {what}{touches}")?;
        }
    }
    if let Format::Text = format {
        writeln!(text, "{}", summary(diff))?;
    }
    Ok(text)
}

/// The first of the things that a change touches. JSON has all.
fn list(touches: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 12;
    let shown = touches.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if touches.len() > SHOWN { format!("{shown} and {} more", touches.len() - SHOWN) } else { shown }
}

/// The same change at one or more places.
struct Line<'a> {
    change: &'a Change,
    places: String,
    touches: BTreeSet<&'a str>,
}

fn lines<'a>(changes: impl Iterator<Item = &'a Change>, is_listed: bool) -> Vec<Line<'a>> {
    let line = |changes: &[&'a Change]| Line {
        change: changes[0],
        places: places(&changes.iter().map(|change| &change.pointer).collect::<Vec<_>>()),
        touches: changes.iter().flat_map(|change| &change.touches).map(String::as_str).collect(),
    };
    let groups = grouped(changes.map(|change| ((change.severity, &change.concerns, &change.what), change)));
    let lines = groups.iter().flat_map(|(_, changes)| {
        let size = if is_listed { 1 } else { changes.len() };
        changes.chunks(size).map(line)
    });
    lines.collect()
}

fn summary(diff: &Diff) -> String {
    let mut text = if diff.changes.is_empty() {
        "No changes except texts.".to_owned()
    } else {
        let of_severity = |severity| diff.changes.iter().filter(|change| change.severity == severity).count();
        let counts = [Severity::Breaking, Severity::Compatible, Severity::Documentation]
            .map(|severity| format!("{} {}", of_severity(severity), format!("{severity:?}").to_lowercase()));
        format!("{}: {}.", crate::count(diff.changes.len(), "change"), counts.join(", "))
    };
    if diff.texts.is_empty() {
        return if diff.changes.is_empty() { "No changes.".to_owned() } else { text };
    }
    let kinds = grouped(diff.texts.iter().map(|change| (change.what.as_str(), ())));
    let kinds: Vec<String> = kinds.iter().map(|(what, places)| format!("{what} ({})", places.len())).collect();
    let _ = write!(text, " Texts: {}. --texts lists them.", kinds.join(", "));
    text
}
