use proptest::prelude::*;
use serde_json::{Value, json};
use xshell::{Shell, TempDir};

use super::{OWN, full, own};
use crate::spec::check::problems;
use crate::spec::full_size::OPERATIONS;
use crate::spec::slice::ids;
use crate::spec::texts::Fingerprints;
use crate::spec::update::{Args, Selection, Updated, run, to_yaml, update};

fn updated(full: &Value, selection: &Selection) -> Updated {
    update(full, &own(), selection, &Fingerprints::default()).expect("an update")
}

fn adding(ids: &[&str]) -> Selection {
    Selection { add: ids.iter().map(|id| (*id).to_owned()).collect(), ..Selection::default() }
}

#[test]
fn an_update_from_the_same_api_changes_nothing() {
    let updated = updated(&full(), &Selection::default());
    assert_eq!(to_yaml(&updated.spec).expect("YAML"), OWN);
    assert_eq!(updated.rewritten, ["placeholder-servers at #/servers: a server URL with a placeholder is removed"]);
    assert!(updated.skipped.is_empty() && updated.text_changes.is_empty());
}

#[test]
fn all_operations_are_taken_except_those_no_rule_covers() {
    let updated = updated(&full(), &Selection { all: true, ..Selection::default() });
    let skipped: Vec<String> = updated.skipped.iter().map(|(id, why)| format!("skipped {id}: {why}")).collect();
    insta::assert_snapshot!("everything", [&updated.rewritten[..], &skipped].concat().join("\n"));
    assert_eq!(ids(&updated.spec).len(), OPERATIONS - skipped.len());
    assert_eq!(problems(&updated.spec), Vec::<String>::new());
}

#[test]
fn an_operation_brings_only_what_it_refers_to() {
    let updated = updated(&full(), &adding(&["removeThing35"]));
    let schemas = updated.spec["components"]["schemas"].as_object().expect("schemas");
    let new: Vec<&String> = schemas.keys().filter(|name| name.starts_with("Thing")).collect();
    assert_eq!(new, ["Thing52", "Thing55"], "55 refers to 52");
    assert_eq!(problems(&updated.spec), Vec::<String>::new(), "no component is unused");
}

#[test]
fn an_added_operation_stays_until_it_is_dropped() {
    let grown = updated(&full(), &adding(&["getThing24", "changeThing34"])).spec;
    let again = update(&full(), &grown, &Selection::default(), &Fingerprints::default()).expect("an update");
    assert_eq!(to_yaml(&again.spec).expect("YAML"), to_yaml(&grown).expect("YAML"));
    let drop = Selection { drop: vec!["getThing24".into(), "changeThing34".into()], ..Selection::default() };
    let back = update(&full(), &grown, &drop, &Fingerprints::default()).expect("an update");
    assert_eq!(to_yaml(&back.spec).expect("YAML"), OWN);
}

fn shuffled(value: &Value, random: &mut fastrand::Rng) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(&String, &Value)> = object.iter().collect();
            random.shuffle(&mut entries);
            entries.into_iter().map(|(name, part)| (name.clone(), shuffled(part, random))).collect()
        }
        Value::Array(parts) => parts.iter().map(|part| shuffled(part, random)).collect(),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_input_does_not_matter(seed: u64) {
        let selection = adding(&["getThing20", "makeThing25", "changeThing34", "getThing28", "changeThing38"]);
        let expected = to_yaml(&updated(&full(), &selection).spec).expect("YAML");
        let shuffled = shuffled(&full(), &mut fastrand::Rng::with_seed(seed));
        prop_assert_eq!(to_yaml(&updated(&shuffled, &selection).spec).expect("YAML"), expected);
    }
}

/// A temporary folder with a copy of the project's spec.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Shell::new().and_then(|shell| shell.create_temp_dir()).expect("a folder");
        std::fs::write(folder.path().join("doit.yaml"), OWN).expect("a file");
        Self(folder)
    }

    /// Updates the copy and returns it. After an error, it must be unchanged.
    fn update(&self, full: &str, selection: Selection) -> Result<String, String> {
        let folder = self.0.path();
        let (from, out) = (folder.join("full.yaml"), folder.join("doit.yaml"));
        std::fs::write(&from, full).expect("a file");
        let args = Args { from: from.display().to_string(), selection, out: Some(out.clone()) };
        let outcome = run(&args).map_err(|error| format!("{error:#}").replace(&folder.display().to_string(), ""));
        let after = std::fs::read_to_string(out).expect("a file");
        assert!(!folder.join("doit.new").exists(), "no temporary file is left");
        outcome.map(|()| after.clone()).inspect_err(|_| assert_eq!(after, OWN, "the spec is unchanged"))
    }
}

#[test]
fn an_invalid_spec_is_refused_and_ours_is_unchanged() {
    let folder = Folder::new();
    let broken = |pointer: &str, value: Value| {
        let mut full = full();
        *full.pointer_mut(pointer).expect("a place") = value;
        to_yaml(&full).expect("YAML")
    };
    let role = "/components/schemas/Role";
    let nowhere = broken(&format!("{role}/properties/name"), json!({ "$ref": "#/components/schemas/Nobody" }));
    let outside = broken(&format!("{role}/properties/name"), json!({ "$ref": "other.yaml#/Role" }));
    let round = broken(role, json!({ "$ref": "#/components/schemas/Role" }));
    let twice = broken("/paths/~1iam~1v1~1roles/get/operationId", json!("listUsers"));
    let newer = broken("/openapi", json!("3.1.0"));
    let wrong = broken(&format!("{role}/type"), json!(7));
    let huge = format!("# {}\n{OWN}", "x".repeat(50 << 20));
    let cases = [
        ("invalid YAML", "a: ["),
        ("not OpenAPI", "hello: world"),
        ("2.0", "swagger: '2.0'\npaths: {}\n"),
        ("3.1", &newer),
        ("a reference without a target", &nowhere),
        ("a reference outside of the spec", &outside),
        ("circular references", &round),
        ("a duplicate id", &twice),
        ("an invalid schema", &wrong),
        ("50 MB", &huge),
        ("empty", ""),
    ];
    let errors = cases.map(|(name, full)| {
        let error = folder.update(full, Selection::default()).expect_err(name);
        format!("# {name}\n{}", error.chars().take(400).collect::<String>())
    });
    insta::assert_snapshot!("bad_input", errors.join("\n\n"));
}

#[test]
fn invalid_selections_are_refused() {
    let folder = Folder::new();
    let full_text = to_yaml(&full()).expect("YAML");
    let drop =
        |ids: &[&str]| Selection { drop: ids.iter().map(|id| (*id).to_owned()).collect(), ..Selection::default() };
    let gone = {
        let mut full = full();
        full["paths"].as_object_mut().expect("paths").remove("/auth/v1/validate");
        to_yaml(&full).expect("YAML")
    };
    let errors = [
        folder.update(&full_text, adding(&["flyToTheMoon"])),
        folder.update(&full_text, drop(&["flyToTheMoon"])),
        folder.update(&gone, Selection::default()),
    ];
    insta::assert_snapshot!("bad_selections", errors.map(|error| error.expect_err("it is refused")).join("\n"));
    let without = folder.update(&gone, drop(&["validate"])).expect("an update");
    assert!(!without.contains("validate"));
}

#[test]
fn json_is_read_and_a_second_update_changes_nothing() {
    let folder = Folder::new();
    let added = folder.update(&full().to_string(), adding(&["getThing20"])).expect("JSON is YAML");
    assert!(added.contains("operationId: getThing20"));
    assert_eq!(folder.update(&full().to_string(), Selection::default()).expect("an update"), added);
}
