//! The archives: unpacked, with the program alone in an empty root.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use xshell::cmd;

use super::super::archive::unpack;
use super::super::target::Target;
use super::super::tools::is_in_path;
use super::place::{Place, paths};
use super::report::Report;
use super::{Check, completion};

/// Checks the archive of a Linux target.
pub fn check(check: &Check, target: Target, emulator: Option<&Path>, report: &mut Report) -> anyhow::Result<()> {
    let (shell, name) = (check.shell, target.archive(check.version));
    let unpacked = unpack_archive(check, target)?;
    let root = check.work.join("empty");
    shell.remove_path(&root)?;
    shell.create_dir(&root)?;
    shell.copy_file(unpacked.join(target.program()), root.join("dci"))?;
    let place = Place::new(shell, root, "dci", emulator)?;
    let before = paths(&place.root, &[])?;

    report.pass(&name, place.check_main_job()?);
    report.pass(&name, place.check_without_certificates(&check.service)?);
    report.pass(&name, place.check_with_certificates(shell, &check.service)?);
    shell.remove_path(place.root.join("etc"))?;
    ensure!(paths(&place.root, &[])? == before, "the program wrote to its root");
    report.pass(&name, "the program writes no files");

    check.man_pages(&name, &unpacked.join("man"), report)?;
    report.pass(&name, completion::check_outside(&place, &unpacked.join("completion/bash/dci"))?);
    Ok(())
}

/// Checks the archive of a target that is not for Linux: natively, or with wine.
pub fn check_elsewhere(check: &Check, target: Target, report: &mut Report) -> anyhow::Result<()> {
    let name = target.archive(check.version);
    let program = unpack_archive(check, target)?.join(target.program());
    let job = ["--sandbox", "resend-invite", "invite-expired"];
    let shell = check.shell;
    let command = if target.is_native() {
        cmd!(shell, "{program} {job...}")
    } else if target == Target::WindowsX86_64 && is_in_path("wine") {
        let windows = crate::wine::windows(shell)?;
        cmd!(shell, "timeout 300 wine {program} {job...}").env("WINEPREFIX", windows)
    } else {
        let wine = if target.is_mac() { "" } else { ", and wine is not installed" };
        report.skip(&name, &format!("this machine does not run it{wine}"));
        return Ok(());
    };
    let printed = command.quiet().ignore_stderr().read()?;
    ensure!(printed.contains("invite-expired"), "the main job printed: {printed}");
    report.pass(&name, "dci --sandbox resend-invite invite-expired works");
    report.skip(&name, "HTTPS, man pages and completion are checked only on Linux");
    Ok(())
}

/// Unpacks the archive of a target, and returns its folder.
fn unpack_archive(check: &Check, target: Target) -> anyhow::Result<PathBuf> {
    let stem = target.archive_stem(check.version);
    let folder = check.work.join("unpacked");
    check.shell.remove_path(&folder)?;
    let archive = check.made.join(target.archive(check.version));
    unpack(&archive, &folder).with_context(|| archive.display().to_string())?;
    let unpacked = check.work.join("unpacked").join(stem);
    ensure!(unpacked.is_dir(), "the archive has no folder {}", unpacked.display());
    Ok(unpacked)
}
