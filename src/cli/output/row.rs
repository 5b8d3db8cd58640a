//! One row of a run.

use serde::Serialize;
use serde_json::Value;

use super::columns::{Column, ColumnStyle};
use crate::client::UserId;

/// The outcome of a target for which nothing had to be done, or no call was started.
pub(in crate::cli) const SKIPPED: &str = "skipped";

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
    /// Whether people see it too: they see the rows that they may have to act on.
    #[serde(skip)]
    pub is_for_people: bool,
}

impl<'a> Row<'a> {
    /// The row of a target, without a result yet.
    pub fn new(target: &'a str, id: Option<&'a UserId>) -> Self {
        Self { target, id, outcome: SKIPPED, message: None, invite_id: None, error: None, is_for_people: false }
    }

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
}
