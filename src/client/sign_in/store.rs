//! The file of the sign-ins: its place, its lock, and its privacy.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::AppStrategy;
use reqwest::Url;

use super::SignIn;
use super::content::{Content, sign_in};
use super::user_files;
use crate::client::{CredentialsError, ErrorKind, env};

/// The file of the sign-ins of a user, one for each API base URL, so that no token is sent to another API.
///
/// It is JSON with mode 0600 in a folder with mode 0700. Each change writes a new file and renames it, under a lock, so
/// that the file is always complete and many processes can use it. A file that other users can read is an error, and so
/// is a damaged one, except to [`save`](Self::save), which replaces it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignInStore {
    file: PathBuf,
}

/// The right to write the file; dropping it releases the lock.
#[derive(Debug)]
pub(super) struct Lock {
    #[allow(dead_code, reason = "it holds the lock")]
    file: File,
    /// `false` if the file system has no locks: other processes may write too.
    pub is_held: bool,
}

impl SignInStore {
    /// The file of the current user: `$XDG_DATA_HOME/dci/sign-ins.json` on Linux (by default in `~/.local/share`), and
    /// the data folder of the platform elsewhere.
    pub fn of_user() -> Result<Self, CredentialsError> {
        let place = user_files::places().map_err(|error| {
            let message =
                format!("not signed in: the home folder is unknown; set HOME, or set {} to an API key", env::API_KEY);
            CredentialsError::new(ErrorKind::Authentication, message).with_source(error)
        })?;
        Ok(Self::at(place.in_data_dir("sign-ins.json")))
    }

    /// A store in another file. Its folder must be for this file only: it gets mode 0700.
    pub fn at(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Reads the sign-in for an API; `None` if there is none.
    pub fn load(&self, base_url: &Url) -> Result<Option<SignIn>, CredentialsError> {
        let Some(entry) = self.read()?.remove(base_url) else { return Ok(None) };
        sign_in(entry).map(Some).ok_or_else(|| self.invalid_entry())
    }

    /// Checks that a sign-in can be saved, and creates the folder. Returns `false` if the file cannot be locked: it
    /// works without a lock, but two processes may then overwrite each other's changes.
    pub fn prepare(&self) -> Result<bool, CredentialsError> {
        let lock = self.lock()?;
        self.text()?;
        Ok(lock.is_held)
    }

    /// Saves the sign-in for an API, instead of an earlier one.
    pub fn save(&self, base_url: &Url, sign_in: &SignIn) -> Result<(), CredentialsError> {
        let lock = self.lock()?;
        let text = self.text()?;
        let mut content = text.and_then(|text| self.parse(&text).ok()).unwrap_or_default();
        content.insert(base_url, sign_in);
        self.write(&content, &lock)
    }

    /// Changes the sign-in for an API, and returns the changed one; `None` if there is none. A renewal by another process
    /// comes before the change or after it, and is not lost.
    pub fn update(
        &self,
        base_url: &Url,
        change: impl FnOnce(SignIn) -> SignIn,
    ) -> Result<Option<SignIn>, CredentialsError> {
        let lock = self.lock()?;
        let Some(stored) = self.load(base_url)? else { return Ok(None) };
        let changed = change(stored);
        self.replace(base_url, &changed, &lock)?;
        Ok(Some(changed))
    }

    /// Saves the new tokens of a stored sign-in.
    pub(super) fn replace(&self, base_url: &Url, sign_in: &SignIn, lock: &Lock) -> Result<(), CredentialsError> {
        let mut content = self.read()?;
        content.insert(base_url, sign_in);
        self.write(&content, lock)
    }

    /// Removes the sign-in for an API. Returns whether there was one.
    pub fn remove(&self, base_url: &Url) -> Result<bool, CredentialsError> {
        if !self.file.try_exists().map_err(|error| self.unusable("read", error))? {
            return Ok(false);
        }
        let lock = self.lock()?;
        let mut content = self.read()?;
        let Some(entry) = content.remove(base_url) else { return Ok(false) };
        sign_in(entry).ok_or_else(|| self.invalid_entry())?;
        self.write(&content, &lock)?;
        Ok(true)
    }

    /// Waits for the lock of the file.
    pub(super) fn lock(&self) -> Result<Lock, CredentialsError> {
        let target = self.target().map_err(|error| self.unusable("read", error))?;
        // A bare file name is in the current folder, which has other files too.
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            user_files::create_folder(folder).map_err(|error| unusable(folder, "created", error))?;
        }
        let lock = || {
            // The file itself is replaced, so a lock on it would not exclude later writers.
            let file = user_files::open_options().create(true).truncate(false).open(target.with_extension("lock"))?;
            let is_held = is_locked(|| file.lock());
            Ok(Lock { file, is_held })
        };
        lock().map_err(|error| self.unusable("locked", error))
    }

