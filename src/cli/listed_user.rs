//! A row of the list of users: who it is, and what people see of it.

use email_address::EmailAddress;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::context::Context;
use super::error::CliError;
use super::named::Named;
use super::output::{Column, ColumnStyle};
use super::target;
use super::user_status::InviteStatus;
use crate::client::{CallResponse, Client, UserId, excerpt};
use crate::types::{ListUsersResponseBody, UserListItem, UserListItemStatus as Status};

/// The maximum length of an id in an error, in characters.
const MAX_ID: usize = 100;

/// A user, or an invite that is not accepted yet.
#[derive(Clone, Debug)]
pub(super) struct ListedUser {
    /// As the server sent it.
    id: String,
    email: String,
    name: String,
    role_id: String,
    status: Option<Status>,
    /// Only invited users have one. The API sends it, but the spec does not describe it.
    invite_status: Option<String>,
}

impl ListedUser {
    /// What people see of a user.
    pub const COLUMNS: &[Column] = &[
        Column::new("email", "Email").with_style(ColumnStyle::Uncut),
        Column::new("name", "Name"),
        Column::new("role", "Role"),
        Column::new("state", "State"),
        Column::new("id", "Id").with_style(ColumnStyle::Uncut),
    ];

    /// Lists all users and invites.
    pub async fn all(context: &Context<'_>, client: &Client) -> Result<Vec<Self>, CliError> {
        let response = context.call(client.list_users().send()).await;
        let response = response.map_err(|error| error.context("cannot list the users"))?;
        context.remember_users(&response.value.users);
        Self::read_all(response)
    }

    pub fn read_all(response: CallResponse<ListUsersResponseBody>) -> Result<Vec<Self>, CliError> {
        let invite_statuses = invite_statuses(&response.body)?;
        Ok(response.value.users.into_iter().zip(invite_statuses).map(Self::new).collect())
    }

    fn new((user, invite_status): (UserListItem, Option<String>)) -> Self {
        Self {
            id: user.id.unwrap_or_default(),
            email: user.email.unwrap_or_default(),
            name: user.display_name.unwrap_or_default(),
            role_id: user.role_id.unwrap_or_default(),
            status: user.status,
            invite_status,
        }
    }

    /// The id, checked.
    pub fn id(&self) -> Result<UserId, CliError> {
        checked_id(&self.id)
    }

    /// The email address; `None` if it is invalid or missing.
    pub fn email(&self) -> Option<EmailAddress> {
        target::email(&self.email).ok()
    }

    pub fn has_id(&self, id: &str) -> bool {
        self.id == id
    }

    pub fn has_email(&self, email: &str) -> bool {
        self.email.to_lowercase() == email.to_lowercase()
    }

    /// Whether the email address or the name begins with a text in lower case.
    pub fn begins_with(&self, text: &str) -> bool {
        [&self.email, &self.name].iter().any(|own| own.to_lowercase().starts_with(text))
    }

    pub fn is_active(&self) -> bool {
        self.status == Some(Status::Active)
    }

    /// Whether the user has not accepted the invite yet.
    pub fn is_invited(&self) -> bool {
        self.status == Some(Status::Invited)
    }

    /// `None` if it is unknown.
    pub fn invite_status(&self) -> Option<InviteStatus> {
        self.invite_status.as_deref().and_then(InviteStatus::read)
    }

    /// The values of [`Self::COLUMNS`]. An invited user has the state of the invite, if it is known.
    pub fn row(&self, roles: &Named) -> Value {
        let status = self.status.as_ref().map(ToString::to_string);
        let invite_status = self.invite_status.as_deref().filter(|_| self.is_invited());
        json!({
            "email": self.email,
            "name": self.name,
            "role": roles.name_of(&self.role_id).unwrap_or(&self.role_id),
            "state": invite_status.or(status.as_deref()),
            "id": self.id,
        })
    }
}

/// The id of a user in a list, checked.
pub(super) fn id_of(user: &UserListItem) -> Result<UserId, CliError> {
    checked_id(user.id.as_deref().unwrap_or_default())
}

fn checked_id(id: &str) -> Result<UserId, CliError> {
    id.parse().map_err(|error| {
        CliError::other(format!("the list of users contains the invalid id {:?}: {error}", excerpt(id, MAX_ID)))
    })
}

/// Reads the `inviteStatus` of each user in a list; `None` if it is not a text.
fn invite_statuses(body: &[u8]) -> Result<Vec<Option<String>>, CliError> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        users: Option<Vec<User<'a>>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct User<'a> {
        #[serde(borrow)]
        invite_status: Option<&'a RawValue>,
    }
    let list: List<'_> = serde_json::from_slice(body)
        .map_err(|error| CliError::other(format!("cannot read the list of users: {error}")))?;
    let statuses = list.users.unwrap_or_default().into_iter().map(|user| user.invite_status);
    Ok(statuses.map(|status| serde_json::from_str(status?.get()).ok()).collect())
}

#[cfg(test)]
mod tests {
    use crate::operation::Operation;

    #[test]
    fn the_spec_does_not_describe_invite_status() {
        let schemas = Operation::LIST_USERS.responses.iter().filter_map(|response| response.content);
        let has = |property: &str| schemas.clone().any(|content| content.schema.contains(property));
        assert!(has("\"status\""), "the schema is read");
        assert!(!has("inviteStatus"), "use UserListItem::invite_status instead of invite_statuses");
    }
}
