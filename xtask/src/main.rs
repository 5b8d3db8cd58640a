//! What cargo cannot say alone: `cargo xtask <task>`.

mod bench;
mod ci;
mod docs;
#[path = "../../build.rs"]
#[allow(dead_code, unreachable_pub)]
mod generator;
mod licences;
mod package;
mod soak;
mod spec;

use clap::Parser;

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Run what CI runs: format, clippy over the feature sets, docs, tests
    Ci,
    /// Measure what has a target, beside what others take for the same, and print a table
    Bench(bench::Args),
    /// Write man pages and a Markdown reference of every command to target/docs
    Docs,
    /// Run a command, and print what it took as JSON
    #[command(hide = true)]
    Measure(bench::measure::Args),
    /// Write THIRD-PARTY-NOTICES.md, by cargo-about
    Notices,
    /// Pack the crate, and test it as three other crates that use it
    Package,
    /// Take over a new version of the API's description, and say what it means
    #[command(subcommand)]
    Spec(spec::Spec),
    /// Resend many invites on a sandbox that misbehaves at random, and count what went wrong
    Soak(soak::Args),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Ci => ci::run(),
        Task::Bench(args) => bench::run(&args),
        Task::Docs => docs::run(),
        Task::Measure(args) => bench::measure::run(&args),
        Task::Notices => licences::write_notices(),
        Task::Package => package::run(),
        Task::Soak(args) => soak::run(&args),
        Task::Spec(task) => spec::run(task),
    }
}

#[allow(clippy::print_stdout, reason = "the result of a task")]
fn show(text: &str) {
    println!("{text}");
}

/// The folder of the project.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project is around it").to_owned()
}

/// Where cargo puts what it builds.
fn target() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}
