//! A root file system with an installed program, and what has to hold there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, ensure};
use xshell::Shell;

use super::service::Service;

/// Where the program finds the root certificates of the system.
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

/// Where the emulator is, in the root.
const EMULATOR: &str = "emulator";

pub struct Place {
    pub root: PathBuf,
    /// The path of the program in the root.
    program: &'static str,
    is_emulated: bool,
}

impl Place {
    pub fn new(shell: &Shell, root: PathBuf, program: &'static str, emulator: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(emulator) = emulator {
            shell.copy_file(emulator, root.join(EMULATOR))?;
        }
        Ok(Self { root, program, is_emulated: emulator.is_some() })
    }

    /// The command that runs the program inside the root.
    pub fn inside(&self) -> String {
        let emulator = if self.is_emulated { format!("/{EMULATOR} ") } else { String::new() };
        format!("{emulator}/{}", self.program)
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Output> {
        let mut command = Command::new("chroot");
        let inside = self.inside();
        command.arg(&self.root).args(inside.split(' ')).args(arguments).env_clear();
        // The path is for chroot itself.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(variables.iter().copied());
        command.output().context("cannot run chroot")
    }

    /// Does what the program is for.
    pub fn check_main_job(&self) -> anyhow::Result<&'static str> {
        let output = self.run(&["--sandbox", "resend-invite", "invite-expired"], &[])?;
        ensure!(output.status.success(), "the main job failed: {}", said(&output));
        ensure!(said(&output).contains("invite-expired"), "the main job printed: {}", said(&output));
        Ok("dci --sandbox resend-invite invite-expired works")
    }

    /// In a root without certificates, an error has to say what to install.
    pub fn check_without_certificates(&self, service: &Service) -> anyhow::Result<&'static str> {
        ensure!(!self.root.join(BUNDLE).exists(), "the root has certificates already");
        let output = self.run(&["list-users"], &service.variables())?;
        let says_what_to_install = said(&output).contains("ca-certificates");
        ensure!(!output.status.success() && says_what_to_install, "without certificates: {}", said(&output));
        Ok("without root certificates, HTTPS says what to install")
    }

    /// With certificates where the system keeps them, a call over HTTPS succeeds.
    pub fn check_with_certificates(&self, shell: &Shell, service: &Service) -> anyhow::Result<&'static str> {
        shell.write_file(self.root.join(BUNDLE), shell.read_file(service.trusted())?)?;
        let output = self.run(&["list-users"], &service.variables())?;
        ensure!(output.status.success(), "with certificates: {}", said(&output));
        Ok("HTTPS uses the root certificates of the system")
    }
}

/// All paths below a folder, except the given ones and what is below those.
pub fn paths(root: &Path, except: &[&str]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let path = entry.path();
            let name = path.strip_prefix(root)?.to_owned();
            if except.iter().any(|except| name.starts_with(except)) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            }
            found.insert(name);
        }
    }
    Ok(found)
}

/// What a program printed to both streams.
fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream).into_owned()).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_all_below_a_folder_except_the_given_ones() {
        let shell = Shell::new().expect("a shell");
        let folder = shell.create_temp_dir().expect("a folder");
        for file in ["usr/bin/dci", "var/log/dpkg.log", "var/logs"] {
            shell.write_file(folder.path().join(file), "").expect("a file");
        }
        let found = paths(folder.path(), &["var/log"]).expect("paths");
        let expected = ["usr", "usr/bin", "usr/bin/dci", "var", "var/logs"];
        assert_eq!(found, expected.map(PathBuf::from).into());
    }
}
