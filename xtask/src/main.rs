//! What cargo cannot say alone: `cargo xtask <task>`.

mod ci;

use clap::Parser;

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Run what CI runs: format, clippy over the feature sets, docs, tests
    Ci,
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Ci => ci::run(),
    }
}
