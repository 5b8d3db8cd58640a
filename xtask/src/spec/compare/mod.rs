//! Compares two specs by their meaning: what changed, how bad that is, and whom it concerns.

mod meaning;
mod operation;
mod renames;
mod rust_type;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};

use heck::ToPascalCase;
use serde::Serialize;
use serde_json::Value;

pub use renames::{Renames, renames};

use operation::operations_by_id;
use rust_type::RustTypes;

use super::command_line::CommandLine;

/// What a change means for the users of this project.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Breaking,
    Compatible,
    Documentation,
}

/// Whom a change concerns.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Every caller: the API accepts other requests.
    Requests,
    /// Callers of the crate: types or methods differ.
    Crate,
    /// Scripts that read what `dci` prints, or use its commands.
    Scripts,
    /// Readers of the docs and the help.
    Docs,
}

use Audience::{Crate, Docs, Requests, Scripts};

/// How bad a change is, and for whom.
#[derive(Clone, Copy)]
struct Effect(Severity, &'static [Audience]);

const fn breaks(audiences: &'static [Audience]) -> Effect {
    Effect(Severity::Breaking, audiences)
}

const fn adds(audiences: &'static [Audience]) -> Effect {
    Effect(Severity::Compatible, audiences)
}

const DOCUMENTS: Effect = Effect(Severity::Documentation, &[Docs]);

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    pub severity: Severity,
    pub concerns: BTreeSet<Audience>,
    /// A JSON pointer into the new spec, or into the old one for what was removed.
    #[serde(rename = "place")]
    pub pointer: String,
    pub what: String,
    /// The Rust types, the client's methods, the commands and the files of the command line that it affects.
    pub touches: BTreeSet<String>,
}

/// Where a schema is used: a client must still be allowed to send its requests, and must still understand responses.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Direction {
    Request,
    Response,
    /// The response to a request that failed. `dci` does not print it as it is.
    Error,
}

impl Direction {
    /// The effect of something that is gone or different.
    fn breaks(self) -> Effect {
        match self {
            Self::Request => breaks(&[Requests, Crate]),
            Self::Response => breaks(&[Crate, Scripts]),
            Self::Error => breaks(&[Crate]),
        }
    }
}

/// What has a change. A component schema is compared once, however many operations use it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Owner {
    /// By its id.
    Operation(String),
    Schemas(Pair),
}

/// The references to two component schemas that are compared, and how they are used.
type Pair = (String, String, Direction);

/// Whom a change concerns, and what has it.
type Concerned = (BTreeSet<Audience>, BTreeSet<Owner>);

pub struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    changes: BTreeMap<(Severity, String, String), Concerned>,
    /// What is being compared.
    owner: Option<Owner>,
    /// The component schemas that an operation or a schema refers to.
    uses: BTreeMap<Owner, BTreeSet<Pair>>,
    compared: BTreeSet<Pair>,
    rust_types: RustTypes,
}

impl<'a> Comparison<'a> {
    /// Compares the operations of the old spec with what they are in the new one.
    pub fn of(old: &'a Value, new: &'a Value, renames: &Renames) -> Self {
        let mut comparison = Self::between(old, new);
        comparison.values(DOCUMENTS, &old["info"]["version"], &new["info"]["version"], "#/info/version");
        comparison.defaults_of_operations();
        let (before, after) = (operations_by_id(old), operations_by_id(new));
        for (id, old) in &before {
            comparison.owner = Some(Owner::Operation(id.clone()));
            let new_id = renames.get(id).unwrap_or(id);
            let Some(new) = after.get(new_id) else {
                let what = format!("the operation {id} was removed");
                comparison.report(breaks(&[Requests, Crate, Scripts]), &old.pointer, what);
                continue;
            };
            if new_id != id {
                let what = format!("the operation {id} is now called {new_id}");
                comparison.report(breaks(&[Crate, Scripts]), &new.pointer, what);
            }
            comparison.operation(id, old, new);
        }
        comparison.owner = None;
        comparison
    }

    fn between(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old,
            new,
            changes: BTreeMap::new(),
            owner: None,
            uses: BTreeMap::new(),
            compared: BTreeSet::new(),
            rust_types: RustTypes::default(),
        }
    }

    /// The changes, most important first.
    pub fn changes(&self, command_line: &CommandLine) -> Vec<Change> {
        let operations = self.operations_by_schemas();
        let mut by_operation: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut changes = Vec::with_capacity(self.changes.len());
        for ((severity, pointer, what), (concerns, owners)) in &self.changes {
            let mut touches: BTreeSet<String> = type_of(pointer).into_iter().collect();
            let ids = owners.iter().flat_map(|owner| match owner {
                Owner::Operation(id) => BTreeSet::from([id.as_str()]),
                Owner::Schemas(pair) => operations.get(pair).cloned().unwrap_or_default(),
            });
            for id in ids {
                let of_operation = by_operation.entry(id).or_insert_with(|| command_line.touched_by(id));
                touches.extend(of_operation.iter().cloned());
            }
            let (pointer, what) = (pointer.clone(), what.clone());
            changes.push(Change { severity: *severity, concerns: concerns.clone(), pointer, what, touches });
        }
        changes
    }

    /// The ids of the operations that use each pair of component schemas, directly or through others.
    fn operations_by_schemas(&self) -> BTreeMap<Pair, BTreeSet<&str>> {
        let mut operations: BTreeMap<Pair, BTreeSet<&str>> = BTreeMap::new();
        for owner in self.uses.keys() {
            let Owner::Operation(id) = owner else { continue };
            let mut open = vec![owner.clone()];
            while let Some(owner) = open.pop() {
                for pair in self.uses.get(&owner).into_iter().flatten() {
                    if operations.entry(pair.clone()).or_default().insert(id) {
                        open.push(Owner::Schemas(pair.clone()));
                    }
                }
            }
        }
        operations
    }

    /// Compares a pair of component schemas with `compare`, unless that is done.
    fn once(&mut self, pair: Pair, compare: impl FnOnce(&mut Self)) {
        let owner = self.owner.take();
        if let Some(owner) = &owner {
            self.uses.entry(owner.clone()).or_default().insert(pair.clone());
        }
        if self.compared.insert(pair.clone()) {
            self.owner = Some(Owner::Schemas(pair));
            compare(self);
        }
        self.owner = owner;
    }

    fn report(&mut self, Effect(severity, audiences): Effect, pointer: &str, what: impl Into<String>) {
        let (concerns, owners) = self.changes.entry((severity, pointer.to_owned(), what.into())).or_default();
        concerns.extend(audiences);
        owners.extend(self.owner.clone());
    }

    /// Compares two values that have no more meaning than being equal.
    fn values(&mut self, effect: Effect, old: &Value, new: &Value, pointer: &str) {
        if old != new {
            self.report(effect, pointer, format!("changed from {} to {}", or_none(old), or_none(new)));
        }
    }
}

/// The Rust type that is generated from the schema at a pointer, if that is in a component.
pub fn type_of(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix("#/components/schemas/")?.split('/').next()?;
    Some(format!("dci::types::{}", name.to_pascal_case()))
}

fn or_none(value: &Value) -> String {
    if value.is_null() { "none".to_owned() } else { value.to_string() }
}
