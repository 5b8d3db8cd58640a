//! What dependencies are under: whether that is allowed, and the notices that go with the binary.

use anyhow::ensure;
use xshell::{Shell, cmd};

/// Ships with every binary and in the crate.
const NOTICES: &str = "THIRD-PARTY-NOTICES.md";

/// Writes the notices of what is linked in.
pub fn write_notices() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let text = notices(&shell)?;
    shell.write_file(NOTICES, text)?;
    crate::print(&format!("{NOTICES} is written."));
    Ok(())
}

/// Checks licences, bans and sources, and that the notices are not stale, by the tools that are installed.
pub fn check(shell: &Shell) -> anyhow::Result<()> {
    if is_installed(shell, "deny") {
        cmd!(shell, "cargo deny --locked check licenses bans sources").run()?;
    }
    if is_installed(shell, "about") {
        let is_current = shell.read_file(NOTICES)? == notices(shell)?;
        ensure!(is_current, "{NOTICES} is stale: `cargo xtask notices` renews it");
    }
    Ok(())
}

fn notices(shell: &Shell) -> anyhow::Result<String> {
    let text = cmd!(shell, "cargo about generate --fail --locked about.md.hbs").read()?;
    Ok(text.trim_end().to_owned() + "\n")
}

fn is_installed(shell: &Shell, tool: &str) -> bool {
    let is_installed = cmd!(shell, "cargo {tool} --version").quiet().ignore_stderr().read().is_ok();
    if !is_installed {
        crate::print(&format!("Skipped: cargo-{tool} is not installed (cargo install cargo-{tool} --locked)."));
    }
    is_installed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Names and versions, as in `serde 1.0.0`.
    fn locked(shell: &Shell) -> BTreeSet<String> {
        let lock = shell.read_file("Cargo.lock").expect("it is kept");
        let packages = lock.split("[[package]]\n").skip(1).map(|package| {
            let value = |key: &str| {
                package.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim_matches('"'))
            };
            format!("{} {}", value("name = ").expect("a name"), value("version = ").expect("a version"))
        });
        packages.collect()
    }

    #[test]
    fn the_notices_name_crates_as_they_are_locked() {
        let shell = Shell::new().expect("a folder");
        shell.change_dir(crate::root());
        let text = shell.read_file(NOTICES).expect("it is kept");
        let named: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("- [")?.split_once("](http").map(|(name, _)| name.to_owned()))
            .collect();
        let locked = locked(&shell);
        let stale: Vec<&String> = named.difference(&locked).filter(|name| !name.starts_with("dci ")).collect();
        assert!(stale.is_empty(), "`cargo xtask notices` renews {stale:?}");
        for linked in ["clap ", "progenitor-client ", "reqwest ", "ring ", "tokio "] {
            assert!(named.iter().any(|name| name.starts_with(linked)), "{linked}");
        }
        for licence in ["Mozilla Public License", "ISC License", "Unicode License", "Apache License", "BSD 3-Clause"] {
            assert!(text.contains(licence), "{licence}");
        }
    }
}
