use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use xshell::{Shell, TempDir};

use super::api::{OURS, adding, after, api, dropping, own, remove, replace, set};
use crate::spec::check::problems;
use crate::spec::full_size::{OPERATIONS, full_size};
use crate::spec::normalize::Rewrite;
use crate::spec::own::{OldTexts, Own};
use crate::spec::own_path;
use crate::spec::read::read_own;
use crate::spec::slice::ids;
use crate::spec::update::{Args, Selection, Updated, run, to_yaml, update};

fn updated(full: &Value, selection: &Selection) -> Updated {
    update(full, &own(), selection).expect("an update")
}

fn all() -> Selection {
    Selection { all: true, ..Selection::default() }
}

/// What an update writes.
fn files(updated: &Updated) -> [String; 2] {
    [&updated.spec, &updated.api].map(|spec| to_yaml(spec).expect("YAML"))
}

#[test]
fn the_project_s_spec_has_no_problems_and_is_in_the_form_that_an_update_writes() {
    let (text, spec) = (std::fs::read_to_string(own_path()).expect("a file"), read_own().expect("a spec"));
    assert_eq!(problems(&spec), Vec::<String>::new());
    let own = Own { spec: spec.clone(), api: None, old_texts: OldTexts::new() };
    let updated = update(&spec, &own, &Selection::default()).expect("an update");
    assert_eq!(to_yaml(&updated.spec).expect("YAML"), text);
    assert!(updated.rewritten.is_empty() && updated.skipped.is_empty() && updated.text_changes.is_empty());
}

#[test]
fn an_update_from_the_same_api_changes_nothing() {
    let again = updated(&api(), &Selection::default());
    assert_eq!(files(&again), files(&updated(&api(), &Selection::default())));
    assert_eq!((&again.spec, Some(&again.api)), (&own().spec, own().api.as_ref()));
    assert!(again.skipped.is_empty() && again.text_changes.is_empty() && again.old_texts.is_empty());
}

#[test]
fn the_api_is_remembered_without_its_words() {
    let api = to_yaml(&own().api.expect("the API's facts")).expect("YAML");
    insta::assert_snapshot!("api", api);
}

#[test]
fn all_operations_are_taken_except_those_no_rule_covers() {
    let updated = updated(&full_size(&api()), &all());
    let skipped: Vec<String> = updated.skipped.iter().map(|(id, why)| format!("skipped {id}: {why}")).collect();
    let rewritten: Vec<String> = updated.rewritten.iter().map(Rewrite::to_string).collect();
    insta::assert_snapshot!("everything", [rewritten, skipped.clone()].concat().join("\n"));
    assert_eq!(ids(&updated.spec).len(), OPERATIONS - skipped.len());
}

#[test]
fn an_operation_brings_only_what_it_refers_to() {
    let spec = updated(&api(), &dropping(&["listThings", "removeThing"])).spec;
    let schemas = spec["components"]["schemas"].as_object().expect("schemas");
    let names: BTreeSet<&str> = schemas.keys().map(String::as_str).collect();
    assert_eq!(names, ["Error", "NewThing", "Owner", "Thing"].into(), "Thing refers to Owner");
    assert!(spec["components"].get("parameters").is_none() && spec["components"].get("securitySchemes").is_some());
}

#[test]
fn an_added_operation_stays_until_it_is_dropped() {
    let grown = after(updated(&api(), &adding(&["readLog"])));
    let again = update(&api(), &grown, &Selection::default()).expect("an update");
    assert_eq!(again.spec, grown.spec);
    let back = update(&api(), &grown, &dropping(&["readLog"])).expect("an update");
    assert_eq!(files(&back), files(&updated(&api(), &Selection::default())));
}

/// What an update accepts, `check` accepts too.
#[test]
fn an_update_has_no_problems_for_check() {
    let without_errors = remove("/paths/~1v1~1things/post/responses", "400");
    let without_summary = remove("/paths/~1v1~1things/post", "summary");
    for full in [api(), without_errors, without_summary] {
        assert_eq!(problems(&updated(&full, &all()).spec), Vec::<String>::new());
    }
}

