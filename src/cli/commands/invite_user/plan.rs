//! What is to be done for each person, given who is there already.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::cli::bulk::{Item, Plan};
use crate::cli::listed_user::id_of;
use crate::cli::output::in_local_time;
use crate::cli::user_status::InviteStatus;
use crate::cli::{CliError, Context};
use crate::client::{CallResponse, Client, UserId, excerpt};
use crate::types::{InviteUserRequest, ListUsersResponseBody, UserListItem, UserListItemStatus as Status};

/// The maximum length of a status in a message, in characters.
const MAX_STATUS: usize = 100;

/// The outcome of a person who would be invited, in a dry run.
pub(super) const TO_INVITE: &str = "to invite";

/// The call that a person needs.
#[derive(Debug)]
pub(super) enum Step {
    Invite(InviteUserRequest),
    /// Send the invite of this user again.
    Resend(UserId),
}

/// All users and invites of the customer, as the server sent them.
pub(super) struct Listing(CallResponse<ListUsersResponseBody>);

/// The people of a run who are users or invites already, by email address in lower case.
#[derive(Default)]
pub(super) struct Users(HashMap<String, User>);

struct User {
    user: UserListItem,
    /// The same user with the properties that the spec does not describe.
    row: Value,
}

impl Listing {
    pub async fn fetch(context: &Context<'_>, client: &Client) -> Result<Self, CliError> {
        let response = context.call(client.list_users().send()).await;
        let response = response.map_err(|error| error.context("cannot list the users"))?;
        context.remember_users(&response.value.users);
        Ok(Self(response))
    }

    /// The rows with the properties that the spec does not describe.
    fn rows(&self) -> Result<Vec<&RawValue>, CliError> {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            users: Option<Vec<&'a RawValue>>,
        }

        let body: Body<'_> = serde_json::from_slice(&self.0.body)
            .map_err(|error| CliError::other(format!("cannot read the list of users: {error}")))?;
        Ok(body.users.unwrap_or_default())
    }

    /// The names of all properties that a row has, which `list-users` writes as columns.
    pub fn properties(&self) -> Result<HashSet<String>, CliError> {
        let rows = self.rows()?.into_iter();
        let rows = rows.map(|row| serde_json::from_str::<Map<String, Value>>(row.get()).unwrap_or_default());
        Ok(rows.flatten().map(|(name, _)| name).collect())
    }

    /// Who of these people is there already.
    pub fn users_among(&self, requests: &[InviteUserRequest]) -> Result<Users, CliError> {
        let wanted: HashSet<String> = requests.iter().map(|request| request.email.to_lowercase()).collect();
        let rows = self.0.value.users.iter().zip(self.rows()?);
        let users = rows.filter_map(|(user, row)| {
            let email = user.email.as_deref()?.to_lowercase();
            let row = wanted.contains(&email).then(|| serde_json::from_str(row.get()).unwrap_or_default())?;
            Some((email, User { user: user.clone(), row }))
        });
        Ok(Users(users.collect()))
    }
}

impl Users {
    /// What is to be done for the person of this request.
    pub fn item(&self, request: InviteUserRequest, resends: bool) -> Item<Step> {
        let target = request.email.clone();
        let Some(known) = self.0.get(&target.to_lowercase()) else {
            return Item { target, id: None, plan: Plan::Call(Step::Invite(request)) };
        };
        match id_of(&known.user) {
            Ok(id) if resends && known.waits() => {
                Item { target, id: Some(id.clone()), plan: Plan::Call(Step::Resend(id)) }
            }
            Err(error) if resends && known.waits() => Item { target, id: None, plan: Plan::Failed(error.into()) },
            id => Item { target, id: id.ok(), plan: Plan::skip(known.state()) },
        }
    }
}

impl User {
    /// Whether the invite is open. A cancelled one was withdrawn on purpose.
    fn waits(&self) -> bool {
        let invite_status = self.invite_status().and_then(InviteStatus::read);
        self.user.status == Some(Status::Invited) && invite_status != Some(InviteStatus::Cancelled)
    }

    fn invite_status(&self) -> Option<&str> {
        self.row["inviteStatus"].as_str()
    }

    /// Such as `already active` or `already invited (pending)`.
    fn state(&self) -> String {
        match &self.user.status {
            Some(Status::Invited) => {
                let status = self.invite_status().map(|status| excerpt(&status.to_lowercase(), MAX_STATUS));
                let end = self.invite_end().map(|end| format!("until {end}"));
                let details: Vec<String> = status.into_iter().chain(end).collect();
                let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
                let advice = if self.waits() { "" } else { "; resend-invite reactivates it" };
                format!("already invited{details}{advice}")
            }
            Some(status) => format!("already {}", excerpt(&status.to_string(), MAX_STATUS)),
            None => "already a user".to_owned(),
        }
    }

    /// When the invite ends, if the API says so. The spec does not describe such a property.
    fn invite_end(&self) -> Option<String> {
        let properties = self.row.as_object()?.iter();
        let mut ends = properties.filter(|(name, _)| name.to_lowercase().contains("expir"));
        ends.find_map(|(_, value)| value.as_str()?.parse().ok()).map(in_local_time)
    }
}

/// What a dry run shows of an item.
pub(super) fn preview(item: Item<Step>) -> Item<Step> {
    let plan = match item.plan {
        Plan::Call(Step::Invite(_)) => Plan::Settled { outcome: TO_INVITE, message: "would be invited".to_owned() },
        Plan::Call(Step::Resend(_)) => {
            Plan::Settled { outcome: "to resend", message: "already invited; would be resent".to_owned() }
        }
        settled => settled,
    };
    Item { plan, ..item }
}
