//! What cargo cannot say alone: `cargo xtask <task>`.

mod ci;
mod docs;
mod soak;

use clap::Parser;

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Run what CI runs: format, clippy over the feature sets, docs, tests
    Ci,
    /// Write man pages and a Markdown reference of every command to target/docs
    Docs,
    /// Resend many invites on a sandbox that misbehaves at random, and count what went wrong
    Soak(soak::Args),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Ci => ci::run(),
        Task::Docs => docs::run(),
        Task::Soak(args) => soak::run(&args),
    }
}

#[allow(clippy::print_stdout, reason = "the result of a task")]
fn show(text: &str) {
    println!("{text}");
}
