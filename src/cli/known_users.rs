//! The users of the last list that was fetched. The shell completes targets from them, without a call.
//!
//! A file for each API, customer and user keeps them for a day, in the cache folder of the user, unless `DCI_NO_CACHE` is set.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::AppStrategy;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::context::Context;
use super::scope::Scope;
use super::target;
use crate::client::UserId;
use crate::client::sign_in::user_files;
use crate::types::{UserListItem, UserListItemStatus as Status};

/// The variable that turns the files off.
const NO_CACHE: &str = "DCI_NO_CACHE";

const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The most users that are kept: a shell has no use for more.
const MAX_USERS: usize = 20_000;

/// The longest text that is completed: that of an email address.
const MAX_TEXT: usize = 254;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KnownUser {
    pub email: Option<String>,
    pub id: Option<String>,
    /// Whether the user has not accepted the invite yet.
    pub is_invited: bool,
}

impl Context<'_> {
    /// Remembers all users of the customer. If that fails, a log line says so.
    pub fn remember_users(&self, users: &[UserListItem]) {
        if self.sandbox.is_some() || is_turned_off() {
            return;
        }
        let remembered = self.scope().map_err(|error| io::Error::other(error.sentence()));
        if let Err(error) = remembered.and_then(|scope| write(&scope, users)) {
            tracing::debug!("the users are not kept for completion: {error}");
        }
    }
}

/// Reads the users of a customer whose texts need no quotes in any shell. Empty if none are known.
pub(super) fn read(scope: &Scope) -> Vec<KnownUser> {
    if is_turned_off() {
        return Vec::new();
    }
    let file = folder(&scope.api_base_url).map(|folder| file(&folder, scope));
    // Reading a pipe would block.
    let fresh = file.ok().filter(|file| file.is_file() && !user_files::is_older(file, MAX_AGE));
    let text = fresh.and_then(|file| fs::read(file).ok()).unwrap_or_default();
    let users: Vec<KnownUser> = serde_json::from_slice(&text).unwrap_or_default();
    let safe = |user: KnownUser| KnownUser {
        email: user.email.filter(|email| is_plain(email) && target::email(email).is_ok()),
        id: user.id.filter(|id| is_plain(id) && !id.contains('@') && id.parse::<UserId>().is_ok()),
        ..user
    };
    users.into_iter().map(safe).collect()
}

/// Removes the users of all customers of an API.
pub(super) fn forget(api_base_url: &str) -> io::Result<()> {
    match fs::remove_dir_all(folder(api_base_url)?) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_turned_off() -> bool {
    std::env::var_os(NO_CACHE).is_some_and(|value| !value.is_empty())
}

fn write(scope: &Scope, users: &[UserListItem]) -> io::Result<()> {
    let users: Vec<KnownUser> = users.iter().take(MAX_USERS).map(KnownUser::from).collect();
    let folder = folder(&scope.api_base_url)?;
    user_files::create_folder(&folder)?;
    user_files::remove_older(&folder, MAX_AGE)?;
    let file = file(&folder, scope);
    // Two processes may write at once.
    let new_file = file.with_extension(format!("{}.new", std::process::id()));
    user_files::write_new(&new_file, &serde_json::to_vec(&users)?)?;
    fs::rename(&new_file, &file)
}

/// The folder for an API.
fn folder(api_base_url: &str) -> io::Result<PathBuf> {
    let places = user_files::places().map_err(io::Error::other)?;
    Ok(places.in_cache_dir("users").join(name_of(api_base_url)))
}

fn file(folder: &Path, Scope { tenant, customer_context, owner, .. }: &Scope) -> PathBuf {
    folder.join(name_of(&format!("{tenant:?} {customer_context:?} {owner:?}"))).with_extension("json")
}

/// A file name for any text.
fn name_of(text: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string()
}

/// Whether every shell takes the text as it is.
fn is_plain(text: &str) -> bool {
    let is_safe = |char: char| char.is_ascii_alphanumeric() || "@._-+".contains(char);
    !text.is_empty() && text.len() <= MAX_TEXT && !text.starts_with('-') && text.chars().all(is_safe)
}

impl From<&UserListItem> for KnownUser {
    fn from(user: &UserListItem) -> Self {
        Self { email: user.email.clone(), id: user.id.clone(), is_invited: user.status == Some(Status::Invited) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_no_shell_acts_on_is_plain() {
        for plain in ["ada@example.com", "ada+test@example.com", "3f2a9c", "a_b-c.d"] {
            assert!(is_plain(plain), "{plain}");
        }
        let long = "x".repeat(MAX_TEXT + 1);
        let specials = " \t\n\r\u{1b}\u{202e}'\"`$&|;<>(){}[]*?!#~=%^\\,:/é".chars().map(|char| format!("a{char}b"));
        for bad in ["", "-rf", "--yes", &long].map(str::to_owned).into_iter().chain(specials) {
            assert!(!is_plain(&bad), "{bad:?}");
        }
    }
}
