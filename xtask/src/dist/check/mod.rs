//! `cargo xtask dist --check`: installs each package where nothing else is, and tries the program there.

mod completion;
mod debian;
mod place;
mod report;
mod rpm;
mod service;
mod unpacked;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

use super::release::Release;
use super::target::Target;
use super::tools::is_in_path;
use report::Report;
use service::Service;

/// What the checks of all packages share.
struct Check<'a> {
    shell: &'a Shell,
    version: &'a str,
    /// The folder with the packages.
    made: &'a Path,
    /// The folder for roots and unpacked archives.
    work: PathBuf,
    service: Service,
}

pub fn run(shell: &Shell, release: &Release, targets: &[Target], made: &Path) -> anyhow::Result<()> {
    let work = crate::target().join("dist-check");
    shell.create_dir(&work)?;
    let service = Service::start(&work)?;
    let check = Check { shell, version: &release.version, made, work, service };
    let mut report = Report::default();
    for &target in targets {
        if target.is_linux() {
            check.linux(target, &mut report)?;
        } else {
            let name = target.archive(check.version);
            unpacked::check_elsewhere(&check, target, &mut report).context(name)?;
        }
    }
    report.finish();
    Ok(())
}

impl Check<'_> {
    fn linux(&self, target: Target, report: &mut Report) -> anyhow::Result<()> {
        let names = [Some(target.archive(self.version)), target.deb(self.version), target.rpm(self.version)];
        let [archive, deb, rpm] = names.map(Option::unwrap_or_default);
        let emulator = match self.emulator(target) {
            Ok(emulator) => emulator,
            Err(reason) => {
                for name in [archive, deb, rpm] {
                    report.skip(&name, &reason);
                }
                return Ok(());
            }
        };
        unpacked::check(self, target, emulator.as_deref(), report).context(archive)?;
        if is_in_path("rpm") {
            rpm::check(self, &rpm, emulator.as_deref(), report).with_context(|| rpm.clone())?;
        } else {
            report.skip(&rpm, "rpm is not installed (apt-get install rpm)");
        }
        if is_in_path("debootstrap") {
            debian::check(self, &deb, target, emulator.as_deref(), report).with_context(|| deb.clone())?;
        } else {
            report.skip(&deb, "debootstrap is not installed (apt-get install debootstrap)");
        }
        Ok(())
    }

    /// Checks that this machine's man finds the pages in a folder.
    fn man_pages(&self, name: &str, folder: &Path, report: &mut Report) -> anyhow::Result<()> {
        if !is_in_path("man") {
            report.skip(name, "man is not installed, so its pages are not looked up");
            return Ok(());
        }
        let page = cmd!(self.shell, "man --manpath {folder} --where dci-resend-invite").quiet().read()?;
        ensure!(Path::new(&page).starts_with(folder), "man finds {page}");
        report.pass(name, "man finds dci-resend-invite");
        Ok(())
    }

    /// The program that runs programs of the target, if it takes one; an error says why there is no way to run them.
    fn emulator(&self, target: Target) -> Result<Option<PathBuf>, String> {
        if !cfg!(target_os = "linux") {
            return Err("this machine does not run Linux".into());
        }
        if cmd!(self.shell, "id -u").quiet().read().map_err(|error| error.to_string())? != "0" {
            return Err("chroot needs root (run it with sudo)".into());
        }
        if target.is_native() {
            return Ok(None);
        }
        let name = format!("qemu-{}-static", target.architecture());
        let path = cmd!(self.shell, "which {name}").quiet().ignore_stderr().read();
        let missing = |_| format!("{name} is not installed (apt-get install qemu-user-static)");
        path.map(|path| Some(PathBuf::from(path))).map_err(missing)
    }
}
