use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use etcetera::{AppStrategy, AppStrategyArgs};
use oauth2::RefreshToken;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::SignIn;
use super::token_endpoint::TokenEndpoint;
use crate::client::endpoint::endpoint;
use crate::client::{CredentialsError, ErrorKind, env};

/// The file with the sign-ins of a person, one for each API base URL, so that none is sent to another API.
///
/// It is JSON with mode 0600 in a folder with mode 0700. A new one is written beside it and renamed, under a lock, so
/// that it is whole whenever a process ends, and many can use it at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignInStore {
    file: PathBuf,
}

/// What is in the file.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    /// By API base URL, each an [`Entry`]; what is wrong with one is not in the way of others.
    sign_ins: BTreeMap<String, Value>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    access_token: String,
    refresh_token: Option<String>,
    /// In seconds since 1970.
    expires_at: Option<u64>,
    token_url: String,
    email: Option<String>,
    /// Of the sign-in, whatever its tokens are by now.
    id: Uuid,
}

/// The right to write the file, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    #[allow(dead_code, reason = "the lock ends with it")]
    file: File,
    /// False where the file system has no locks, so that others may write too.
    pub is_held: bool,
}

impl SignInStore {
    /// The file of the person who runs this: `$XDG_DATA_HOME/dci/sign-ins.json` (by default below `~/.local/share`) on
    /// Linux, and in the platform's own place for data elsewhere.
    ///
    /// # Errors
    ///
    /// When it is not known where the home of the person is.
    pub fn of_user() -> Result<Self, CredentialsError> {
        let app = AppStrategyArgs {
            top_level_domain: "com".to_owned(),
            author: "doit".to_owned(),
            app_name: "dci".to_owned(),
        };
        let place = etcetera::app_strategy::choose_native_strategy(app).map_err(|error| {
            // Nobody can be signed in.
            let message = format!(
                "not signed in, and the home folder for sign-ins is not known: set HOME, or {} to an API key",
                env::API_KEY
            );
            CredentialsError::new(ErrorKind::Authentication, message).with_source(error)
        })?;
        Ok(Self::at(place.in_data_dir("sign-ins.json")))
    }

    /// Another file. The folder that its path names is for it alone: it gets mode 0700.
    #[must_use]
    pub fn at(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// The sign-in for an API, if there is one.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is damaged, or can be read by others.
    pub fn load(&self, base_url: &Url) -> Result<Option<SignIn>, CredentialsError> {
        let Some(entry) = self.read()?.sign_ins.remove(&name(base_url)) else { return Ok(None) };
        self.sign_in(entry).map(Some)
    }

    /// Whether a sign-in can be kept: it makes the folder, and refuses a file that others can read. The result is false
    /// if the file cannot be locked: it is used all the same, but two processes may disturb each other.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub fn prepare(&self) -> Result<bool, CredentialsError> {
        let lock = self.lock()?;
        self.text()?;
        Ok(lock.is_held)
    }

    /// Keeps a sign-in for an API, in place of an earlier one. A damaged file is replaced.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, or others can read it.
    pub fn save(&self, base_url: &Url, sign_in: &SignIn) -> Result<(), CredentialsError> {
        let lock = self.lock()?;
        let text = self.text()?;
        let mut content = text.and_then(|text| self.parse(&text).ok()).unwrap_or_default();
        content.insert(base_url, sign_in);
        self.write(&content, &lock)
    }

    /// Keeps the tokens of a sign-in that is there.
    pub(super) fn replace(&self, base_url: &Url, sign_in: &SignIn, lock: &Lock) -> Result<(), CredentialsError> {
        let mut content = self.read()?;
        content.insert(base_url, sign_in);
        self.write(&content, lock)
    }

    /// Removes the sign-in for an API; says whether there was one.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written.
    pub fn remove(&self, base_url: &Url) -> Result<bool, CredentialsError> {
        if !self.file.try_exists().map_err(|error| self.unusable("read", error))? {
            return Ok(false);
        }
        let lock = self.lock()?;
        let mut content = self.read()?;
        let Some(entry) = content.sign_ins.remove(&name(base_url)) else { return Ok(false) };
        self.sign_in(entry)?;
        self.write(&content, &lock)?;
        Ok(true)
    }

