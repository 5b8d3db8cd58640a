use serde::Serialize;
use serde_json::Value;

use super::columns::Column;
use crate::client::UserId;

/// The outcome of a target that something went wrong with.
pub(in crate::cli) const FAILED: &str = "failed";

/// What is said of one target of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Row<'a> {
    pub target: &'a str,
    pub id: Option<&'a UserId>,
    pub outcome: &'static str,
    pub message: Option<String>,
    pub invite_id: Option<String>,
    /// The error object.
    pub error: Option<Value>,
}

impl Row<'_> {
    /// What all rows have.
    pub fn columns() -> Vec<Column> {
        ["target", "id", "outcome", "message", "inviteId", "error"].into_iter().map(Column::of).collect()
    }

    /// What a person reads of a target that something went wrong with.
    pub fn failure(&self) -> Option<String> {
        let message = self.message.as_deref().filter(|_| self.outcome == FAILED)?;
        Some(format!("{}: {message}", self.target))
    }
}