#[test]
fn a_bad_reference_skips_only_the_operations_that_need_it() {
    let nowhere = json!({ "$ref": "#/components/schemas/Nowhere" });
    let log = "/paths/~1v1~1log/get/responses/200/content/application~1json/schema/items";
    let of_log = updated(&replace(log, nowhere.clone()), &all());
    assert_eq!(ids(&of_log.spec), OURS.map(str::to_owned).into());
    let [(id, why)] = &of_log.skipped[..] else { panic!("one operation is skipped: {:?}", of_log.skipped) };
    assert!(id == "readLog" && why.contains("#/components/schemas/Nowhere"), "{id}: {why}");

    let of_list = updated(&set("/components/schemas/ThingList/properties", "more", nowhere.clone()), &all());
    assert_eq!(ids(&of_list.spec), ["makeThing", "readLog", "removeThing"].map(str::to_owned).into());

    let mut unused = api();
    unused["components"]["schemas"]["Unused"] = nowhere.clone();
    unused["paths"]["/v1/log"]["get"]["x-more"] = nowhere;
    assert_eq!(updated(&unused, &all()).skipped, []);
}

#[test]
fn a_renamed_operation_is_named_and_keeps_our_words() {
    let full = set("/paths/~1v1~1things/post", "operationId", json!("createThing"));
    let error = update(&full, &own(), &Selection::default()).err().expect("it is confirmed first").to_string();
    assert_eq!(
        error,
        "the full spec no longer has makeThing (now called createThing); confirm with --drop makeThing --add createThing"
    );
    let mut own = own();
    own.spec["paths"]["/v1/things"]["post"]["summary"] = "Our words".into();
    let selection = Selection { add: vec!["createThing".into()], ..dropping(&["makeThing"]) };
    let updated = update(&full, &own, &selection).expect("an update");
    assert_eq!(updated.spec["paths"]["/v1/things"]["post"]["summary"], "Our words");
    assert_eq!((updated.text_changes, updated.old_texts), (Vec::new(), OldTexts::new()));
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
        let mut full = api();
        full["paths"]["/v1/log"]["get"]["responses"]["409"] = json!({ "description": "No." });
        full["paths"]["/v1/things"]["get"]["responses"]["409"] = json!({ "description": "No." });
        full["paths"]["/v1/things"]["post"]["responses"]["400"]["$ref"] = "#/components/responses/Nowhere".into();
        full["components"]["schemas"]["Owner"]["description"] = "An owner, in other words.".into();
        let expected = updated(&full, &all());
        prop_assert!(!expected.rewritten.is_empty() && !expected.skipped.is_empty());
        let changed = updated(&shuffled(&full, &mut fastrand::Rng::with_seed(seed)), &all());
        prop_assert_eq!(files(&changed), files(&expected));
        prop_assert_eq!(changed.rewritten, expected.rewritten);
        prop_assert_eq!(changed.skipped, expected.skipped);
        prop_assert_eq!(changed.text_changes, expected.text_changes);
    }
}

/// A temporary folder with a spec of ours.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Shell::new().and_then(|shell| shell.create_temp_dir()).expect("a folder");
        std::fs::write(folder.path().join("doit.yaml"), Self::original()).expect("a file");
        Self(folder)
    }

    fn original() -> String {
        to_yaml(&own().spec).expect("YAML")
    }

    /// Updates the spec and returns it. After an error, it must be unchanged.
    fn update(&self, full: &str, selection: Selection) -> Result<String, String> {
        let folder = self.0.path();
        let (from, out) = (folder.join("full.yaml"), folder.join("doit.yaml"));
        std::fs::write(&from, full).expect("a file");
        let args = Args { from: from.display().to_string(), selection, out: Some(out.clone()), texts: false };
        let outcome = run(&args).map_err(|error| format!("{error:#}").replace(&folder.display().to_string(), ""));
        let after = std::fs::read_to_string(out).expect("a file");
        let left: Vec<_> =
            std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        assert!(
            left.iter().all(|name| !name.to_string_lossy().ends_with(".new")),
            "a temporary file is left: {left:?}"
        );
        outcome.map(|()| after.clone()).inspect_err(|_| assert_eq!(after, Self::original(), "the spec is unchanged"))
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.0.path().join(name)).ok()
    }
}

