//! Responses with values that the spec does not know are read, printed and kept.

use dci::client::call;
use dci::types::{ListUsersResponseBody, UpdateUserRequest, UserListItemStatus};
use serde_json::{Value, json};

use crate::support::program::dci_at;
use crate::support::sandbox::client_at;
use crate::support::scripted_server::{ScriptedServer, response};
use crate::support::spec::spec;

fn odd_list() -> Value {
    json!({
        "users": [
            { "id": "1", "email": "a@example.com", "status": "active", "language": "en" },
            { "id": "2", "email": "b@example.com", "status": "on-the-moon", "language": "tlh", "jobTitle": "Wizard",
              "phone": "call me", "shoeSize": 44 },
        ],
        "rowCount": 2,
        "next": "more",
    })
}

#[tokio::test]
async fn a_user_with_an_unknown_status_is_listed() {
    let server = ScriptedServer::responding(response("200 OK", "application/json", &odd_list().to_string()));
    let response = call(client_at(&server.url).build().expect("a client").list_users().send()).await.expect("listed");
    let users = response.value.users;
    assert_eq!(users[0].status, Some(UserListItemStatus::Active));
    assert_eq!(users[1].status, Some(UserListItemStatus::Unknown("on-the-moon".into())));
    assert_eq!(users[1].phone.as_deref().map(String::as_str), Some("call me"));
}

#[test]
fn the_program_lists_and_finds_users_with_unknown_values() {
    let server = ScriptedServer::responding(response("200 OK", "application/json", &odd_list().to_string()));
    let listed = dci_at(&server.url, &["list-users", "-o", "table"]).finish();
    assert!(listed.code == 0 && listed.stdout.contains("on-the-moon"), "{listed}");
    assert_eq!(dci_at(&server.url, &["list-users"]).finish().json(), odd_list());
    let deleted = dci_at(&server.url, &["delete-user", "b@example.com", "--yes"]).finish();
    assert_eq!(deleted.code, 0, "{deleted}");
}

#[test]
fn an_unknown_value_round_trips() {
    let sent = json!({ "users": [{ "status": "on-the-moon", "phone": "call me" }] });
    let read: ListUsersResponseBody = serde_json::from_value(sent.clone()).expect("it reads");
    assert_eq!(serde_json::to_value(&read).expect("JSON"), sent);
    let status: UserListItemStatus = "on-the-moon".into();
    assert_eq!((status.as_str(), status.to_string().as_str()), ("on-the-moon", "on-the-moon"));
    let documented = &spec()["components"]["schemas"]["UserListItem"]["properties"]["status"]["enum"];
    assert_eq!(&serde_json::to_value(UserListItemStatus::ALL).expect("JSON"), documented);
}

#[test]
fn requests_must_match_the_spec() {
    for wrong in [json!({ "jobTitle": "Wizard" }), json!({ "language": "tlh" }), json!({ "phone": "call me" })] {
        assert!(serde_json::from_value::<UpdateUserRequest>(wrong.clone()).is_err(), "{wrong}");
    }
}
