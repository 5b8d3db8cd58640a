//! The packages for Debian, installed by apt into a new Debian.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

use super::super::target::Target;
use super::place::{Place, paths};
use super::report::Report;
use super::{Check, completion};

/// What apt and dpkg keep, and caches.
const KEPT: &[&str] = &["var/cache", "var/lib/apt", "var/lib/dpkg", "var/log"];

pub fn check(
    check: &Check,
    name: &str,
    target: Target,
    emulator: Option<&Path>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (shell, base, root) = (check.shell, debian(check)?, check.work.join("debian"));
    shell.remove_path(&root)?;
    cmd!(shell, "cp --archive {base} {root}").quiet().run()?;
    shell.copy_file(check.made.join(name), root.join("dci.deb"))?;
    if !target.is_native() {
        let architecture = name.trim_end_matches(".deb").rsplit('_').next().context("no architecture")?;
        cmd!(shell, "chroot {root} dpkg --add-architecture {architecture}").quiet().run()?;
    }
    apt(shell, &root, &["update"])?;
    let place = Place::new(shell, root.clone(), "usr/bin/dci", emulator)?;
    let before = paths(&root, KEPT)?;

    apt(shell, &root, &["install", "--no-install-recommends", "/dci.deb"])?;
    report.pass(name, place.check_main_job()?);
    report.pass(name, place.check_without_certificates(&check.service)?);
    let page = cmd!(shell, "chroot {root} man -w dci-resend-invite").quiet().read().context("no man page")?;
    ensure!(page.starts_with("/usr/share/man/man1/"), "man finds {page}");
    report.pass(name, "man finds dci-resend-invite");
    let shell_inside = format!("chroot '{}' bash --norc --noprofile -i", root.display());
    let mut setup = vec!["source /usr/share/bash-completion/bash_completion".to_owned()];
    if emulator.is_some() {
        setup.push(format!("dci() {{ {} \"$@\"; }}", place.inside()));
    }
    report.pass(name, completion::check(&shell_inside, &setup)?);

    apt(shell, &root, &["purge", "dci"])?;
    let after = paths(&root, KEPT)?;
    let left: Vec<String> = after.difference(&before).map(|path| path.display().to_string()).collect();
    ensure!(left.is_empty(), "removal leaves {}", left.join(", "));
    report.pass(name, "removal leaves nothing");

    apt(shell, &root, &["install", "/dci.deb"])?;
    cmd!(shell, "chroot {root} dpkg --status ca-certificates").quiet().ignore_stdout().run()?;
    report.pass(name, place.check_with_certificates(shell, &check.service)?);
    Ok(())
}

fn apt(shell: &Shell, root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let command = cmd!(shell, "chroot {root} apt-get --quiet=2 --yes {arguments...}");
    command.env("DEBIAN_FRONTEND", "noninteractive").quiet().ignore_stdout().ignore_stderr().run()?;
    Ok(())
}

/// A new Debian with man and bash's completion, made once.
fn debian(check: &Check) -> anyhow::Result<PathBuf> {
    let (shell, base) = (check.shell, check.work.join("debian-base"));
    if !base.exists() {
        let unfinished = check.work.join("debian-unfinished");
        shell.remove_path(&unfinished)?;
        let mirror = mirror(shell);
        crate::print("Making a Debian with debootstrap.");
        cmd!(shell, "debootstrap --variant=minbase --include=bash-completion,man-db stable {unfinished} {mirror...}")
            .quiet()
            .ignore_stdout()
            .run()?;
        std::fs::rename(&unfinished, &base)?;
    }
    Ok(base)
}

/// The mirror that this machine uses, if it is a Debian; otherwise debootstrap has a default.
fn mirror(shell: &Shell) -> Option<String> {
    let targets = cmd!(shell, "apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages'");
    let targets = targets.quiet().ignore_stderr().read().ok()?;
    let mirror = targets.lines().find_map(|line| line.strip_prefix("Debian "))?;
    Some(mirror.to_owned())
}
