use clap_complete::Shell;

use crate::cli::{CliError, Context, Report, completion, output};

/// Print a shell completion script
///
/// The script asks dci for what completes the command line. Each shell has its place for it:
///
///   bash        dci completion bash > ~/.local/share/bash-completion/completions/dci
///   zsh         dci completion zsh > a folder of $fpath, as _dci
///   fish        dci completion fish > ~/.config/fish/completions/dci.fish
///   powershell  dci completion powershell >> $PROFILE
///   elvish      dci completion elvish > ~/.config/elvish/lib/dci.elv, then `use dci`
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci completion [OPTIONS] <SHELL>", verbatim_doc_comment)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub(super) async fn run(args: Args, _: &Context<'_>) -> Result<Report, CliError> {
    output::text(&completion::registration(args.shell).map_err(CliError::io)?)?;
    Ok(Report::nothing())
}
