//! A made-up API, its changes, and a spec that an update made of it.

use serde_json::{Map, Value, json};

use crate::spec::own::{OldTexts, Own};
use crate::spec::read::parse;
use crate::spec::update::{Selection, Updated, update};

/// The operations of the API that "our" spec has. It does not have `readLog`.
pub const OURS: [&str; 3] = ["listThings", "makeThing", "removeThing"];

pub fn api() -> Value {
    parse("api.yaml", include_str!("api.yaml")).expect("a spec")
}

/// The API with a change at a pointer.
pub fn edit(pointer: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut api = api();
    change(api.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")));
    api
}

pub fn set(pointer: &str, name: &str, value: Value) -> Value {
    edit(pointer, |part| part[name] = value)
}

pub fn replace(pointer: &str, value: Value) -> Value {
    edit(pointer, |part| *part = value)
}

pub fn remove(pointer: &str, name: &str) -> Value {
    edit(pointer, |part| {
        part.as_object_mut().and_then(|part| part.remove(name)).expect("it is there");
    })
}

pub fn adding(ids: &[&str]) -> Selection {
    Selection { add: ids.iter().map(|id| (*id).to_owned()).collect(), ..Selection::default() }
}

pub fn dropping(ids: &[&str]) -> Selection {
    Selection { drop: ids.iter().map(|id| (*id).to_owned()).collect(), ..Selection::default() }
}

/// What an update left in the files.
pub fn after(updated: Updated) -> Own {
    Own { spec: updated.spec, api: Some(updated.api), old_texts: updated.old_texts }
}

/// Our spec after the first update from the API.
pub fn own() -> Own {
    let spec = json!({ "openapi": "3.0.3", "info": api()["info"], "paths": Map::new() });
    let nothing = Own { spec, api: None, old_texts: OldTexts::new() };
    after(update(&api(), &nothing, &adding(&OURS)).expect("an update"))
}
