//! "Did you mean": the user whose email address or name begins with a target that was not found.

use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::context::Context;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::listed_user::ListedUser;
use super::target::Target;
use crate::client::Client;

/// The most targets of a command line that a person typed. A longer list is from a program.
const MAX_TYPED: usize = 20;

/// How long the list of users may take. A suggestion is not worth a longer wait.
const DEADLINE: Duration = Duration::from_secs(2);

/// Suggests targets. The users are listed once, when the first target is not found.
pub(super) struct Suggestions<'a> {
    context: &'a Context<'a>,
    client: &'a Client,
    users: OnceCell<Vec<ListedUser>>,
}

impl<'a> Suggestions<'a> {
    /// Suggestions for so many targets.
    pub fn new(context: &'a Context<'a>, client: &'a Client, targets: usize) -> Self {
        let is_typed = targets <= MAX_TYPED;
        Self { context, client, users: OnceCell::new_with((!is_typed).then(Vec::new)) }
    }

    /// Adds a suggestion to the error of a target that may not exist.
    pub async fn add_to(&self, error: CliError, target: &str) -> CliError {
        // Some operations reject an unknown id as invalid.
        let is_unknown = matches!(error.exit_code(), ExitCode::NotFound | ExitCode::Validation);
        if !is_unknown || error.is_tenant_required() {
            return error;
        }
        // If the list fails, there is no suggestion: the first error is enough.
        let list = async || {
            let listed = timeout(DEADLINE, ListedUser::all(self.context, self.client)).await;
            listed.ok().and_then(Result::ok).unwrap_or_default()
        };
        match the_only_one(self.users.get_or_init(list).await, target) {
            Some(meant) => error.hint(format!("Did you mean {meant}?")),
            None => error,
        }
    }
}

/// The only user whose email address or name begins with the text; `None` if the text is an id or an email address.
fn the_only_one(users: &[ListedUser], text: &str) -> Option<Target> {
    if users.iter().any(|user| user.has_id(text) || user.has_email(text)) {
        return None;
    }
    let beginning = text.to_lowercase();
    let mut fitting = users.iter().filter(|user| user.begins_with(&beginning));
    let only = fitting.next()?;
    if fitting.next().is_some() {
        return None;
    }
    only.email().map(Target::Email).or_else(|| only.id().ok().map(Target::Id))
}
