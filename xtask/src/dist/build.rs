//! Builds the program for a target, with the list of its dependencies inside and without paths of the builder.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

use super::target::Target;
use super::tools::uses_zig;

/// Folders of the builder, and what their paths are replaced with in the program.
pub struct Folders(Vec<(PathBuf, String)>);

impl Folders {
    pub fn of_this_machine(shell: &Shell) -> anyhow::Result<Self> {
        let cargo = home("CARGO_HOME", ".cargo")?;
        let sysroot = PathBuf::from(cmd!(shell, "rustc --print sysroot").quiet().read()?);
        let rustc = cmd!(shell, "rustc -vV").quiet().read()?;
        let commit =
            rustc.lines().find_map(|line| line.strip_prefix("commit-hash: ")).context("rustc has no commit")?;
        // A later one takes precedence.
        Ok(Self(vec![
            (cargo, "cargo".to_owned()),
            (sysroot.clone(), "rust".to_owned()),
            // The name that the standard library has for its own sources.
            (sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{commit}")),
            (crate::root(), "dci".to_owned()),
            (crate::target(), "dci/target".to_owned()),
        ]))
    }

    /// The flags for `CARGO_ENCODED_RUSTFLAGS`, which separates them with the unit separator.
    fn rustflags(&self) -> String {
        let flag = |(from, to): &(PathBuf, String)| format!("--remap-path-prefix={}={to}", from.display());
        self.0.iter().map(flag).collect::<Vec<_>>().join("\u{1f}")
    }

    /// Fails if the program contains the path of one of the folders.
    fn check_absence(&self, program: &[u8]) -> anyhow::Result<()> {
        for (folder, _) in &self.0 {
            let path = folder.display().to_string();
            let found = program.windows(path.len()).any(|bytes| bytes == path.as_bytes());
            ensure!(!found, "it contains the path {path} of this machine");
        }
        Ok(())
    }
}

/// Builds the program and returns its content.
pub fn build(shell: &Shell, target: Target, folders: &Folders) -> anyhow::Result<Vec<u8>> {
    let subcommand = if uses_zig(target) { "zigbuild" } else { "build" };
    let (triple, flags) = (target.triple(), folders.rustflags());
    cmd!(shell, "cargo auditable {subcommand} --quiet --locked --release --package dci --bin dci --target {triple}")
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .run()?;
    let path = target.built_program();
    let program = shell.read_binary_file(&path)?;
    folders.check_absence(&program).with_context(|| path.display().to_string())?;
    Ok(program)
}

/// A folder of a tool: that of its variable, or else the default in the user's home.
fn home(variable: &str, default: &str) -> anyhow::Result<PathBuf> {
    match std::env::var_os(variable).filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(folder.into()),
        None => Ok(std::env::home_dir().context("no home folder")?.join(default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Folders {
        Folders(vec![("/home/ada/.cargo".into(), "cargo".into()), ("/src/dci".into(), "dci".into())])
    }

    #[test]
    fn a_path_of_the_builder_in_the_program_is_an_error() {
        let error = folders().check_absence(b"\0/home/ada/.cargo/registry/src/x.rs\0").expect_err("a path");
        assert_eq!(error.to_string(), "it contains the path /home/ada/.cargo of this machine");
        folders().check_absence(b"cargo/registry/src/x.rs and dci/src/main.rs").expect("no path");
    }

    #[test]
    fn each_folder_is_remapped() {
        let expected = "--remap-path-prefix=/home/ada/.cargo=cargo\u{1f}--remap-path-prefix=/src/dci=dci";
        assert_eq!(folders().rustflags(), expected);
    }
}
