//! The sandbox as a server: it sends every response of the spec, and enforces its rules.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use dci::operation::Operation;
use dci::sandbox::{Fault, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::caller::{CANCEL, Call, Caller, RESEND, Response, call, get, post};
use crate::support::sandbox::sandbox;
use crate::support::spec::{commands, responses, spec};

type MakeCall = Box<dyn Fn() -> Call<'static>>;

fn is_fault(status: u16) -> bool {
    matches!(status, 403 | 429 | 500..)
}

#[tokio::test]
async fn every_response_of_the_spec_occurs_and_fits_its_schema() {
    let spec = spec();
    let documented = responses(&spec);
    let mut reached = BTreeSet::new();

    // A valid request of each operation.
    let good: Vec<(&str, MakeCall)> = vec![
        ("listUsers", Box::new(|| get("/iam/v1/users"))),
        ("inviteUser", Box::new(|| post("/iam/v1/users/invite").body(json!({ "email": "new@example.com" })))),
        (
            "updateUser",
            Box::new(|| call(Method::PATCH, "/iam/v1/users/user-active").body(json!({ "phone": "+491234" }))),
        ),
        ("deleteUser", Box::new(|| call(Method::DELETE, "/iam/v1/users/user-active"))),
        ("resendInvite", Box::new(|| post(RESEND).key("k"))),
        ("cancelInvite", Box::new(|| post(CANCEL).key("k").body(json!({})))),
        ("listRoles", Box::new(|| get("/iam/v1/roles"))),
        ("listOrganizations", Box::new(|| get("/iam/v1/organizations"))),
        ("validate", Box::new(|| get("/auth/v1/validate"))),
    ];
    let special: Vec<(&str, u16, Call<'static>)> = vec![
        ("resendInvite", 404, post("/iam/v1/users/nobody/actions/resend").key("k")),
        ("cancelInvite", 404, post("/iam/v1/users/user-active/actions/cancel").key("k")),
        ("cancelInvite", 409, post("/iam/v1/users/invite-cancelled/actions/cancel").key("k")),
    ];

    for (operation, request) in &good {
        let success = documented.iter().find(|(id, status, _)| id == operation && *status < 300).expect("a success").1;
        let read_only = operation.starts_with("list") || *operation == "validate";
        let caller = Caller::new();
        let mut tries = vec![
            (success, request()),
            (400, request().header("x-tenant-id", "someone-else")),
            (400, request().by("sandbox-partner")),
            (401, request().by("wrong")),
        ];
        if !read_only {
            tries.push((403, request().by("sandbox-viewer")));
        }
        for (status, call) in tries {
            let response = caller.send(call).await;
            assert_eq!(response.status, status, "{operation}: {}", response.body);
            check(&spec, &documented, operation, &response);
            reached.insert(((*operation).to_owned(), status));
        }
        // What only a fault can cause: the sandbox has no limit on the rate, and does not fail by itself.
        for (_, status, _) in documented.iter().filter(|(id, status, _)| id == operation && is_fault(*status)) {
            caller.sandbox.inject(Fault::status(*status).on(operation));
            let response = caller.send(request()).await;
            assert_eq!(response.status, *status, "{operation}");
            check(&spec, &documented, operation, &response);
            reached.insert(((*operation).to_owned(), *status));
        }
    }
    for (operation, status, call) in special {
        let response = Caller::new().send(call).await;
        assert_eq!(response.status, status, "{operation}: {}", response.body);
        check(&spec, &documented, operation, &response);
        reached.insert((operation.to_owned(), status));
    }

    // The sandbox has what the commands use.
    let has_command = |id: &str| commands().iter().any(|(operation, _)| operation.id == id);
    let expected: BTreeSet<(String, u16)> =
        documented.into_iter().filter_map(|(id, status, _)| has_command(&id).then_some((id, status))).collect();
    assert_eq!(reached, expected, "(operation, status) pairs reached, and those of the spec");
}

/// Forbids unknown properties, so that misspelt ones are found.
fn close(schema: &mut Value) {
    if let Some(known) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        // The service sends this property; the spec omits it.
        known.insert("inviteStatus".into(), json!({ "type": "string" }));
        known.insert("code".into(), json!({ "type": "string" }));
        schema["additionalProperties"] = false.into();
    }
    match schema {
        Value::Object(object) => object.values_mut().for_each(close),
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// Validates the body against the schema of the spec.
fn check(spec: &Value, documented: &[(String, u16, Value)], operation: &str, response: &Response) {
    let schema = documented.iter().find(|(id, status, _)| id == operation && *status == response.status);
    let (_, _, schema) = schema.unwrap_or_else(|| panic!("{operation} has no {} in the spec", response.status));
    let mut root = json!({ "components": spec["components"], "allOf": [schema] });
    close(&mut root);
    let validator = jsonschema::options().should_validate_formats(true).build(&root).expect("a valid schema");
    if let Err(error) = validator.validate(&response.body) {
        panic!("{operation} {}: {error} in {}", response.status, response.body);
    }
}

#[tokio::test]
async fn requests_are_checked() {
    let caller = Caller::new();
    let long_key = "k".repeat(256);
    let bad = [
        post(RESEND),
        post(RESEND).key(""),
        post(RESEND).key(&long_key),
        post(RESEND).key("k").body(json!([])),
        post(RESEND).key("k").body(json!("x")),
        post("/iam/v1/users/invite-pending/actions/resend?dryRun=maybe").key("k"),
        post("/iam/v1/users/%20/actions/resend").key("k"),
        get("/iam/v1/users?email=nonsense"),
        post("/iam/v1/users/invite"),
        post("/iam/v1/users/invite").body(json!({})),
        post("/iam/v1/users/invite").body(json!({ "email": "nonsense" })),
        post("/iam/v1/users/invite").body(json!({ "email": "PENDING@example.com" })),
        post("/iam/v1/users/invite").body(json!({ "email": "a@example.com", "jobTitle": "Wizard" })),
        post("/iam/v1/users/invite").body(json!({ "email": "a@example.com", "roleId": "nothing" })),
        post("/iam/v1/users/invite").body(json!({ "email": "a@example.com", "organizationId": "nothing" })),
        call(Method::PATCH, "/iam/v1/users/user-active").body(json!({ "phone": "12" })),
        call(Method::PATCH, "/iam/v1/users/user-active").body(json!({ "language": "tlh" })),
        call(Method::PATCH, "/iam/v1/users/nobody").body(json!({})),
        call(Method::DELETE, "/iam/v1/users/nobody"),
    ];
    for request in bad {
        let description = format!("{} {} {:?}", request.method, request.path, request.body);
        let response = caller.send(request).await;
        assert_eq!(response.status, 400, "{description}: {}", response.body);
        assert!(response.body["error"].is_string(), "{description}: {}", response.body);
    }
    assert_eq!(caller.send(get("/iam/v2/users")).await.status, 404);
    assert_eq!(caller.send(call(Method::PUT, "/iam/v1/users")).await.status, 405);
    assert!(caller.sandbox.outbox().is_empty());
}

#[tokio::test]
async fn a_cancelled_invite_can_be_resent() {
    let caller = Caller::new();
    caller.send(post(RESEND).key("a")).await;
    let token = caller.sandbox.outbox()[0].token.clone();
    assert_eq!(caller.send(post(&format!("{CANCEL}?dryRun=true")).key("b")).await.status, 200);
    assert!(caller.has_status("pending@example.com", "Pending").await);
    assert_eq!(caller.send(post(CANCEL).key("c")).await.status, 200);
    assert!(caller.has_status("pending@example.com", "Cancelled").await);
    assert_eq!(caller.sandbox.accept(&token), Err(dci::sandbox::AcceptError::Cancelled));
    assert_eq!(caller.send(post(CANCEL).key("d")).await.status, 409);
    assert_eq!(caller.send(post(RESEND).key("e")).await.status, 200);
    assert!(caller.has_status("pending@example.com", "Pending").await);
    assert_eq!(caller.send(call(Method::DELETE, "/iam/v1/users/invite-pending")).await.status, 200);
    assert_eq!(caller.send(get("/iam/v1/users?email=pending@example.com")).await.body["rowCount"], 0);
}

#[tokio::test]
async fn customers_see_only_their_own_users() {
    let caller = Caller::new();
    let partner = || get("/iam/v1/users").by("sandbox-partner");
    assert_eq!(caller.send(partner().header("x-tenant-id", "customer-example")).await.body["rowCount"], 4);
    assert_eq!(caller.send(partner().header("x-tenant-id", "customer-other")).await.body["rowCount"], 0);
    assert_eq!(caller.send(partner()).await.body["code"], "tenant_id_required");
    assert_eq!(caller.send(partner().header("x-tenant-id", "x")).await.body["code"], "tenant_id_mismatch");
    let by_context = get("/iam/v1/users?customerContext=customer-example").by("sandbox-partner");
    assert_eq!(caller.send(by_context).await.body["rowCount"], 4);
    // A key of one customer is not replayed for another.
    let ours = post(RESEND).key("k").by("sandbox-partner").header("x-tenant-id", "customer-example");
    assert_eq!(caller.send(ours).await.status, 200);
    let others = post(RESEND).key("k").by("sandbox-partner").header("x-tenant-id", "customer-other");
    assert_eq!(caller.send(others).await.status, 422);
    let others = post(RESEND).key("l").by("sandbox-partner").header("x-tenant-id", "customer-other");
    assert_eq!(caller.send(others).await.status, 404);
}

#[tokio::test]
async fn the_control_paths_need_no_credential() {
    let caller = Caller::new();
    let fault = post("/_sandbox/faults").body(json!({ "fault": "status=503,times=2" }));
    assert_eq!(caller.send(fault.by("")).await.status, 204);
    assert_eq!(caller.send(get("/auth/v1/validate")).await.status, 503);
    assert_eq!(caller.send(get("/auth/v1/validate")).await.status, 503);
    assert_eq!(caller.send(post(RESEND).key("k")).await.status, 200);
    let bad_fault = post("/_sandbox/faults").body(json!({ "fault": "explode" }));
    assert_eq!(caller.send(bad_fault).await.status, 400);

    let outbox = caller.send(get("/_sandbox/outbox").by("")).await.body;
    assert_eq!(outbox["emails"][0]["to"], "pending@example.com");
    assert_eq!(outbox["emails"][0]["idempotencyKey"], "k");
    let accept = |token: &Value| post("/_sandbox/accept").body(json!({ "token": token }));
    let token = &outbox["emails"][0]["token"];
    assert_eq!(caller.send(accept(token)).await.status, 200);
    assert_eq!(caller.send(accept(token)).await.status, 404);
    assert_eq!(caller.sandbox.requests(), 3, "control requests are not counted");
}

#[tokio::test]
async fn faults_break_connections() {
    let caller = Caller::new();
    let request = |caller: &Caller, key: &str| {
        let url = format!("{}{RESEND}", caller.sandbox.url());
        caller.http.post(url).bearer_auth("sandbox").header("idempotency-key", key).send()
    };
    caller.sandbox.inject(Fault::drop_before());
    assert!(request(&caller, "a").await.is_err());
    assert_eq!(caller.sandbox.outbox().len(), 0);
    caller.sandbox.inject(Fault::drop_after());
    assert!(request(&caller, "b").await.is_err());
    assert_eq!(caller.sandbox.outbox().len(), 1);
    caller.sandbox.inject(Fault::truncate());
    let response = request(&caller, "c").await.expect("a head");
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err(), "the body is truncated");
    assert_eq!(caller.sandbox.outbox().len(), 2);
    caller.sandbox.inject(Fault::status(429).retry_after("7"));
    let response = request(&caller, "d").await.expect("a response");
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].as_bytes()), (429, &b"7"[..]));
}

