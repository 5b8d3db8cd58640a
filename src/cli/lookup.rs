//! Look-ups: the ids of users, invites, roles and organizations, by email address or name.

use std::collections::HashMap;
use std::pin::pin;

use futures_util::StreamExt;
use serde::Deserialize;

use super::context::Context;
use super::error::CliError;
use super::stop_reason::StopReason;
use super::target::{Resolution, ResolvedTarget, Target, TargetKind};
use super::user_status::InviteStatus;
use crate::client::{Client, UserId, call_each, excerpt};
use crate::types::{UserListItem, UserListItemStatus as Status};

/// The maximum length of a name or an id in an error, in characters.
const MAX_NAME: usize = 100;

/// The maximum length of a list of them in an error, in characters.
const MAX_LIST: usize = 1000;

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
        let mut look_ups = pin!(call_each(client, emails, look_up));
        while let Some((index, outcome)) = look_ups.next().await {
            progress.advance(0);
            match outcome.as_ref().err().and_then(|error| StopReason::of(error, false)) {
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

fn id_of(user: &UserListItem) -> Result<UserId, CliError> {
    let id = user.id.as_deref().unwrap_or_default();
    id.parse().map_err(|error| {
        CliError::other(format!("the list of users contains the invalid id {:?}: {error}", excerpt(id, MAX_NAME)))
    })
}

fn has_email(user: &UserListItem, email: &str) -> bool {
    user.email.as_deref().is_some_and(|own| own.to_lowercase() == email.to_lowercase())
}

/// Returns the id of the role with this id or name; `None` if none is given.
pub(super) async fn role_id(
    context: &Context<'_>,
    client: &Client,
    given: Option<String>,
) -> Result<Option<String>, CliError> {
    let Some(given) = given else { return Ok(None) };
    let response = context.call(client.list_roles().send()).await;
    let response = response.map_err(|error| error.context("cannot look up the role"))?;
    choose("role", &given, response.value.roles.into_iter().map(|role| (role.id, role.name))).map(Some)
}

/// Returns the id of the organization with this id or name; `None` if none is given.
pub(super) async fn organization_id(
    context: &Context<'_>,
    client: &Client,
    given: Option<String>,
) -> Result<Option<String>, CliError> {
    let Some(given) = given else { return Ok(None) };
    let response = context.call(client.list_organizations().send()).await;
    let response = response.map_err(|error| error.context("cannot look up the organization"))?;
    let organizations = response.value.organizations.into_iter();
    choose("organization", &given, organizations.map(|organization| (organization.id, organization.name))).map(Some)
}

/// An id takes precedence over a name, since ids are unique. Names are compared without regard to case.
fn choose(
    kind: &str,
    given: &str,
    known: impl Iterator<Item = (Option<String>, Option<String>)>,
) -> Result<String, CliError> {
    let known: Vec<(String, String)> = known.filter_map(|(id, name)| Some((id?, name.unwrap_or_default()))).collect();
    if known.iter().any(|(id, _)| id == given) {
        return Ok(given.to_owned());
    }
    let named: Vec<_> = known.iter().filter(|(_, name)| name.to_lowercase() == given.to_lowercase()).collect();
    let list = |items: &[&(String, String)]| {
        let each = items.iter().map(|(id, name)| format!("{} ({})", excerpt(name, MAX_NAME), excerpt(id, MAX_NAME)));
        excerpt(&each.collect::<Vec<_>>().join(", "), MAX_LIST)
    };
    match &named[..] {
        [(id, _)] => Ok(id.clone()),
        [] if known.is_empty() => {
            Err(CliError::usage(format!("{kind} not found: {given:?}")).hint(format!("The customer has no {kind}s.")))
        }
        [] => Err(CliError::usage(format!("{kind} not found: {given:?}"))
            .hint(format!("Use one of: {}.", list(&known.iter().collect::<Vec<_>>())))),
        several => Err(CliError::usage(format!("several {kind}s have the name {given:?}"))
            .hint(format!("Use an id instead: {}.", list(several)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    #[test]
    fn the_spec_does_not_describe_invite_status() {
        let schemas = Operation::LIST_USERS.responses.iter().filter_map(|response| response.content);
        let has = |property: &str| schemas.clone().any(|content| content.schema.contains(property));
        assert!(has("\"status\""), "the schema is read");
        assert!(!has("inviteStatus"), "use UserListItem::invite_status instead of invite_statuses");
    }

    fn chosen(given: &str) -> Result<String, String> {
        let known = [("r1", "Admin"), ("r2", "Viewer"), ("r3", "viewer"), ("Admin2", "r1")];
        let known = known.into_iter().map(|(id, name)| (Some(id.to_owned()), Some(name.to_owned())));
        choose("role", given, known).map_err(|error| format!("{} {}", error.sentence(), error.hints().join(" ")))
    }

    #[test]
    fn an_id_or_the_name_of_one_is_chosen() {
        assert_eq!(chosen("r2").as_deref(), Ok("r2"));
        assert_eq!(chosen("admin").as_deref(), Ok("r1"));
        assert_eq!(chosen("r1").as_deref(), Ok("r1"), "an id takes precedence");
    }

    #[test]
    fn a_name_of_none_or_several_lists_them() {
        let none = chosen("boss").expect_err("there is none");
        assert!(none.contains("role not found: \"boss\" Use one of: Admin (r1), Viewer (r2)"), "{none}");
        let several = chosen("VIEWER").expect_err("there are two");
        assert!(several.ends_with("Use an id instead: Viewer (r2), viewer (r3)."), "{several}");
    }
}
