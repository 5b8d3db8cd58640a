//! Who and what there is: users, roles and organizations, as commands look them up.

use bytes::Bytes;
use serde::Deserialize;

use super::context::Context;
use super::error::CliError;
use super::many::{Resolution, ResolvedTarget};
use super::target::Target;
use crate::client::{Client, UserId, excerpt};

/// The most of a name or an id that goes into an error, in characters.
const MAX_NAME: usize = 100;

/// The same of a list of them.
const MAX_LIST: usize = 1000;

/// What a target has to be.
#[derive(Clone, Copy, Debug)]
pub(super) enum TargetKind {
    /// Somebody who has not accepted yet.
    Invite,
    User,
}

/// A row of the list of users, with the property that the document leaves out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserRow {
    id: Option<String>,
    email: Option<String>,
    status: Option<String>,
    invite_status: Option<String>,
}

impl UserRow {
    fn read(body: &Bytes) -> Result<Vec<Self>, CliError> {
        #[derive(Deserialize)]
        struct List {
            users: Option<Vec<UserRow>>,
        }
        let list: List = serde_json::from_slice(body)
            .map_err(|error| CliError::other(format!("the list of users cannot be read: {error}")))?;
        Ok(list.users.unwrap_or_default())
    }

    fn id(&self) -> Result<UserId, CliError> {
        let id = self.id.as_deref().unwrap_or_default();
        id.parse().map_err(|error| {
            CliError::other(format!("the list of users has a row with the id {:?}: {error}", excerpt(id, MAX_NAME)))
        })
    }

    fn has_email(&self, email: &str) -> bool {
        self.email.as_deref().is_some_and(|own| own.to_lowercase() == email.to_lowercase())
    }
}

/// Everybody who has not accepted yet.
#[derive(Debug, Default)]
pub(super) struct AllInvited {
    pub found: Vec<ResolvedTarget>,
    /// How many are left out because their invite was cancelled.
    pub cancelled: usize,
}

impl Context<'_> {
    /// The id of a target: the one that was given, or the one that the list of users has for its email address.
    pub async fn resolve(&self, client: &Client, target: &Target, sought: TargetKind) -> Result<UserId, CliError> {
        let email = match target {
            Target::Id(id) => return Ok(id.clone()),
            Target::Email(email) => email.as_str(),
        };
        let answer = self.call(client.list_users().email(email).send()).await?;
        // A server that knows no filter sends everybody.
        let user = UserRow::read(&answer.body)?.into_iter().find(|user| user.has_email(email));
        let user = user.ok_or_else(|| {
            CliError::not_found(format!("no user has the email address {email}"))
                .hint("list-users shows who there is, and invite-user invites somebody new.")
        })?;
        match sought {
            TargetKind::Invite if user.status.as_deref() == Some("active") => {
                Err(CliError::not_found(format!("{email} has accepted the invite already"))
                    .hint("There is no invite any more: the user can sign in."))
            }
            _ => user.id(),
        }
    }

    /// Everybody whom an invite can be sent again without undoing what somebody decided.
    pub async fn all_invited(&self, client: &Client) -> Result<AllInvited, CliError> {
        let answer = self.call(client.list_users().send()).await;
        let answer = answer.map_err(|error| error.context("cannot list the users"))?;
        let mut all = AllInvited::default();
        for user in UserRow::read(&answer.body)?.into_iter().filter(|user| user.status.as_deref() == Some("invited")) {
            if user.invite_status.as_deref() == Some("Cancelled") {
                all.cancelled += 1;
                continue;
            }
            let email = user.email.as_deref().and_then(|email| email.parse().ok());
            match (user.id(), email) {
                (Ok(id), email) => {
                    let target = email.unwrap_or_else(|| Target::Id(id.clone()));
                    all.found.push(ResolvedTarget { target, resolution: Resolution::Id(id) });
                }
                (Err(error), Some(target)) => {
                    all.found.push(ResolvedTarget { target, resolution: Resolution::Failed(error.into()) })
                }
                (Err(error), None) => self.output.note(&error.sentence()),
            }
        }
        Ok(all)
    }

    /// The id of the role that has this id or this name, if one is wanted.
    pub async fn role_id(&self, client: &Client, wanted: Option<String>) -> Result<Option<String>, CliError> {
        let Some(wanted) = wanted else { return Ok(None) };
        let answer = self.call(client.list_roles().send()).await;
        let answer = answer.map_err(|error| error.context("cannot look up the role"))?;
        choose("role", &wanted, answer.value.roles.into_iter().map(|role| (role.id, role.name))).map(Some)
    }

    /// The id of the organization that has this id or this name, if one is wanted.
    pub async fn organization_id(&self, client: &Client, wanted: Option<String>) -> Result<Option<String>, CliError> {
        let Some(wanted) = wanted else { return Ok(None) };
        let answer = self.call(client.list_organizations().send()).await;
        let answer = answer.map_err(|error| error.context("cannot look up the organization"))?;
        let organizations = answer.value.organizations.into_iter();
        choose("organization", &wanted, organizations.map(|organization| (organization.id, organization.name)))
            .map(Some)
    }
}

/// The id goes before the name: it is one thing's alone. Names are compared without regard to case.
fn choose(
    kind: &str,
    wanted: &str,
    known: impl Iterator<Item = (Option<String>, Option<String>)>,
) -> Result<String, CliError> {
    let known: Vec<(String, String)> = known.filter_map(|(id, name)| Some((id?, name.unwrap_or_default()))).collect();
    if known.iter().any(|(id, _)| id == wanted) {
        return Ok(wanted.to_owned());
    }
    let named: Vec<_> = known.iter().filter(|(_, name)| name.to_lowercase() == wanted.to_lowercase()).collect();
    let list = |those: &[&(String, String)]| {
        let each = those.iter().map(|(id, name)| format!("{} ({})", excerpt(name, MAX_NAME), excerpt(id, MAX_NAME)));
        excerpt(&each.collect::<Vec<_>>().join(", "), MAX_LIST)
    };
    match &named[..] {
        [(id, _)] => Ok(id.clone()),
        [] => Err(CliError::usage(format!("no {kind} has the id or the name {wanted:?}"))
            .hint(format!("There are: {}.", list(&known.iter().collect::<Vec<_>>())))),
        several => Err(CliError::usage(format!("several {kind}s have the name {wanted:?}"))
            .hint(format!("Give the id of one: {}.", list(several)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(wanted: &str) -> Result<String, String> {
        let known = [("r1", "Admin"), ("r2", "Viewer"), ("r3", "viewer"), ("Admin2", "r1")];
        let known = known.into_iter().map(|(id, name)| (Some(id.to_owned()), Some(name.to_owned())));
        choose("role", wanted, known).map_err(|error| format!("{} {}", error.sentence(), error.hints().join(" ")))
    }

    #[test]
    fn an_id_or_the_name_of_one_is_chosen() {
        assert_eq!(chosen("r2").as_deref(), Ok("r2"));
        assert_eq!(chosen("admin").as_deref(), Ok("r1"));
        assert_eq!(chosen("r1").as_deref(), Ok("r1"), "the id goes before the name of another");
    }

    #[test]
    fn a_name_of_none_or_several_lists_them() {
        let none = chosen("boss").expect_err("there is none");
        assert!(none.contains("no role has the id or the name \"boss\" There are: Admin (r1), Viewer (r2)"), "{none}");
        let several = chosen("VIEWER").expect_err("there are two");
        assert!(several.ends_with("Give the id of one: Viewer (r2), viewer (r3)."), "{several}");
    }
}
