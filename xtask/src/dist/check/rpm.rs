//! The packages for distributions with rpm, installed into an empty root.

use std::path::Path;

use anyhow::ensure;
use xshell::cmd;

use super::place::{Place, paths};
use super::report::Report;
use super::{Check, completion};

/// What rpm itself keeps.
const DATABASE: &[&str] = &["root/.rpmdb", "usr/lib/sysimage", "var/lib/rpm"];

pub fn check(check: &Check, name: &str, emulator: Option<&Path>, report: &mut Report) -> anyhow::Result<()> {
    let (shell, package, root) = (check.shell, check.made.join(name), check.work.join("rpm"));
    shell.remove_path(&root)?;
    shell.create_dir(&root)?;
    cmd!(shell, "rpm --root {root} --initdb").quiet().run()?;
    let place = Place::new(shell, root.clone(), "usr/bin/dci", emulator)?;
    let before = paths(&root, DATABASE)?;

    cmd!(shell, "rpm --root {root} --install --nosignature --ignorearch {package}").quiet().ignore_stderr().run()?;
    report.pass(name, place.check_main_job()?);
    report.pass(name, place.check_without_certificates(&check.service)?);
    report.pass(name, place.check_with_certificates(shell, &check.service)?);
    shell.remove_path(root.join("etc"))?;
    check.man_pages(name, &root.join("usr/share/man"), report)?;
    report.pass(name, completion::check_outside(&place, &root.join("usr/share/bash-completion/completions/dci"))?);

    cmd!(shell, "rpm --root {root} --erase dci").quiet().ignore_stderr().run()?;
    // Folders such as /usr/bin belong to other packages.
    let after = paths(&root, DATABASE)?;
    let left = after.difference(&before).filter(|path| !root.join(path).is_dir() || path.ends_with("dci"));
    let left: Vec<String> = left.map(|path| path.display().to_string()).collect();
    ensure!(left.is_empty(), "removal leaves {}", left.join(", "));
    report.pass(name, "removal leaves nothing");
    Ok(())
}
