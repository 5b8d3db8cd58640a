//! `cargo xtask wine`: builds the tests for Windows, and runs them under wine.

use std::path::PathBuf;

use anyhow::ensure;
use xshell::{Shell, cmd};

const TARGET: &str = "x86_64-pc-windows-gnu";

/// Tests that fail under wine 8 but not because of the program, and why.
const SKIPPED: &[(&str, &str)] = &[
    ("hostile_servers::an_endless_success_is_cut_off", "256 MiB over loopback take longer than the call may"),
    ("output::forced_colour_overrides_no_color", "without a console, tables have no colours"),
];

/// Rust programs need this library, which wine has since version 9.
const BCRYPTPRIMITIVES: &str = "\
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) { return RtlGenRandom(data, length); }
";

pub fn run() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let targets = cmd!(shell, "rustup target list --installed").quiet().read()?;
    ensure!(targets.lines().any(|target| target == TARGET), "Rust for Windows is missing: rustup target add {TARGET}");
    for tool in ["x86_64-w64-mingw32-gcc", "wine"] {
        let is_installed = cmd!(shell, "{tool} --version").quiet().ignore_stderr().read().is_ok();
        ensure!(is_installed, "{tool} is missing. On Debian: apt-get install gcc-mingw-w64-x86-64 wine");
    }
    let system = windows(&shell)?;
    shell.set_var("WINEPREFIX", &system);
    shell.set_var("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine");
    for (test, reason) in SKIPPED {
        crate::print(&format!("Skipped: {test} ({reason})."));
    }
    let skips = SKIPPED.iter().flat_map(|(test, _)| ["--skip", test]);
    cmd!(shell, "cargo test --package dci --lib --bins --tests --target {TARGET} -- {skips...}").run()?;
    Ok(())
}

/// Makes the folder in which wine keeps a Windows that Rust programs run in.
pub fn windows(shell: &Shell) -> anyhow::Result<PathBuf> {
    let folder = crate::target().join("wine");
    // Without the installers for .NET and Internet Explorer, and without wine's log.
    shell.set_var("WINEDLLOVERRIDES", "mscoree,mshtml=");
    shell.set_var("WINEDEBUG", "-all");
    shell.create_dir(&folder)?;
    cmd!(shell, "wine wineboot --init").env("WINEPREFIX", &folder).quiet().ignore_stderr().run()?;
    let library = folder.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !shell.path_exists(&library) {
        cmd!(shell, "x86_64-w64-mingw32-gcc -shared -x c - -o {library}").stdin(BCRYPTPRIMITIVES).quiet().run()?;
    }
    Ok(folder)
}
