//! One row of a run.

use serde::Serialize;
use serde_json::Value;

use super::columns::{Column, ColumnStyle};
use crate::client::UserId;

/// The outcome of a target that failed.
pub(in crate::cli) const FAILED: &str = "failed";

/// The result for one target of a run.
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
    /// The columns of every row.
    pub fn columns() -> Vec<Column> {
        let column = |property| Column::new(property, property);
        vec![
            column("target"),
            column("id").with_style(ColumnStyle::Uncut),
            column("outcome").with_style(ColumnStyle::Outcome),
            column("message"),
            column("inviteId"),
            column("error"),
        ]
    }

    /// The line for people if the target failed.
    pub fn failure(&self) -> Option<String> {
        let message = self.message.as_deref().filter(|_| self.outcome == FAILED)?;
        Some(format!("{}: {message}", self.target))
    }
}
