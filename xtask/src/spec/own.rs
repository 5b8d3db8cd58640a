//! This project's spec, and the files beside it that an update needs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value};

use super::normalize::normalize;
use super::pointer::{escape, is_name};
use super::read::read;
use super::slice::ids;
use super::texts::{TEXTS, fingerprint};
use super::update::{Updated, to_yaml};

/// The extension of [`Own::api`] with the ids of all operations that the API had.
const ALL_OPERATIONS: &str = "x-all-operations";

/// Our words that an update replaced or found no place for, by the key of their place.
pub type OldTexts = BTreeMap<String, String>;

/// This project's spec, with what is beside it.
pub struct Own {
    pub spec: Value,
    /// The [`facts`] of the API's spec at the last update, before it was normalized.
    pub api: Option<Value>,
    pub old_texts: OldTexts,
}

impl Own {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let spec = read(&path.display().to_string())?;
        let api = api_path(path);
        let api = if api.exists() { Some(read(&api.display().to_string())?) } else { None };
        let old_texts = match std::fs::read_to_string(old_texts_path(path)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => OldTexts::new(),
            text => text
                .map_err(anyhow::Error::from)
                .and_then(|text| Ok(serde_saphyr::from_str(&text)?))
                .with_context(|| old_texts_path(path).display().to_string())?,
        };
        Ok(Self { spec, api, old_texts })
    }

    /// The API's spec at the last update. Before the first update, that is this project's.
    pub fn base(&self) -> &Value {
        self.api.as_ref().unwrap_or(&self.spec)
    }

    /// The ids of all operations that the API had at the last update, if that is known.
    pub fn all_operations(&self) -> Option<BTreeSet<String>> {
        let list = self.api.as_ref()?.get(ALL_OPERATIONS)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The API's spec at the last update, as [`normalize`] changes it now.
    pub fn normalized_api(&self) -> anyhow::Result<Option<Value>> {
        let api = self.api.clone().map(normalize).transpose()?;
        Ok(api.map(|(spec, _)| spec))
    }
}

/// Writes an updated spec and what is beside it. Returns whether a file changed.
pub fn write(path: &Path, updated: &Updated) -> anyhow::Result<bool> {
    let mut is_changed = replace(path, &to_yaml(&updated.spec)?)?;
    is_changed |= replace(&api_path(path), &to_yaml(&updated.api)?)?;
    let old_texts = old_texts_path(path);
    if !updated.old_texts.is_empty() || old_texts.exists() {
        is_changed |= replace(&old_texts, &serde_saphyr::to_string(&updated.old_texts)?)?;
    }
    Ok(is_changed)
}

fn api_path(spec: &Path) -> PathBuf {
    spec.with_extension("api.yaml")
}

/// The file with our words that have no place in the spec.
pub fn old_texts_path(spec: &Path) -> PathBuf {
    spec.with_extension("old-texts.yaml")
}

/// Replaces the content of a file at once, through a temporary one beside it. Returns whether the content changed.
fn replace(path: &Path, text: &str) -> anyhow::Result<bool> {
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

/// A part of the API's spec without its words: a text is replaced by its fingerprint, and examples and extensions are
/// removed. `all` is the spec that it is a part of, of which the ids of the operations are kept.
pub fn facts(part: &Value, all: &Value) -> Value {
    let mut facts = without_words(part, "#");
    facts[ALL_OPERATIONS] = ids(all).into_iter().map(Value::from).collect();
    facts
}

fn without_words(value: &Value, pointer: &str) -> Value {
    let keyword = |name: &str, part: &Value| match (name, part) {
        (_, Value::String(text)) if TEXTS.contains(&name) => Some(fingerprint(text).into()),
        ("example" | "examples" | "externalDocs", _) => None,
        (name, _) if name.starts_with("x-") => None,
        ("default" | "enum", _) => Some(part.clone()),
        _ => Some(without_words(part, &format!("{pointer}/{}", escape(name)))),
    };
    match value {
        Value::Object(object) if is_name(pointer) => {
            let named = |(name, part): (&String, &Value)| {
                (name.clone(), without_words(part, &format!("{pointer}/{}", escape(name))))
            };
            object.iter().map(named).collect()
        }
        Value::Object(object) => {
            let kept = object.iter().filter_map(|(name, part)| Some((name.clone(), keyword(name, part)?)));
            kept.collect::<Map<String, Value>>().into()
        }
        Value::Array(parts) => parts.iter().map(|part| without_words(part, &format!("{pointer}/-"))).collect(),
        other => other.clone(),
    }
}
