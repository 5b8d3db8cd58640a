//! Targets, and the users or invites that they stand for.

use super::error::CliError;
use super::listed_user::ListedUser;
use super::target::Target;
use crate::client::UserId;

/// The user or invite that a target stands for.
#[derive(Debug)]
pub(super) struct Found {
    pub id: UserId,
    /// Its row in the list of users; `None` if the id was given and not looked up.
    pub user: Option<ListedUser>,
}

impl Found {
    /// A given id, which may not exist.
    pub fn given(id: UserId) -> Self {
        Self { id, user: None }
    }

    pub fn listed(user: ListedUser) -> Result<Self, CliError> {
        Ok(Self { id: user.id()?, user: Some(user) })
    }
}

/// A target, and what it stands for.
#[derive(Debug)]
pub(super) struct ResolvedTarget {
    pub target: Target,
    pub resolution: Resolution,
}

#[derive(Debug)]
pub(super) enum Resolution {
    Found(Found),
    /// The id of an earlier target.
    DuplicateOf {
        id: UserId,
        earlier: String,
    },
    /// The target has no id.
    Failed(Box<CliError>),
}
