//! The program `dci`: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    dci::cli::main(std::env::args_os())
}
