//! JSON pointers such as `#/paths/~1x/get`: how messages name a part of a spec, and how its parts refer to each other.

use anyhow::{bail, ensure};
use serde_json::Value;

/// The pointer to an operation.
pub fn operation_pointer(path: &str, method: &str) -> String {
    format!("#/paths/{}/{method}", escape(path))
}

/// A name as one segment of a pointer.
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Visits a value and everything in it except examples and extensions, each with its pointer.
pub fn walk<'a>(value: &'a Value, pointer: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(pointer, value);
    match value {
        Value::Object(object) => {
            for (name, part) in object.iter().filter(|(name, _)| is_name(pointer) || !is_free_form(name)) {
                walk(part, &format!("{pointer}/{}", escape(name)), visit);
            }
        }
        Value::Array(parts) => {
            for (index, part) in parts.iter().enumerate() {
                walk(part, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Whether the keys of the object at a pointer are names that the API chose, and not keywords: a response may be called
/// `default`, and a property anything.
pub fn is_name(pointer: &str) -> bool {
    const MAPS: [&str; 8] =
        ["responses", "properties", "schemas", "parameters", "headers", "requestBodies", "patternProperties", "paths"];
    pointer.rsplit('/').next().is_some_and(|parent| MAPS.contains(&parent))
}

/// Whether the value of a keyword only looks like a part of the spec: an example value, or an extension.
fn is_free_form(keyword: &str) -> bool {
    ["example", "examples", "default", "enum"].contains(&keyword) || keyword.starts_with("x-")
}

/// Follows a reference to its end. An error names the pointer `from` of the value that has the reference.
pub fn follow<'a>(spec: &'a Value, from: &str, reference: &str) -> anyhow::Result<&'a Value> {
    let mut chain = vec![reference.to_owned()];
    loop {
        let last = chain.last().map(String::as_str).unwrap_or_default();
        let Some(pointer) = last.strip_prefix('#') else {
            bail!("at {from}: the reference {last} is outside of the spec");
        };
        let Some(target) = spec.pointer(pointer) else {
            bail!("at {from}: the reference {} has no target", chain.join(" -> "));
        };
        let Some(next) = target["$ref"].as_str() else { return Ok(target) };
        let is_circular = chain.iter().any(|before| before == next);
        chain.push(next.to_owned());
        ensure!(!is_circular, "at {from}: the references {} are circular", chain.join(" -> "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_followed_to_its_end_or_refused() {
        let spec =
            serde_json::json!({ "a": { "$ref": "#/b" }, "b": { "$ref": "#/c" }, "c": { "$ref": "#/b" }, "d": 1 });
        let error = |reference: &str| follow(&spec, "#/x", reference).expect_err("no target").to_string();
        assert_eq!(error("#/a"), "at #/x: the references #/a -> #/b -> #/c -> #/b are circular");
        assert_eq!(error("#/e"), "at #/x: the reference #/e has no target");
        assert_eq!(error("other.yaml#/e"), "at #/x: the reference other.yaml#/e is outside of the spec");
        assert_eq!(follow(&spec, "#/x", "#/d").expect("a target"), 1);
    }
}
