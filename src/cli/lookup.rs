//! Look-ups of users and invites.

use std::collections::HashMap;
use std::pin::pin;

use futures_util::StreamExt;
use serde::Deserialize;

use super::context::Context;
use super::error::CliError;
use super::stop_reason::{StopReason, Unconnected};
use super::target::{Resolution, ResolvedTarget, Target, TargetKind};
use super::user_status::InviteStatus;
use crate::client::{Client, UserId, call_each, excerpt};
use crate::types::{UserListItem, UserListItemStatus as Status};

/// The maximum length of an id in an error, in characters.
const MAX_ID: usize = 100;

/// Returns the id of a target. Looks an email address up in the list of users.
pub(super) async fn resolve(
    context: &Context<'_>,
    client: &Client,
    target: &Target,
    kind: TargetKind,
) -> Result<UserId, CliError> {
    let email = match target {
        Target::Id(id) => return Ok(id.clone()),
        Target::Email(email) => email.as_str(),
    };
    let response = context.call(client.list_users().email(email).send()).await?;
    // A server that ignores the filter sends all users.
    let user = response.value.users.into_iter().find(|user| has_email(user, email));
    let user = user.ok_or_else(|| {
        CliError::not_found(format!("no user has the email address {email}"))
            .hint("list-users lists all users; invite-user invites a new one.")
    })?;
    if kind == TargetKind::Invite && user.status == Some(Status::Active) {
        return Err(CliError::not_found(format!("{email} has already accepted the invite"))
            .hint("The invite no longer exists: the user can sign in."));
    }
    id_of(&user)
}

/// Resolves all targets. Fails if no target can be looked up, such as after Ctrl-C or with an invalid credential.
pub(super) async fn resolve_all(
    context: &Context<'_>,
    client: &Client,
    targets: Vec<Target>,
    kind: TargetKind,
) -> Result<Vec<ResolvedTarget>, CliError> {
    let mut ids: Vec<Option<Result<UserId, CliError>>> = Vec::with_capacity(targets.len());
    ids.extend(targets.iter().map(|target| match target {
        Target::Id(id) => Some(Ok(id.clone())),
        Target::Email(_) => None,
    }));
    {
        let emails = targets.iter().enumerate().filter(|(_, target)| matches!(target, Target::Email(_)));
        let progress = context.output.progress(emails.clone().count());
        let look_up = |(index, target)| async move { (index, resolve(context, client, target, kind).await) };
        let unconnected = Unconnected::new(client.concurrency());
        let mut look_ups = pin!(call_each(client, emails, look_up));
        while let Some((index, outcome)) = look_ups.next().await {
            progress.advance(0);
            let unreachable = unconnected.after(&outcome);
            match outcome.as_ref().err().and_then(|error| StopReason::of(error, false).or(unreachable)) {
                Some(StopReason::Interrupted) => return Err(CliError::interrupted()),
                Some(_) => return outcome.map(|_| Vec::new()),
                None => ids[index] = Some(outcome),
            }
        }
    }

    let mut first_with: HashMap<UserId, usize> = HashMap::new();
    let mut resolved: Vec<ResolvedTarget> = Vec::with_capacity(targets.len());
    for (target, outcome) in targets.into_iter().zip(ids.into_iter().flatten()) {
        let resolution = match outcome {
            Err(error) => Resolution::Failed(error.into()),
            Ok(id) => match *first_with.entry(id.clone()).or_insert(resolved.len()) {
                first if first == resolved.len() => Resolution::Id(id),
                first => Resolution::DuplicateOf { id, earlier: resolved[first].target.to_string() },
            },
        };
        resolved.push(ResolvedTarget { target, resolution });
    }
    Ok(resolved)
}

/// The invites that `--all-invited` selects.
#[derive(Debug, Default)]
pub(super) struct AllInvited {
    pub targets: Vec<ResolvedTarget>,
    /// How many invites with a valid id are cancelled, selected or not.
    pub cancelled: usize,
}

/// Lists every invite with one of these statuses; every invite that is not cancelled if there are none.
pub(super) async fn all_invited(
    context: &Context<'_>,
    client: &Client,
    statuses: &[InviteStatus],
) -> Result<AllInvited, CliError> {
    let response = context.call(client.list_users().send()).await;
    let response = response.map_err(|error| error.context("cannot list the users"))?;
    context.remember_users(&response.value.users);
    let invite_statuses = invite_statuses(&response.body)?;
    let mut all = AllInvited::default();
    let mut unknown = 0;
    for (user, invite_status) in response.value.users.into_iter().zip(invite_statuses) {
        if user.status != Some(Status::Invited) {
            continue;
        }
        let status = invite_status.as_deref().and_then(InviteStatus::read);
        let id = id_of(&user);
        all.cancelled += usize::from(status == Some(InviteStatus::Cancelled) && id.is_ok());
        let is_selected = match status {
            _ if statuses.is_empty() => status != Some(InviteStatus::Cancelled),
            Some(status) => statuses.contains(&status),
            None => {
                unknown += 1;
                false
            }
        };
        if !is_selected {
            continue;
        }
        let email: Option<Target> = user.email.as_deref().and_then(|email| email.parse().ok());
        let (target, resolution) = match (id, email) {
            (Ok(id), email) => (email.unwrap_or_else(|| Target::Id(id.clone())), Resolution::Id(id)),
            (Err(error), Some(email)) => (email, Resolution::Failed(error.into())),
            (Err(error), None) => {
                context.output.note(&error.sentence());
                continue;
            }
        };
        all.targets.push(ResolvedTarget { target, resolution });
    }
    if unknown > 0 {
        context.output.note(&format!("Skipped {}: status unknown.", TargetKind::Invite.count(unknown)));
    }
    Ok(all)
}

/// Reads the `inviteStatus` of each user in a list. The API sends it, but the spec does not describe it.
fn invite_statuses(body: &[u8]) -> Result<Vec<Option<String>>, CliError> {
    #[derive(Deserialize)]
    struct List {
        users: Option<Vec<User>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct User {
        invite_status: Option<String>,
    }
    let list: List = serde_json::from_slice(body)
        .map_err(|error| CliError::other(format!("cannot read the list of users: {error}")))?;
    Ok(list.users.unwrap_or_default().into_iter().map(|user| user.invite_status).collect())
}

/// The id of a user in a list, checked.
pub(super) fn id_of(user: &UserListItem) -> Result<UserId, CliError> {
    let id = user.id.as_deref().unwrap_or_default();
    id.parse().map_err(|error| {
        CliError::other(format!("the list of users contains the invalid id {:?}: {error}", excerpt(id, MAX_ID)))
    })
}

fn has_email(user: &UserListItem, email: &str) -> bool {
    user.email.as_deref().is_some_and(|own| own.to_lowercase() == email.to_lowercase())
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
