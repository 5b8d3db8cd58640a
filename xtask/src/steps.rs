//! Runs the steps of a task, and lists the CPU time of each.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use wait4::Wait4;
use xshell::Cmd;

/// The steps that have run.
#[derive(Default)]
pub struct Steps(Vec<Step>);

struct Step {
    command: String,
    /// The CPU time of the command and of the processes that it waited for.
    cpu: Duration,
    wall: Duration,
}

impl Steps {
    /// Runs a command, and fails if the command does.
    pub fn run(&mut self, command: Cmd<'_>) -> anyhow::Result<()> {
        let name = command.to_string();
        crate::print(&format!("$ {name}"));
        let started = Instant::now();
        let ended = Command::from(command).spawn().and_then(|mut child| child.wait4()).with_context(|| name.clone())?;
        ensure!(ended.status.success(), "`{name}` failed: {}", ended.status);
        let cpu = ended.rusage.utime + ended.rusage.stime;
        self.0.push(Step { command: name, cpu, wall: started.elapsed() });
        Ok(())
    }

    /// Prints what each step cost, and all of them.
    pub fn print(&self) {
        let line = |cpu: Duration, wall: Duration, command: &str| {
            crate::print(&format!("{:>7} {:>7}  {command}", seconds(cpu), seconds(wall)));
        };
        crate::print("    CPU    wall  step");
        self.0.iter().for_each(|step| line(step.cpu, step.wall, &step.command));
        line(self.0.iter().map(|step| step.cpu).sum(), self.0.iter().map(|step| step.wall).sum(), "all steps");
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
