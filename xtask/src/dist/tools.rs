//! The tools that a release needs, and how to install those that are missing.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use xshell::{Shell, cmd};

use super::target::Target;

/// A program in `PATH`, and the command that installs it.
struct Tool {
    program: &'static str,
    install: &'static str,
}

/// Builds for other systems. It brings the C compiler, the linker and the C library of each.
const ZIGBUILD: Tool =
    Tool { program: "cargo-zigbuild", install: "pip install cargo-zigbuild==0.24.1 ziglang==0.17.1" };
/// Adds the list of dependencies to the program.
const AUDITABLE: Tool = Tool { program: "cargo-auditable", install: "cargo install --locked cargo-auditable" };
const DEB: Tool = Tool { program: "cargo-deb", install: "cargo install --locked cargo-deb" };
const RPM: Tool = Tool { program: "cargo-generate-rpm", install: "cargo install --locked cargo-generate-rpm" };

/// Fails if a tool for these targets is missing; the error has a line for each.
pub fn check(shell: &Shell, targets: &[Target]) -> anyhow::Result<()> {
    let sysroot = PathBuf::from(cmd!(shell, "rustc --print sysroot").quiet().read()?);
    let missing =
        missing(targets, &is_in_path, &|triple| sysroot.join("lib/rustlib").join(triple).join("lib").is_dir());
    ensure!(missing.is_empty(), "tools are missing. Install them with:\n  {}", missing.join("\n  "));
    Ok(())
}

/// The commands that install what is missing.
fn missing(targets: &[Target], is_installed: &dyn Fn(&str) -> bool, has_library: &dyn Fn(&str) -> bool) -> Vec<String> {
    let triples = targets.iter().map(|target| target.triple()).filter(|triple| !has_library(triple));
    let triples: Vec<&str> = triples.collect();
    let rustup = (!triples.is_empty()).then(|| format!("rustup target add {}", triples.join(" ")));
    let mut tools = vec![AUDITABLE];
    if targets.iter().any(|&target| uses_zig(target)) {
        tools.push(ZIGBUILD);
    }
    if targets.iter().any(|target| target.is_linux()) {
        tools.extend([DEB, RPM]);
    }
    let tools = tools.iter().filter(|tool| !is_installed(tool.program)).map(|tool| tool.install.to_owned());
    rustup.into_iter().chain(tools).collect()
}

/// Whether cargo-zigbuild builds it. A Mac builds for Macs with its own tools.
pub fn uses_zig(target: Target) -> bool {
    !(target.is_mac() && cfg!(target_os = "macos"))
}

pub fn is_in_path(program: &str) -> bool {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let is_there = |folder: &Path| folder.join(&file).is_file();
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| is_there(&folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_tool_has_a_command_that_installs_it() {
        let targets = [Target::LinuxX86_64, Target::LinuxAarch64];
        let commands = missing(&targets, &|_| false, &|_| false);
        let expected = [
            "rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl",
            AUDITABLE.install,
            ZIGBUILD.install,
            DEB.install,
            RPM.install,
        ];
        assert_eq!(commands, expected);
    }

    #[test]
    fn only_what_the_targets_need_is_missing() {
        assert_eq!(missing(&[Target::WindowsX86_64], &|tool| tool == "cargo-auditable", &|_| true), [ZIGBUILD.install]);
        assert_eq!(missing(&[Target::LinuxX86_64], &|_| true, &|_| true), [""; 0]);
    }
}
