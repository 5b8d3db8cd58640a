//! Invites, their emails and their links.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

/// How long the link of an invite works.
const INVITE_LIFETIME: SignedDuration = SignedDuration::from_hours(48);

#[derive(Clone, Debug)]
pub(super) struct Invite {
    pub token: String,
    expires_at: Timestamp,
    pub cancelled: bool,
}

impl Invite {
    pub fn new(now: Timestamp) -> Self {
        Self { token: Uuid::new_v4().simple().to_string(), expires_at: now + INVITE_LIFETIME, cancelled: false }
    }

    pub fn status(&self, now: Timestamp) -> &'static str {
        match self.cancelled {
            true => "Cancelled",
            false if self.expires_at <= now => "Expired",
            false => "Pending",
        }
    }

    /// The email to this address with the link of this invite.
    pub fn email(self, to: &str, invite_id: &str, sent_at: Timestamp, idempotency_key: Option<&str>) -> Email {
        Email {
            to: to.to_owned(),
            invite_id: invite_id.to_owned(),
            token: self.token,
            sent_at,
            expires_at: self.expires_at,
            idempotency_key: idempotency_key.map(str::to_owned),
        }
    }
}

/// An invitation email in the [outbox](super::Sandbox::outbox).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Email {
    /// The recipient's address.
    pub to: String,
    /// The id of the invite.
    pub invite_id: String,
    /// The token in the link. [`accept`](super::Sandbox::accept) follows the link.
    pub token: String,
    /// When the email was sent, on the sandbox's clock.
    pub sent_at: Timestamp,
    /// When the link expires, on the sandbox's clock.
    pub expires_at: Timestamp,
    /// The `Idempotency-Key` of the `resendInvite` request that sent it; `None` if `inviteUser` sent it.
    pub idempotency_key: Option<String>,
}

/// Why the link of an invite does not work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AcceptError {
    /// The token is unknown: it was never sent, was used, or was replaced by a later email.
    #[error("unknown token")]
    UnknownToken,
    /// The invite expired, 48 hours after it was sent.
    #[error("the invite has expired")]
    Expired,
    /// The invite was cancelled.
    #[error("the invite was cancelled")]
    Cancelled,
}
