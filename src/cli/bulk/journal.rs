//! The journal of a run: a file with what is left to do, so that the run can be resumed after a kill or a power failure.
//!
//! It is written whole before the first call, and a line is appended whenever calls succeed. A line that was not written
//! to its end is ignored: its targets are done again with the same keys, which has no effect. The file is locked while
//! its run is in progress, and removed when resuming can do no more.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use etcetera::AppStrategy;
use serde::{Deserialize, Serialize};

use super::item::{Item, Plan};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::scope::Scope;
use crate::cli::shell;
use crate::client::RunId;
use crate::client::sign_in::user_files;
use crate::operation::Operation;

/// The maximum size of a journal, in bytes: about 100,000 targets. A larger run has no journal.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The most journals that are kept. The oldest are removed.
const MAX_JOURNALS: usize = 20;

const EXTENSION: &str = "jsonl";

/// What a run does, and for whom.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::cli) struct Head {
    /// Such as `resend-invite`.
    pub command: String,
    pub scope: Scope,
}

impl Head {
    pub fn of(operation: &Operation, context: &Context<'_>) -> Result<Self, CliError> {
        Ok(Self { command: operation.command(), scope: context.scope()? })
    }

    /// The command that resumes a run, if `scope` is chosen without flags.
    pub fn command_to_resume(&self, run: RunId, scope: &Scope) -> String {
        let words = ["dci".to_owned(), self.command.clone(), "--resume".to_owned(), run.to_string()];
        shell::command(&words.into_iter().chain(self.scope.flags(scope)).collect::<Vec<_>>()).unwrap_or_default()
    }
}

/// A target that is not done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Left {
    pub target: String,
    /// `None` if it is not known yet.
    pub id: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    /// The first line, with the number of targets.
    Run(Head, usize),
    /// A target, and its number in the run.
    Todo(usize, Left),
    /// The numbers of targets that are done.
    Done(Vec<usize>),
}

/// The journal of a run in progress.
#[derive(Debug)]
pub(in crate::cli) struct Journal {
    path: PathBuf,
    file: File,
    /// The numbers of items that are done.
    unwritten: Vec<usize>,
    /// Whether it also has targets that an earlier process left, and this one does not do.
    has_others: bool,
}

/// A journal that was read.
#[derive(Debug)]
pub(super) struct Content {
    pub head: Head,
    pub left: BTreeMap<usize, Left>,
    /// Whether its run is in progress.
    pub is_locked: bool,
    /// Whether targets are missing.
    pub is_damaged: bool,
}

impl Journal {
    /// Writes the journal of a run that begins, or that is resumed. Fails if another process does the same run. Returns
    /// `None` if it cannot be written, which a log line explains: the run does not depend on it.
    pub fn begin<W>(run: RunId, head: Head, items: &[Item<W>]) -> Result<Option<Self>, CliError> {
        match folder().and_then(|folder| Self::create(&folder, run, head, items)) {
            Ok(journal) => Ok(journal),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(in_progress(run)),
            Err(error) => {
                tracing::debug!("the run is not recorded, so a kill would lose what is done: {error}");
                Ok(None)
            }
        }
    }

