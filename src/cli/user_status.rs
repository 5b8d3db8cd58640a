//! The values of `--status`.

use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::types::UserListItemStatus as Status;

/// The status of an invite that is not accepted yet. The API sends it as `inviteStatus`, which the spec does not
/// describe.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum InviteStatus {
    /// The link works
    Pending,
    /// The link no longer works
    Expired,
    /// Withdrawn; resend-invite makes it pending again
    Cancelled,
}

impl InviteStatus {
    /// Reads an `inviteStatus`; `None` if it is unknown.
    pub fn read(text: &str) -> Option<Self> {
        Self::from_str(text, true).ok()
    }
}

/// The status of a user, or of the invite of a user who has not accepted it yet.
#[derive(Clone, Debug)]
pub(super) enum UserStatus {
    User(Status),
    Invite(InviteStatus),
}

impl UserStatus {
    /// Whether a user with this `status` and `inviteStatus` has it.
    pub fn includes(&self, status: &Status, invite_status: Option<&str>) -> bool {
        match self {
            Self::User(wanted) => status == wanted,
            Self::Invite(wanted) => {
                *status == Status::Invited && invite_status.and_then(InviteStatus::read) == Some(*wanted)
            }
        }
    }
}

impl ValueEnum for UserStatus {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<UserStatus>> = LazyLock::new(|| {
            let users = Status::ALL.iter().cloned().map(UserStatus::User);
            users.chain(InviteStatus::value_variants().iter().copied().map(UserStatus::Invite)).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::User(status) => Some(PossibleValue::new(status.to_string())),
            Self::Invite(status) => status.to_possible_value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_status_applies_to_invited_users_only() {
        let included = |status: &str, invite_status| {
            let all =
                UserStatus::value_variants().iter().filter(|wanted| wanted.includes(&status.into(), invite_status));
            all.filter_map(|wanted| Some(wanted.to_possible_value()?.get_name().to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(included("active", None), ["active"]);
        assert_eq!(included("active", Some("Pending")), ["active"]);
        assert_eq!(included("invited", None), ["invited"]);
        assert_eq!(included("invited", Some("Delivered")), ["invited"]);
        for invite_status in ["Pending", "EXPIRED", "cancelled"] {
            assert_eq!(included("invited", Some(invite_status)), ["invited", &invite_status.to_lowercase()]);
        }
        assert!(included("on-the-moon", Some("Pending")).is_empty());
    }
}