    /// Waits until nobody else writes the file.
    pub(super) fn lock(&self) -> Result<Lock, CredentialsError> {
        let place = self.place().map_err(|error| self.unusable("read", error))?;
        // A name alone is in the current folder, which is not for the file alone.
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            create_private_folder(folder).map_err(|error| unusable(folder, "made", error))?;
        }
        let lock = || {
            // Beside the file, which is replaced: who waits for it would wait for the old one.
            let file = private().create(true).truncate(false).open(place.with_extension("lock"))?;
            let is_held = is_locked(|| file.lock());
            Ok(Lock { file, is_held })
        };
        lock().map_err(|error| self.unusable("locked", error))
    }

    fn read(&self) -> Result<Content, CredentialsError> {
        self.text()?.map_or_else(|| Ok(Content::default()), |text| self.parse(&text))
    }

    fn text(&self) -> Result<Option<Vec<u8>>, CredentialsError> {
        // To read a pipe would wait for its other end.
        if fs::metadata(&self.file).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(self.unusable("read", io::Error::other("it is not a file")));
        }
        match fs::read(&self.file) {
            Ok(text) => {
                // Elsewhere the folder of the person is private.
                #[cfg(unix)]
                self.check_privacy()?;
                Ok(Some(text))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unusable("read", error)),
        }
    }

    fn sign_in(&self, entry: Value) -> Result<SignIn, CredentialsError> {
        let entry = serde_json::from_value(entry).ok().and_then(Entry::into_sign_in);
        entry.ok_or_else(|| self.damaged("a sign-in in it cannot be read"))
    }

    fn parse(&self, text: &[u8]) -> Result<Content, CredentialsError> {
        // What serde says may quote a token.
        serde_json::from_slice(text).map_err(|error| {
            self.damaged(&format!("line {} column {} is not as it was written", error.line(), error.column()))
        })
    }

    fn write(&self, content: &Content, _: &Lock) -> Result<(), CredentialsError> {
        let write = || {
            let file = self.place()?;
            let new = file.with_extension("new");
            // Left by a process that was ended before it could rename it. Under the lock there is no other writer.
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut written = private().create_new(true).open(&new)?;
            written.write_all(&serde_json::to_vec_pretty(content)?)?;
            written.sync_all()?;
            fs::rename(&new, &file)
        };
        write().map_err(|error| self.unusable("written", error))
    }

    #[cfg(unix)]
    fn check_privacy(&self) -> Result<(), CredentialsError> {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&self.file).map_err(|error| self.unusable("read", error))?.permissions().mode();
        if mode.trailing_zeros() >= 6 {
            return Ok(());
        }
        let path = self.file.to_string_lossy();
        let quoted = shlex::try_quote(&path).unwrap_or_default();
        Err(refused(format!("{path} can be read by others. To mend it: chmod 600 {quoted}")))
    }

    /// Where it is a link, what it points to is written, and not the link.
    fn place(&self) -> io::Result<PathBuf> {
        match fs::canonicalize(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.file.clone()),
            place => place,
        }
    }

    fn damaged(&self, problem: &str) -> CredentialsError {
        refused(format!("{} is damaged: {problem}. dci login replaces it", self.file.display()))
    }

    fn unusable(&self, what: &str, error: io::Error) -> CredentialsError {
        unusable(&self.file, what, error)
    }
}

/// Takes a lock; false where the file system has none (ENOLCK, EOPNOTSUPP, ENOSYS, and others of other systems).
fn is_locked(mut lock: impl FnMut() -> io::Result<()>) -> bool {
    loop {
        match lock() {
            Ok(()) => return true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The file is open, and waiting for others is no error.
            Err(_) => return false,
        }
    }
}

fn unusable(path: &Path, what: &str, error: io::Error) -> CredentialsError {
    let message = format!("{} cannot be {what}: {error}", path.display());
    CredentialsError::new(ErrorKind::Store, message).with_source(error)
}

impl Content {
    fn insert(&mut self, base_url: &Url, sign_in: &SignIn) {
        let entry = serde_json::to_value(Entry::of(sign_in)).expect("texts and numbers");
        self.sign_ins.insert(name(base_url), entry);
    }
}

impl Entry {
    fn of(sign_in: &SignIn) -> Self {
        let seconds = |end: SystemTime| end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self {
            access_token: sign_in.access_token.expose().to_owned(),
            refresh_token: sign_in.refresh_token.as_ref().map(|token| token.secret().clone()),
            expires_at: sign_in.expires_at.map(seconds),
            token_url: sign_in.token_endpoint.url().to_string(),
            email: sign_in.email.clone(),
            id: sign_in.id,
        }
    }

    fn into_sign_in(self) -> Option<SignIn> {
        Some(SignIn {
            access_token: self.access_token.parse().ok()?,
            refresh_token: self.refresh_token.filter(|token| !token.is_empty()).map(RefreshToken::new),
            expires_at: self.expires_at.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
            token_endpoint: TokenEndpoint::new(endpoint(&self.token_url).ok()?),
            email: self.email,
            id: self.id,
        })
    }
}

fn refused(message: String) -> CredentialsError {
    CredentialsError::new(ErrorKind::Authentication, message)
}

/// An API is called the same with and without a slash at its end.
fn name(base_url: &Url) -> String {
    base_url.as_str().trim_end_matches('/').to_owned()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700).create(folder)?;
        // It may have been there.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn where_there_are_no_locks_it_goes_without() {
        let (enolck, enosys, eopnotsupp, eintr) = (37, 38, 95, 4);
        for number in [enolck, enosys, eopnotsupp] {
            assert!(!is_locked(|| Err(io::Error::from_raw_os_error(number))), "{number}");
        }
        let mut outcomes = [Err(io::Error::from_raw_os_error(eintr)), Ok(())].into_iter();
        assert!(is_locked(|| outcomes.next().expect("it is tried twice")));
    }
}
