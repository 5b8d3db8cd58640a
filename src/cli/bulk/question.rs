//! Who a question is about.

use serde_json::json;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::found::Found;
use crate::cli::listed_user::ListedUser;
use crate::cli::named::Named;
use crate::cli::output::lines_on_stderr;
use crate::cli::target::Target;
use crate::client::Client;

/// The most targets that a question shows.
const MAX_SHOWN: usize = 20;

const INDENT: &str = "  ";

/// Describes the first targets, a line each, and counts the others. Looks up the users whose ids were given.
pub(super) async fn describe(
    context: &Context<'_>,
    client: &Client,
    targets: &[(&Target, &Found)],
) -> Result<Vec<String>, CliError> {
    let shown = &targets[..targets.len().min(MAX_SHOWN)];
    let look_up = async {
        let is_known = shown.iter().all(|(_, found)| found.user.is_some());
        if is_known { Ok(Vec::new()) } else { ListedUser::all(context, client).await }
    };
    let (users, roles) = tokio::join!(look_up, Named::roles(context, client));
    if context.interrupts.is_ended() {
        return Err(CliError::interrupted());
    }
    let (users, roles, problem) = match users {
        Ok(users) => (users, Named::or_ids(roles, context), None),
        Err(error) => (Vec::new(), Named::default(), Some(error.sentence())),
    };
    let rows: Vec<_> = shown
        .iter()
        .map(|(target, Found { id, user })| {
            let user = user.as_ref().or_else(|| users.iter().find(|user| user.has_id(id.as_str())));
            match (user, &problem) {
                (Some(user), _) => user.row(&roles),
                (None, Some(_)) => json!({ "email": target.as_str() }),
                (None, None) => json!({ "email": target.as_str(), "state": "not in the list of users" }),
            }
        })
        .collect();
    let mut lines: Vec<String> = problem.map(|problem| format!("No details: {problem}")).into_iter().collect();
    let indent = INDENT.len().try_into().unwrap_or_default();
    lines.extend(lines_on_stderr(&rows, ListedUser::COLUMNS, indent).iter().map(|line| format!("{INDENT}{line}")));
    if targets.len() > shown.len() {
        lines.push(format!("{INDENT}… and {} more", targets.len() - shown.len()));
    }
    Ok(lines)
}