    fn create<W>(folder: &Path, run: RunId, head: Head, items: &[Item<W>]) -> io::Result<Option<Self>> {
        let mut left: BTreeMap<usize, Left> = items.iter().enumerate().filter_map(left).collect();
        if left.is_empty() {
            return Ok(None);
        }
        user_files::create_folder(folder)?;
        let path = path(folder, run);
        let mut has_others = false;
        if let Some(earlier) = read(&path)? {
            if earlier.is_locked {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
            if earlier.head != head {
                return Err(io::Error::other("another command has the same run"));
            }
            let own: HashSet<&str> = items.iter().map(|item| item.target.as_str()).collect();
            let others = earlier.left.into_values().filter(|other| !own.contains(other.target.as_str()));
            let others: Vec<Left> = others.collect();
            has_others = !others.is_empty();
            left.extend((items.len()..).zip(others));
        }
        let mut content = serde_json::to_vec(&Line::Run(head, left.len()))?;
        for (number, left) in left {
            content.push(b'\n');
            serde_json::to_writer(&mut content, &Line::Todo(number, left))?;
        }
        content.push(b'\n');
        if content.len() > MAX_BYTES {
            return Err(io::Error::other(format!("the record would exceed {} MiB", MAX_BYTES >> 20)));
        }
        let new_path = path.with_extension("new");
        let file = user_files::write_new(&new_path, &content)?;
        file.sync_all()?;
        // On a file system without locks, a run in progress looks like one that was killed.
        let _ = file.try_lock();
        fs::rename(&new_path, &path)?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        remove_old(folder)?;
        Ok(Some(Self { path, file, unwritten: Vec::new(), has_others }))
    }

    /// Records that an item is done, by the next flush.
    pub fn done(&mut self, number: usize) {
        self.unwritten.push(number);
    }

    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Writes the items that are done since the last flush.
    pub fn flush(&mut self) {
        if self.unwritten.is_empty() {
            return;
        }
        let line = serde_json::to_string(&Line::Done(std::mem::take(&mut self.unwritten)));
        let written = line.map_err(io::Error::other).and_then(|line| self.file.write_all((line + "\n").as_bytes()));
        if let Err(error) = written {
            tracing::debug!("{} cannot be written: {error}", self.path.display());
        }
    }

    /// Ends the journal of a run. It is kept if the run can be resumed.
    pub fn end(mut self, is_resumable: bool) {
        if is_resumable || self.has_others {
            return self.flush();
        }
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!("{} cannot be removed: {error}", self.path.display());
        }
    }
}

/// The error if another process does the same run.
pub(super) fn in_progress(run: RunId) -> CliError {
    CliError::usage(format!("the run {run} is still in progress")).hint("Wait until it ends.")
}

/// What is left of an item before the run.
fn left<W>((number, item): (usize, &Item<W>)) -> Option<(usize, Left)> {
    let is_left = matches!(item.plan, Plan::Call(_) | Plan::Failed(_));
    let id = item.id.as_ref().map(ToString::to_string);
    is_left.then(|| (number, Left { target: item.target.clone(), id }))
}

/// The folder of the journals.
pub(super) fn folder() -> io::Result<PathBuf> {
    let places = user_files::places().map_err(io::Error::other)?;
    Ok(places.in_state_dir("runs").unwrap_or_else(|| places.in_data_dir("runs")))
}

/// The file of a run.
pub(super) fn path(folder: &Path, run: RunId) -> PathBuf {
    folder.join(run.to_string()).with_extension(EXTENSION)
}

/// All journals in a folder, the oldest first.
pub(super) fn runs(folder: &Path) -> io::Result<Vec<RunId>> {
    let files = match fs::read_dir(folder) {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        files => files?,
    };
    let run = |file: io::Result<fs::DirEntry>| {
        let path = file.ok()?.path();
        let is_journal = path.extension().is_some_and(|extension| extension == EXTENSION);
        path.file_stem().filter(|_| is_journal)?.to_str()?.parse().ok()
    };
    let mut runs: Vec<RunId> = files.filter_map(run).collect();
    runs.sort_unstable();
    Ok(runs)
}

/// Reads a journal; `None` if there is none, or if it is not a journal.
pub(super) fn read(path: &Path) -> io::Result<Option<Content>> {
    // Done targets add to the size of a new journal. Opening a pipe would block.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() <= 2 * MAX_BYTES as u64 => {}
        Err(error) if !is_missing(&error) => return Err(error),
        _ => return Ok(None),
    }
    let mut file = File::open(path)?;
    let is_locked = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let mut lines = text.split(|byte| *byte == b'\n').map(serde_json::from_slice);
    let Some(Ok(Line::Run(head, count))) = lines.next() else { return Ok(None) };
    let (mut left, mut read) = (BTreeMap::new(), 0);
    for line in lines.filter_map(Result::ok) {
        match line {
            Line::Run(..) => {}
            Line::Todo(number, target) => {
                left.insert(number, target);
                read += 1;
            }
            Line::Done(numbers) => numbers.iter().for_each(|number| drop(left.remove(number))),
        }
    }
    Ok(Some(Content { head, left, is_locked, is_damaged: read != count }))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Removes the files of runs whose keys have expired, and the oldest journals.
fn remove_old(folder: &Path) -> io::Result<()> {
    user_files::remove_older(folder, RunId::KEY_RETENTION)?;
    let mut oldest = runs(folder)?.into_iter().rev().skip(MAX_JOURNALS);
    oldest.try_for_each(|run| fs::remove_file(path(folder, run)))
}