#[test]
fn a_dropped_sandbox_no_longer_listens() {
    let sandbox = sandbox();
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(sandbox);
    assert!(std::net::TcpStream::connect(&address).is_err());
}

#[test]
fn a_taken_port_is_an_error() {
    let sandbox = sandbox();
    let port = sandbox.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    assert!(Sandbox::start_on(port).is_err());
}

/// Checks each property, because the client's types accept null.
#[tokio::test]
async fn a_null_property_is_refused() {
    let caller = Caller::new();
    for operation in [Operation::INVITE_USER, Operation::UPDATE_USER] {
        let schema: Value = serde_json::from_str(operation.request.expect("a body").schema).expect("JSON");
        for name in schema["properties"].as_object().expect("properties").keys() {
            let mut body = json!({ "email": "new@example.com", name.as_str(): null });
            let path = operation.path.replace("{id}", "user-active");
            if operation == Operation::UPDATE_USER {
                body = json!({ name.as_str(): null });
            }
            let method = operation.method.parse().expect("a method");
            let response = caller.send(call(method, &path).body(body)).await;
            let message = response.body["error"].to_string();
            assert!(response.status == 400 && message.contains(name), "{} {name}: {message}", operation.id);
        }
        let array = call(Method::PATCH, "/iam/v1/users/user-active").body(json!(["Ada"]));
        assert_eq!(caller.send(array).await.status, 400, "an array is not an object");
    }
}

/// Writes raw requests, because HTTP clients set the Host header.
#[test]
fn requests_from_other_origins_are_rejected() {
    let sandbox = sandbox();
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    let status = |path: &str, headers: &str| {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").expect("it reads");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response.split(' ').nth(1).expect("a status").to_owned()
    };
    let host = format!("Host: {address}\r\n");
    assert_eq!(status("/_sandbox/outbox", &host), "200");
    assert_eq!(status("/_sandbox/outbox", "Host: rebound.example\r\n"), "421");
    assert_eq!(status("/iam/v1/users", "Host: rebound.example:80\r\nAuthorization: Bearer sandbox\r\n"), "421");
    assert_eq!(status("/_sandbox/outbox", &format!("{host}Origin: https://evil.example\r\n")), "403");
    assert_eq!(status("/_sandbox/outbox", &format!("{host}Sec-Fetch-Site: cross-site\r\n")), "403");
    assert_eq!(sandbox.requests(), 0, "rejected requests are not counted");
}
