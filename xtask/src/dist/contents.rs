//! The files beside the program: man pages, completion and texts.

use anyhow::Context;
use xshell::{Shell, cmd};

use super::archive::Entry;

/// Texts in the project's folder.
const TEXTS: &[&str] = &["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "THIRD-PARTY-NOTICES.md"];

/// Each shell with a completion script, and the file name that the shell looks for.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "bash/dci"),
    ("elvish", "elvish/dci.elv"),
    ("fish", "fish/dci.fish"),
    ("powershell", "powershell/dci.ps1"),
    ("zsh", "zsh/_dci"),
];

/// The files, with the paths that they have in an archive.
pub fn gather(shell: &Shell) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for name in TEXTS {
        entries.push(entry(name, shell.read_binary_file(crate::root().join(name))?));
    }
    for (name, file) in COMPLETIONS {
        let script = cmd!(shell, "cargo run --quiet --locked --package dci -- completion {name}").quiet().read()?;
        entries.push(entry(&format!("completion/{file}"), (script + "\n").into()));
    }
    let pages = shell.create_temp_dir()?;
    crate::docs::write_man_pages(pages.path())?;
    for page in shell.read_dir(pages.path())? {
        let name = page.file_name().and_then(|name| name.to_str()).context("a file without a name")?;
        entries.push(entry(&format!("man/man1/{name}"), shell.read_binary_file(&page)?));
    }
    Ok(entries)
}

fn entry(path: &str, content: Vec<u8>) -> Entry {
    Entry { path: path.to_owned(), content, is_program: false }
}
