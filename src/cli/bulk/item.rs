//! The items of a run: what each row is about, and what is left to do for it.

use crate::cli::error::CliError;
use crate::cli::found::{Resolution, ResolvedTarget};
use crate::cli::output::SKIPPED;
use crate::client::UserId;

/// One row of a run. `W` is what the call for it needs.
#[derive(Debug)]
pub(in crate::cli) struct Item<W> {
    pub target: String,
    /// `None` if it is not known before the call.
    pub id: Option<UserId>,
    pub plan: Plan<W>,
}

#[derive(Debug)]
pub(in crate::cli) enum Plan<W> {
    /// Make a call.
    Call(W),
    /// Make no call; say why.
    Settled { outcome: &'static str, message: String },
    /// Make no call: the target cannot be used.
    Failed(Box<CliError>),
}

impl<W> Plan<W> {
    pub fn skip(message: impl Into<String>) -> Self {
        Self::Settled { outcome: SKIPPED, message: message.into() }
    }
}

impl From<ResolvedTarget> for Item<UserId> {
    fn from(ResolvedTarget { target, resolution }: ResolvedTarget) -> Self {
        let (id, plan) = match resolution {
            Resolution::Found(found) => (Some(found.id.clone()), Plan::Call(found.id)),
            Resolution::DuplicateOf { id, earlier } => (Some(id), Plan::skip(format!("duplicate of {earlier}"))),
            Resolution::Failed(error) => (None, Plan::Failed(error)),
        };
        Self { target: target.to_string(), id, plan }
    }
}
