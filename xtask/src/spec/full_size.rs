//! A made-up spec as large as the API's. It includes this project's spec, and what real specs have and progenitor refuses
//! or generates wrong code from.

use serde_json::{Value, json};

use crate::generator::spec::operations;

/// How many operations the spec has.
pub const OPERATIONS: usize = 170;
const SCHEMAS: usize = 320;

/// The number of the first made-up schema and operation. They do not depend on how many the project has.
const FIRST: usize = 20;

/// Adds operations and schemas to this project's spec.
pub fn full_size(own: &Value) -> Value {
    let mut spec = own.clone();
    spec["servers"] = json!([{ "url": "${API_BASE_URL}" }, { "url": "https://api.doit.com" }]);
    let mut schemas = own["components"]["schemas"].as_object().cloned().unwrap_or_default();
    for number in FIRST..FIRST + SCHEMAS - schemas.len() {
        schemas.insert(schema_name(number), schema(number));
    }
    spec["components"]["schemas"] = schemas.into();
    spec["components"]["parameters"]["PageSize"] = json!({ "name": "pageSize", "in": "query", "schema": { "type": "integer", "format": "int64", "maximum": 500 } });
    spec["components"]["responses"]["Refused"] = json!({ "description": "No.", "content": {
        "application/json": { "schema": { "$ref": "#/components/schemas/Error" } },
    }});
    spec["components"]["responses"]["Missing"] = json!({ "description": "There is no thing with this id." });

    let mut paths = own["paths"].as_object().cloned().unwrap_or_default();
    for number in FIRST..FIRST + OPERATIONS - operations(own).count() {
        let path = format!("/made-up/v1/things-{number}/{{thingId}}");
        let item = json!({
            "parameters": [{ "name": "thingId", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } }],
            (method(number)): operation(number),
        });
        paths.insert(path, item);
    }
    spec["paths"] = paths.into();
    spec
}

fn schema_name(number: usize) -> String {
    format!("Thing{number}")
}

fn reference(number: usize) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", schema_name(number)) })
}

fn schema(number: usize) -> Value {
    let earlier = |back: usize| reference((number - back).max(FIRST));
    match number {
        58 => return json!({ "nullable": true, "oneOf": [{ "type": "string" }, { "type": "number" }] }),
        59 => {
            return json!({ "type": "string", "enum": (0..300).map(|value| format!("service-{value}")).collect::<Vec<_>>() });
        }
        60 => {
            return json!({ "type": "object", "required": ["count"], "properties": {
                "count": { "type": "integer", "minimum": 1 }, "value": reference(58), "service": reference(59),
            }});
        }
        _ => {}
    }
    match number % 8 {
        0 => json!({ "type": "object", "description": "A thing that contains itself.", "properties": {
            "name": { "type": "string", "description": "The name.", "example": "2024-01-01T00:00:00Z" },
            "children": { "type": "array", "items": reference(number) },
        }}),
        1 => json!({ "allOf": [earlier(1), { "type": "object", "required": ["id"], "properties": {
            "id": { "type": "string", "format": "uuid" }, "madeAt": { "type": "string", "format": "date-time" },
        }}]}),
        2 => json!({ "oneOf": [
            { "type": "object", "required": ["kind", "left"], "properties": { "kind": { "type": "string", "enum": ["left"] }, "left": { "type": "integer" } } },
            { "type": "object", "required": ["kind", "right"], "properties": { "kind": { "type": "string", "enum": ["right"] }, "right": { "type": "string" } } },
        ]}),
        3 => json!({ "anyOf": [{ "type": "string" }, { "type": "number", "format": "double" }] }),
        4 => json!({ "type": "string", "enum": ["active", "on-hold", "done"], "description": "A state." }),
        5 => json!({ "type": "object", "additionalProperties": { "type": "array", "items": earlier(3) } }),
        6 => json!({ "type": "object", "properties": {
            "deep": { "type": "object", "properties": { "deeper": { "type": "object", "properties": { "deepest": earlier(2) } } } },
            "limit": { "type": "integer", "minimum": 0, "maximum": 100, "default": 10 },
        }}),
        _ => json!({ "type": "object", "required": ["state"], "properties": {
            "state": earlier(3), "labels": { "type": "array", "items": { "type": "string", "maxLength": 63 } },
        }}),
    }
}

fn method(number: usize) -> &'static str {
    ["get", "post", "patch", "delete"][number % 4]
}

fn operation(number: usize) -> Value {
    let id = format!("{}Thing{number}", ["get", "make", "change", "remove"][number % 4]);
    let json = |schema: Value| json!({ "application/json": { "schema": schema } });
    let mut operation = json!({
        "operationId": id,
        "tags": ["Things"],
        "summary": format!("Work on thing {number}"),
        "description": "Does something to a thing.",
        "parameters": [{ "$ref": "#/components/parameters/PageSize" }],
        "responses": {
            "200": { "description": "Done.", "content": json(reference(20 + number)) },
            "400": { "$ref": "#/components/responses/Refused" },
            "401": { "$ref": "#/components/responses/Refused" },
        },
    });
    if matches!(method(number), "post" | "patch") {
        operation["requestBody"] = json!({ "required": true, "content": json(reference(21 + number)) });
    }
    // What the generator refuses.
    match number {
        20 | 21 => operation["responses"]["204"] = json!({ "description": "Nothing to do." }),
        22 | 23 => operation["responses"]["202"] = json!({ "description": "Begun.", "content": json(reference(30)) }),
        24..=26 => operation["responses"]["422"] = json!({ "description": "No.", "content": json(reference(31)) }),
        27 => operation["responses"]["404"] = json!({ "$ref": "#/components/responses/Missing" }),
        28..=30 => {
            let parameter = json!({ "name": "operator", "in": "query", "description": "How.", "schema": { "type": "string", "enum": [">", ">=", "<", "<="] } });
            operation["parameters"] = json!([parameter]);
        }
        33 | 34 => {
            let form = json!({ "type": "object", "properties": { "file": { "type": "string", "format": "binary" } } });
            operation["requestBody"] =
                json!({ "required": true, "content": { "multipart/form-data": { "schema": form } } });
        }
        37 | 38 => {
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/merge-patch+json": { "schema": reference(40) } } });
        }
        41 => {
            let csv = json!({ "schema": { "type": "string" } });
            let both = json!({ "application/json": { "schema": reference(40) }, "text/csv": csv });
            operation["requestBody"] = json!({ "content": both });
        }
        50..=64 => {
            let problem =
                json!({ "description": "No.", "content": { "application/problem+json": { "schema": reference(60) } } });
            operation["responses"]["400"] = problem.clone();
            operation["responses"]["401"] = problem;
        }
        // No rule covers this.
        42 => operation["requestBody"] = json!({ "content": { "application/xml": { "schema": reference(40) } } }),
        _ => {}
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    use crate::spec::slice::{ids, slice};

    #[test]
    fn the_spec_is_as_large_as_the_api_s() {
        let spec = full_size(&crate::spec::read::read_own().expect("the project's spec"));
        assert_eq!(ids(&spec).len(), OPERATIONS);
        assert_eq!(spec["components"]["schemas"].as_object().map(Map::len), Some(SCHEMAS));
        slice(&spec, &ids(&spec)).expect("every reference has a target");
    }
}
