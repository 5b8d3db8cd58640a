//! Look-ups of users and invites.

use std::collections::HashMap;
use std::pin::pin;

use futures_util::StreamExt;

use super::context::Context;
use super::error::CliError;
use super::found::{Found, Resolution, ResolvedTarget};
use super::listed_user::ListedUser;
use super::stop_reason::{StopReason, Unconnected};
use super::suggestion::Suggestions;
use super::target::{Target, TargetKind};
use super::user_status::InviteStatus;
use crate::client::{Client, UserId, call_each};

/// Finds what a target stands for. Looks an email address up in the list of users.
pub(super) async fn resolve(
    context: &Context<'_>,
    client: &Client,
    target: &Target,
    kind: TargetKind,
) -> Result<Found, CliError> {
    let email = match target {
        Target::Id(id) | Target::Listed { id, .. } => return Ok(Found::given(id.clone())),
        Target::Email(email) => email.as_str(),
    };
    let response = context.call(client.list_users().email(email).send()).await?;
    // A server that ignores the filter sends all users.
    let user = ListedUser::read_all(response)?.into_iter().find(|user| user.has_email(email));
    let user = user.ok_or_else(|| {
        CliError::not_found(format!("no user has the email address {email}"))
            .hint("list-users lists all users; invite-user invites a new one.")
    })?;
    if kind == TargetKind::Invite && user.is_active() {
        return Err(CliError::not_found(format!("{email} has already accepted the invite"))
            .hint("The invite no longer exists: the user can sign in."));
    }
    Found::listed(user)
}

/// Resolves all targets. Fails if no target can be looked up, such as after Ctrl-C or with an invalid credential.
pub(super) async fn resolve_all(
    context: &Context<'_>,
    client: &Client,
    targets: Vec<Target>,
    kind: TargetKind,
    suggestions: &Suggestions<'_>,
) -> Result<Vec<ResolvedTarget>, CliError> {
    let mut outcomes: Vec<Option<Result<Found, CliError>>> = Vec::with_capacity(targets.len());
    outcomes.extend(targets.iter().map(|target| match target {
        Target::Id(id) | Target::Listed { id, .. } => Some(Ok(Found::given(id.clone()))),
        Target::Email(_) => None,
    }));
    {
        let emails = targets.iter().enumerate().filter(|(_, target)| matches!(target, Target::Email(_)));
        let progress = context.output.progress(emails.clone().count());
        let look_up = async |index: usize, target: &Target| match resolve(context, client, target, kind).await {
            Ok(found) => (index, Ok(found)),
            Err(error) => (index, Err(suggestions.add_to(error, target.as_str()).await)),
        };
        let unconnected = Unconnected::new(client.concurrency());
        let mut look_ups = pin!(call_each(client, emails, |(index, target)| look_up(index, target)));
        while let Some((index, outcome)) = look_ups.next().await {
            progress.advance(0);
            let unreachable = unconnected.after(&outcome);
            match outcome.as_ref().err().and_then(|error| StopReason::of(error, false).or(unreachable)) {
                Some(StopReason::Interrupted) => return Err(CliError::interrupted()),
                Some(_) => return outcome.map(|_| Vec::new()),
                None => outcomes[index] = Some(outcome),
            }
        }
    }

    let mut first_with: HashMap<UserId, usize> = HashMap::new();
    let mut resolved: Vec<ResolvedTarget> = Vec::with_capacity(targets.len());
    for (target, outcome) in targets.into_iter().zip(outcomes.into_iter().flatten()) {
        let resolution = match outcome {
            Err(error) => Resolution::Failed(error.into()),
            Ok(found) => match *first_with.entry(found.id.clone()).or_insert(resolved.len()) {
                first if first == resolved.len() => Resolution::Found(found),
                first => Resolution::DuplicateOf { id: found.id, earlier: resolved[first].target.to_string() },
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
    let mut all = AllInvited::default();
    let mut unknown = 0;
    for user in ListedUser::all(context, client).await?.into_iter().filter(ListedUser::is_invited) {
        let status = user.invite_status();
        all.cancelled += usize::from(status == Some(InviteStatus::Cancelled) && user.id().is_ok());
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
        let email = user.email().map(Target::Email);
        let (target, resolution) = match (Found::listed(user), email) {
            (Ok(found), email) => (email.unwrap_or_else(|| Target::Id(found.id.clone())), Resolution::Found(found)),
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
