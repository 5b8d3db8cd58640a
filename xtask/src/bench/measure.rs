use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use wait4::Wait4;

/// A program to measure. It gets only the given environment, and its output is discarded.
#[derive(Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    stdin: Option<PathBuf>,
}

/// The time and memory of a program, in seconds and bytes.
#[derive(Deserialize, Serialize)]
pub struct Measured {
    pub wall: f64,
    user: f64,
    system: f64,
    pub peak_memory: f64,
}

impl Measured {
    pub fn cpu(&self) -> f64 {
        self.user + self.system
    }
}

impl Program {
    pub fn new(path: impl Into<PathBuf>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { path: path.into(), arguments, environment: Vec::new(), folder: None, stdin: None }
    }

    pub fn with_variable(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.with_variables([(name.into(), value.into())])
    }

    pub fn with_variables(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// The same with another build of the program.
    pub fn at(self, path: PathBuf) -> Self {
        Self { path, ..self }
    }

    /// Runs it in another folder than this program's.
    pub fn in_folder(self, folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..self }
    }

    pub fn with_stdin(self, file: PathBuf) -> Self {
        Self { stdin: Some(file), ..self }
    }

    /// The command that runs the program under a watcher such as strace.
    pub fn under(&self, watcher: &Path, options: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(watcher);
        command.args(options).arg(&self.path).args(&self.arguments);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.stdin(match &self.stdin {
            Some(file) => File::open(file).with_context(|| file.display().to_string())?.into(),
            None => Stdio::null(),
        });
        Ok(command)
    }

    /// Runs it once.
    ///
    /// On Linux, the peak memory of a program includes that of the process that started it. So a small process starts
    /// it: xtask again, with the task `measure`.
    pub fn measure(&self) -> anyhow::Result<Measured> {
        let output = self.under(&std::env::current_exe()?, &["measure", "--"])?.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "could not measure {}", self.path.display());
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

#[derive(clap::Args)]
pub struct Args {
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// The task `measure`. It cannot measure less than its own peak, 5 MiB. A call by dci needs 7, one by curl 10.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (program, arguments) = args.command.split_first().context("no program given")?;
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let ended = command.spawn().with_context(|| program.display().to_string())?.wait4()?;
    let wall = started.elapsed().as_secs_f64();
    ensure!(ended.status.success(), "{}: {}", args.command.join(OsStr::new(" ")).display(), ended.status);
    let measured = Measured {
        wall,
        user: ended.rusage.utime.as_secs_f64(),
        system: ended.rusage.stime.as_secs_f64(),
        peak_memory: bytes(ended.rusage.maxrss)?,
    };
    crate::print(&serde_json::to_string(&measured)?);
    Ok(())
}

/// A number of bytes as a float.
pub fn bytes(count: u64) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(count).context("4 GiB or more")?))
}

/// Measures programs several times, in turn, so that the load of the machine affects all of them alike. Each time, the
/// programs are created anew.
pub fn in_turn(times: usize, programs: &[&dyn Fn() -> Program]) -> anyhow::Result<Vec<Vec<Measured>>> {
    let mut measured: Vec<Vec<Measured>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..times {
        for (program, measured) in programs.iter().zip(&mut measured) {
            measured.push(program().measure()?);
        }
    }
    Ok(measured)
}

/// How long a function takes, in seconds.
pub fn seconds(times: usize, mut run: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Several> {
    let mut measured = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        run()?;
        measured.push(started.elapsed().as_secs_f64());
    }
    Ok(Several::of(measured))
}

/// Several measurements of one thing.
#[derive(Clone, Copy)]
pub struct Several {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Several {
    /// There is at least one value.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let [least, .., most] = values[..] else { return Self::from(values[0]) };
        Self { median: values[values.len() / 2], least, most }
    }
}

/// A value that does not vary, such as a size.
impl From<f64> for Several {
    fn from(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }
}
