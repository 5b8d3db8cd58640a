use clap_complete::Shell;

use crate::cli::{CliError, Context, Report, completion, output};

/// Print a shell completion script
///
/// The script calls dci to complete the command line. Users and invites come from the
/// last list, which is kept for a day. DCI_NO_CACHE=1 keeps none. Where to put the script:
///
///   bash        dci completion bash > ~/.local/share/bash-completion/completions/dci
///   zsh         dci completion zsh > _dci, in a folder of $fpath
///   fish        dci completion fish > ~/.config/fish/completions/dci.fish
///   powershell  dci completion powershell >> $PROFILE
///   elvish      dci completion elvish > ~/.config/elvish/lib/dci.elv, then `use dci`
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci completion [OPTIONS] <SHELL>", verbatim_doc_comment)]
pub struct Args {
    /// The shell to complete for
    shell: Shell,
}

pub(super) async fn run(args: Args, _: &Context<'_>) -> Result<Report, CliError> {
    output::text(&completion::registration(args.shell).map_err(CliError::io)?)?;
    Ok(Report::nothing())
}
