//! The project's own tasks: `cargo xtask <task>`.

#[cfg(feature = "library")]
mod bench;
mod ci;
#[cfg(feature = "library")]
mod dist;
#[cfg(feature = "library")]
mod docs;
#[path = "../../openapi/generator/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "build.rs uses all of it")]
mod generator;
mod licences;
mod package;
#[cfg(test)]
mod public_api;
mod rehearsal;
mod rust_version;
#[cfg(feature = "library")]
mod soak;
mod spec;
mod steps;
mod wine;
mod workflows;

use clap::Parser;

/// The project's own tasks
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Run what CI runs: formatting, clippy, docs, tests, examples, packaging and a rehearsed update of the spec
    Ci,
    /// Write THIRD-PARTY-NOTICES.md with cargo-about
    Notices,
    /// Package the crate, and test small crates that depend on it
    Package,
    /// Update a copy of the project to a made-up next version of the API, and check it
    Rehearse,
    /// Build and test with the oldest supported compiler, the `rust-version` in Cargo.toml
    RustVersion,
    /// Update openapi/doit.yaml to a new version of the API
    #[command(subcommand)]
    Spec(spec::Spec),
    /// Build the tests for Windows, and run them under wine
    Wine,
    #[cfg(feature = "library")]
    #[command(flatten)]
    Library(LibraryTask),
}

/// The tasks that use the library.
#[cfg(feature = "library")]
#[derive(clap::Subcommand)]
enum LibraryTask {
    /// Measure speed, memory and size, and print a table with the targets
    Bench(bench::Args),
    /// Make everything that a release holds, in target/dist
    Dist(dist::Args),
    /// Write man pages and a Markdown reference of every command to target/docs
    Docs,
    /// Run a program and print its time and memory as JSON
    #[command(hide = true)]
    Measure(bench::measure::Args),
    /// Resend many invites on a sandbox with random faults, and count duplicates and losses
    Soak(soak::Args),
}

fn main() -> anyhow::Result<()> {
    #[cfg(not(feature = "library"))]
    if !std::env::args().nth(1).is_some_and(|task| {
        ["ci", "notices", "package", "rehearse", "rust-version", "spec", "wine"].contains(&task.as_str())
    }) {
        return run_with_library();
    }
    match Task::parse() {
        Task::Ci => ci::run(),
        Task::Notices => licences::write_notices(),
        Task::Package => package::run(),
        Task::Rehearse => rehearsal::run(),
        Task::RustVersion => rust_version::run(),
        Task::Spec(task) => spec::run(task),
        Task::Wine => wine::run(),
        #[cfg(feature = "library")]
        Task::Library(task) => match task {
            LibraryTask::Bench(args) => bench::run(&args),
            LibraryTask::Dist(args) => dist::run(&args),
            LibraryTask::Docs => docs::run(),
            LibraryTask::Measure(args) => bench::measure::run(&args),
            LibraryTask::Soak(args) => soak::run(&args),
        },
    }
}

/// Builds this program with the library, and runs it with the same arguments.
#[cfg(not(feature = "library"))]
fn run_with_library() -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut with_library = std::process::Command::new(cargo);
    with_library.args(["run", "--quiet", "--package", "xtask", "--"]).args(std::env::args_os().skip(1));
    std::process::exit(with_library.status()?.code().unwrap_or(1))
}

#[allow(clippy::print_stdout, reason = "the result of a task")]
fn print(text: &str) {
    println!("{text}");
}

/// A count with its noun, such as `1 change` or `2 changes`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The project's folder.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the project's folder").to_owned()
}

/// The target folder.
fn target() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}