#[test]
fn an_invalid_spec_is_refused_and_ours_is_unchanged() {
    let folder = Folder::new();
    let broken = |pointer: &str, value: Value| to_yaml(&replace(pointer, value)).expect("YAML");
    let owner = "/components/schemas/Owner";
    let nowhere = broken(&format!("{owner}/properties/name"), json!({ "$ref": "#/components/schemas/Nobody" }));
    let outside = broken(&format!("{owner}/properties/name"), json!({ "$ref": "other.yaml#/Owner" }));
    let round = broken(owner, json!({ "$ref": "#/components/schemas/Owner" }));
    let twice = broken("/paths/~1v1~1log/get/operationId", json!("listThings"));
    let newer = broken("/openapi", json!("3.1.0"));
    let wrong = broken(&format!("{owner}/type"), json!(7));
    let huge = format!("# {}\n{}", "x".repeat(50 << 20), Folder::original());
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
    let full = to_yaml(&api()).expect("YAML");
    let gone = to_yaml(&remove("/paths/~1v1~1things", "post")).expect("YAML");
    let errors = [
        folder.update(&full, adding(&["flyToTheMoon"])),
        folder.update(&full, dropping(&["flyToTheMoon"])),
        folder.update(&full, dropping(&OURS)),
        folder.update(&gone, Selection::default()),
    ];
    insta::assert_snapshot!("bad_selections", errors.map(|error| error.expect_err("it is refused")).join("\n"));
    let without = folder.update(&gone, dropping(&["makeThing"])).expect("an update");
    assert!(!without.contains("makeThing"));
}

#[test]
fn json_is_read_and_a_second_update_changes_nothing() {
    let folder = Folder::new();
    let added = folder.update(&api().to_string(), adding(&["readLog"])).expect("JSON is YAML");
    assert!(added.contains("operationId: readLog"));
    let facts = folder.read("doit.api.yaml").expect("the API's facts");
    assert_eq!(folder.update(&api().to_string(), Selection::default()).expect("an update"), added);
    assert_eq!(folder.read("doit.api.yaml"), Some(facts));
}

#[test]
fn our_words_that_go_are_kept_in_a_file_and_come_back() {
    let folder = Folder::new();
    let api = to_yaml(&api()).expect("YAML");
    let taken = folder.update(&api, all()).expect("an update");
    std::fs::write(folder.0.path().join("doit.yaml"), taken.replace("Make a thing", "Our words")).expect("a file");
    let without = folder.update(&api, dropping(&["makeThing"])).expect("an update");
    assert!(!without.contains("Our words"));
    let kept = folder.read("doit.old-texts.yaml").expect("our words");
    assert!(kept.contains("\"#/operations/makeThing/summary\": Our words\n"), "{kept}");
    let back = folder.update(&api, adding(&["makeThing"])).expect("an update");
    assert!(back.contains("summary: Our words"), "{back}");
    assert!(!folder.read("doit.old-texts.yaml").expect("the file").contains("Our words"));
}

#[test]
fn equal_lines_are_one_with_a_count() {
    let mut full = api();
    for (_, item) in full["paths"].as_object_mut().expect("paths") {
        for operation in item.as_object_mut().expect("operations").values_mut().filter(|part| part.is_object()) {
            operation["description"] = "Told at length.".into();
            operation["servers"] = json!([{ "url": "${API_URL}" }]);
        }
    }
    let notes = |all_places| crate::spec::update::notes(&updated(&full, &all()), "old-texts.yaml", all_places);
    insta::assert_snapshot!("notes", notes(false).join("\n"));
    assert!(notes(true).len() > notes(false).len());
}