    fn read(&self) -> Result<Content, CredentialsError> {
        self.text()?.map_or_else(|| Ok(Content::default()), |text| self.parse(&text))
    }

    fn text(&self) -> Result<Option<Vec<u8>>, CredentialsError> {
        // Reading a pipe would block.
        if fs::metadata(&self.file).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(self.unusable("read", io::Error::other("not a file")));
        }
        match fs::read(&self.file) {
            Ok(text) => {
                // On other platforms, the data folder is private.
                #[cfg(unix)]
                self.check_privacy()?;
                Ok(Some(text))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unusable("read", error)),
        }
    }

    fn invalid_entry(&self) -> CredentialsError {
        self.damaged("invalid sign-in")
    }

    fn parse(&self, text: &[u8]) -> Result<Content, CredentialsError> {
        // The message of serde may contain a token.
        serde_json::from_slice(text)
            .map_err(|error| self.damaged(&format!("invalid JSON at line {}, column {}", error.line(), error.column())))
    }

    fn write(&self, content: &Content, _: &Lock) -> Result<(), CredentialsError> {
        let write = || {
            let file = self.target()?;
            let new_path = file.with_extension("new");
            // Under the lock, there is no other writer.
            user_files::write_new(&new_path, &serde_json::to_vec_pretty(content)?)?.sync_all()?;
            fs::rename(&new_path, &file)
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
        Err(rejected(format!("{path} can be read by other users. To fix this: chmod 600 {quoted}")))
    }

    /// The file to write: the target, if the path is a symbolic link.
    fn target(&self) -> io::Result<PathBuf> {
        match fs::canonicalize(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.file.clone()),
            target => target,
        }
    }

    fn damaged(&self, problem: &str) -> CredentialsError {
        rejected(format!("{} is damaged: {problem}. dci login replaces it", self.file.display()))
    }

    fn unusable(&self, what: &str, error: io::Error) -> CredentialsError {
        unusable(&self.file, what, error)
    }
}

/// Takes a lock. `false` if the file system has none: ENOLCK, EOPNOTSUPP, ENOSYS, and others on other platforms.
fn is_locked(mut lock: impl FnMut() -> io::Result<()>) -> bool {
    loop {
        match lock() {
            Ok(()) => return true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The file is open, and waiting is not an error, so there are no locks.
            Err(_) => return false,
        }
    }
}

fn unusable(path: &Path, what: &str, error: io::Error) -> CredentialsError {
    let message = format!("{} cannot be {what}: {error}", path.display());
    CredentialsError::new(ErrorKind::Store, message).with_source(error)
}

fn rejected(message: String) -> CredentialsError {
    CredentialsError::new(ErrorKind::Authentication, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_locks_works() {
        // ENOLCK, EOPNOTSUPP and ENOSYS; ERROR_INVALID_FUNCTION and ERROR_NOT_SUPPORTED.
        let numbers: &[i32] = match std::env::consts::OS {
            "linux" => &[37, 95, 38],
            "macos" => &[77, 102, 78],
            "windows" => &[1, 50],
            _ => &[],
        };
        for &number in numbers {
            assert!(!is_locked(|| Err(io::Error::from_raw_os_error(number))), "{number}");
        }
        let mut outcomes = [Err(io::ErrorKind::Interrupted.into()), Ok(())].into_iter();
        assert!(is_locked(|| outcomes.next().expect("at most two attempts")));
    }
}
