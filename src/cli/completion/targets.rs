//! Completion of targets, from the users of the last list that was fetched. It makes no call.

use std::ffi::OsStr;
use std::mem;

use clap::FromArgMatches;
use clap_complete::{ArgValueCompleter, CompletionCandidate};

use crate::cli::credential::Credential;
use crate::cli::global::GlobalArgs;
use crate::cli::known_users;
use crate::cli::scope::Scope;
use crate::cli::target::TargetKind;
use crate::client::base_url;

/// Completes the arguments that are targets. `words` is the command line up to the word at the cursor.
pub(super) fn complete_in(command: &mut clap::Command, words: &[String]) {
    let Some(scope) = scope(command.clone(), words) else { return };
    *command = mem::take(command).mut_subcommands(|command| {
        command.mut_args(|argument| {
            let Some(kind) = argument.get::<TargetKind>().copied() else { return argument };
            let scope = scope.clone();
            argument.add(ArgValueCompleter::new(move |typed: &OsStr| candidates(&scope, kind, typed)))
        })
    });
}

/// The API and the customer of a command line. `None` if it has a private sandbox, or is invalid.
fn scope(command: clap::Command, words: &[String]) -> Option<Scope> {
    let (_, before) = words.split_last()?;
    let matches = command.ignore_errors(true).try_get_matches_from(before).ok()?;
    let global = GlobalArgs::from_arg_matches(&matches).ok().filter(|global| !global.sandbox)?;
    // Reading the sign-in makes no call.
    let url = base_url(global.api_base_url().text().ok()?).ok()?;
    let credential = Credential::choose(None, &url).ok()?;
    Scope::of(&global, &credential).ok()
}

fn candidates(scope: &Scope, kind: TargetKind, typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let mut candidates = Vec::new();
    for user in known_users::read(scope) {
        if kind == TargetKind::Invite && !user.is_invited {
            continue;
        }
        // An id is completed if no address fits.
        let has_email = user.email.is_some();
        candidates.extend(user.email.map(CompletionCandidate::new));
        candidates.extend(user.id.map(|id| CompletionCandidate::new(id).hide(has_email)));
    }
    candidates.retain(|candidate| candidate.get_value().to_string_lossy().starts_with(typed));
    candidates
}
