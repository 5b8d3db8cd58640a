//! Uses only the types, such as in a webhook handler or with another HTTP client. Needs no feature.

use dci::types::{InviteUserRequest, InviteUserRequestJobTitle, ListUsersResponseBody, UserListItemStatus};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Responses may contain values that the spec does not know.
    let received = r#"{"users": [{"id": "a", "status": "active"}, {"id": "b", "status": "on leave"}], "rowCount": 2}"#;
    let list: ListUsersResponseBody = serde_json::from_str(received)?;
    assert_eq!(list.users[0].status, Some(UserListItemStatus::Active));
    assert_eq!(list.users[1].status, Some(UserListItemStatus::Unknown("on leave".into())));

    // Requests must match the spec.
    let request: InviteUserRequest = InviteUserRequest::builder()
        .email("ada@example.com")
        .job_title("Founder".parse::<InviteUserRequestJobTitle>()?)
        .try_into()?;
    assert_eq!(serde_json::to_string(&request)?, r#"{"email":"ada@example.com","jobTitle":"Founder"}"#);
    assert!("Wizard".parse::<InviteUserRequestJobTitle>().is_err());
    Ok(())
}
