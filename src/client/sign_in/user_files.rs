//! Files that only the user can read: where they are, and how they are created.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
#[cfg(feature = "cli")]
use std::time::Duration;

use etcetera::app_strategy::{AppStrategyArgs, choose_native_strategy};
use etcetera::{AppStrategy, HomeDirError};

/// The folders of the program, below those of the user.
pub(crate) fn places() -> Result<impl AppStrategy, HomeDirError> {
    choose_native_strategy(AppStrategyArgs {
        top_level_domain: "com".to_owned(),
        author: "doit".to_owned(),
        app_name: "dci".to_owned(),
    })
}

/// Opens files for writing; they are created with mode 0600.
pub(crate) fn open_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a file with this content. Replaces one that a killed process left.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = open_options().create_new(true).open(path)?;
    let written = file.write_all(content);
    if written.is_err() {
        // Such as on a full disk.
        let _ = fs::remove_file(path);
    }
    written.map(|()| file)
}

/// Removes the [older](is_older) files of a folder.
#[cfg(feature = "cli")]
pub(crate) fn remove_older(folder: &Path, age: Duration) -> io::Result<()> {
    let mut paths = fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path()));
    paths.try_for_each(|path| if is_older(&path, age) { fs::remove_file(path) } else { Ok(()) })
}

/// Whether a file was written longer ago than this, or, by the clock of its file system, as far in the future.
#[cfg(feature = "cli")]
pub(crate) fn is_older(path: &Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| written.elapsed().unwrap_or_else(|ahead| ahead.duration()) >= age)
}

/// Creates a folder, and those above it, with mode 0700.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700).create(folder)?;
        // The folder may have existed.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    builder.create(folder)
}
