//! Packages for Debian and for distributions with rpm. `[package.metadata]` in Cargo.toml says what they hold.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use xshell::{Shell, cmd};

use super::archive::Entry;
use super::release::Release;
use super::target::Target;

/// Writes the packages of a target, if it has some.
pub fn write(
    shell: &Shell,
    target: Target,
    release: &Release,
    contents: &[Entry],
    folder: &Path,
) -> anyhow::Result<()> {
    let (Some(deb), Some(rpm)) = (target.deb(&release.version), target.rpm(&release.version)) else { return Ok(()) };
    stage(shell, target, release, contents)?;
    let (triple, stage, deb, rpm) = (target.triple(), stage_folder(), folder.join(deb), folder.join(rpm));
    cmd!(shell, "cargo deb --quiet --no-build --no-strip --package dci --target {triple} --output {deb}")
        .env("CARGO_TARGET_DIR", &stage)
        .run()?;
    cmd!(shell, "cargo generate-rpm --auto-req disabled --target {triple} --target-dir {stage} --output {rpm}")
        .run()?;
    Ok(())
}

/// Writes what is packaged to a folder, with the time of the release: an rpm has the times of its files, if they are
/// older than `SOURCE_DATE_EPOCH`. The program is where cargo puts it in a target folder.
fn stage(shell: &Shell, target: Target, release: &Release, contents: &[Entry]) -> anyhow::Result<()> {
    let folder = stage_folder();
    shell.remove_path(&folder)?;
    let program = shell.read_binary_file(target.built_program())?;
    let program = (format!("{}/release/{}", target.triple(), target.program()), &program);
    let contents = contents.iter().map(|entry| (entry.path.clone(), &entry.content));
    for (path, content) in contents.chain([program]) {
        let path = folder.join(path);
        shell.write_file(&path, content)?;
        let file = File::options().append(true).open(&path).with_context(|| path.display().to_string())?;
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(release.time))?;
    }
    Ok(())
}

/// In the project's folder whatever the target folder is, since `[package.metadata]` names it.
fn stage_folder() -> PathBuf {
    crate::root().join("target/dist-contents")
}
