//! The command line: which operations have a command, and which of its files use an operation.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use heck::{ToKebabCase, ToShoutySnakeCase, ToSnakeCase};

/// The file with the list of commands.
const LIST: &str = "src/cli/commands/mod.rs";

pub struct CommandLine {
    /// Each path from the project's folder, with the content.
    files: Vec<(String, String)>,
}

impl CommandLine {
    pub fn read() -> anyhow::Result<Self> {
        let mut files = Vec::new();
        read(&crate::root().join("src/cli"), "src/cli", &mut files)?;
        Ok(Self { files })
    }

    #[cfg(test)]
    pub fn none() -> Self {
        Self { files: Vec::new() }
    }

    /// Whether an operation has a command: an entry in the list of commands.
    pub fn has_command(&self, id: &str) -> bool {
        let entry = format!("\"{}\" =>", id.to_kebab_case());
        self.files.iter().any(|(path, text)| path == LIST && text.contains(&entry))
    }

    /// The client's method, the command and the files that a change of an operation affects.
    pub fn touched_by(&self, id: &str) -> BTreeSet<String> {
        let (name, constant) = (id.to_snake_case(), format!("Operation::{}", id.to_shouty_snake_case()));
        let call = format!(".{name}()");
        let names = |text: &str| {
            let mut rests = text.split(&constant).skip(1);
            rests.any(|rest| !rest.starts_with(|next: char| next == '_' || next.is_alphanumeric()))
        };
        let uses = |text: &str| text.contains(&call) || names(text);
        let files = self.files.iter().filter(|(_, text)| uses(text)).map(|(path, _)| path.clone());
        let command = self.has_command(id).then(|| format!("dci {}", id.to_kebab_case()));
        [format!("Client::{name}")].into_iter().chain(command).chain(files).collect()
    }
}

fn read(folder: &Path, name: &str, files: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            read(&path, &name, files)?;
        } else {
            files.push((name, std::fs::read_to_string(&path).with_context(|| path.display().to_string())?));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_call_an_operation_are_touched() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let files = vec![
            file(LIST, "commands! { \"list-things\" => ListThings(list_things), }"),
            file("src/cli/commands/list_things.rs", "client.list_things()"),
            file("src/cli/commands/list_things_of.rs", "client.list_things_of()"),
            file("src/cli/lookup.rs", "client.list_things().name(name).send()"),
            file("src/cli/bulk.rs", "Operation::LIST_THINGS.id"),
            file("src/cli/other.rs", "Operation::LIST_THINGS_OF.id"),
        ];
        let touched = CommandLine { files }.touched_by("listThings");
        let expected = [
            "Client::list_things",
            "dci list-things",
            "src/cli/bulk.rs",
            "src/cli/commands/list_things.rs",
            "src/cli/lookup.rs",
        ];
        assert_eq!(touched, expected.map(str::to_owned).into());
        assert_eq!(CommandLine { files: Vec::new() }.touched_by("x"), ["Client::x".to_owned()].into());
    }

    #[test]
    fn the_project_s_command_line_is_read_with_its_folders() {
        let command_line = CommandLine::read().expect("the files");
        for id in ["resendInvite", "inviteUser"] {
            assert!(command_line.has_command(id), "{id}");
        }
        for id in ["resend", "inviteUsers", "flyToTheMoon"] {
            assert!(!command_line.has_command(id), "{id}");
        }
    }
}
