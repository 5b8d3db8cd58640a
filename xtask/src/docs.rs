//! `cargo xtask docs`: man pages and a Markdown reference of every command.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use clap::{Arg, Command};
use dci::cli::{Body, Section};

pub fn run() -> anyhow::Result<()> {
    let target = crate::target().join("docs");
    let (man, markdown) = (target.join("man"), target.join("markdown"));
    for folder in [&man, &markdown] {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    write_man_pages(&man)?;
    for (name, page) in pages() {
        let path = markdown.join(format!("{name}.md"));
        std::fs::write(&path, page).with_context(|| path.display().to_string())?;
    }
    crate::print(&format!("Wrote {} and {}.", man.display(), markdown.display()));
    Ok(())
}

/// Writes a man page of every command to a folder.
pub fn write_man_pages(folder: &Path) -> anyhow::Result<()> {
    Ok(clap_mangen::generate_to(with_all_help(dci::cli::command()).disable_help_subcommand(true), folder)?)
}

/// Shows each argument in the short help, and with its short help if it has no long one.
fn with_all_help(command: Command) -> Command {
    let with_help = |argument: Arg| {
        let help = argument.get_long_help().or(argument.get_help()).cloned().unwrap_or_default();
        argument.long_help(help).hide_short_help(false)
    };
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let command =
        names.iter().fold(command, |command, name| command.mut_subcommand(name, |command| command.mut_args(with_help)));
    command.mut_args(with_help)
}

/// The name and content of each Markdown page: one for each command, and `dci` with the overview and global options.
fn pages() -> Vec<(String, String)> {
    let mut command = dci::cli::command();
    command.build();
    let commands: Vec<&Command> = command.get_subcommands().filter(|command| command.get_name() != "help").collect();
    let overview = overview(&command, &commands);
    let pages = commands.iter().map(|command| (command.get_name().to_owned(), page(command)));
    [("dci".to_owned(), overview)].into_iter().chain(pages).collect()
}

fn overview(command: &Command, commands: &[&Command]) -> String {
    let mut page = format!("# dci\n\n{}\n\n## Commands\n\n", about(command));
    for command in commands {
        let (name, about) = (command.get_name(), command.get_about().map(ToString::to_string).unwrap_or_default());
        line(&mut page, &format!("- [`{name}`]({name}.md): {about}"));
    }
    arguments(&mut page, "Global options", command.get_arguments().filter(|argument| argument.is_global_set()));
    page
}

fn page(command: &Command) -> String {
    let name = command.get_name();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let mut page = format!("# dci {name}\n\n{}\n\n```console\n{usage}\n```\n", about(command));
    arguments(&mut page, "Arguments", command.get_positionals());
    let is_own = |argument: &&Arg| !argument.is_positional() && !argument.is_global_set();
    arguments(&mut page, "Options", command.get_arguments().filter(is_own));
    line(&mut page, "\nThe [global options](dci.md#global-options) apply too.");
    for Section { title, body, .. } in dci::cli::reference(name) {
        line(&mut page, &format!("\n## {title}\n"));
        match body {
            Body::Prose(markdown) => line(&mut page, &markdown),
            Body::Json(json) => line(&mut page, &format!("```json\n{json}\n```")),
            Body::Text(text) => line(&mut page, &format!("```text\n{text}\n```")),
            _ => {}
        }
    }
    page
}

/// The description of a command. That of an operation comes from the spec, since it is Markdown there.
fn about(command: &Command) -> String {
    let name = command.get_name().replace('-', "_");
    match dci::operation::Operation::named(&name) {
        Some(operation) => format!("{}\n\n{}", operation.summary, operation.description),
        None => command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default(),
    }
}

fn arguments<'a>(page: &mut String, title: &str, arguments: impl Iterator<Item = &'a Arg>) {
    let arguments: Vec<&Arg> = arguments.filter(|argument| !argument.is_hide_set()).collect();
    if arguments.is_empty() {
        return;
    }
    line(page, &format!("\n## {title}\n"));
    for argument in arguments {
        let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
        let help = help.replace("\n\n", "\n\n  ").replace("\n- ", "\n  - ");
        let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let takes_value = argument.get_action().takes_values();
        let default = if default.is_empty() || !takes_value {
            String::new()
        } else {
            format!("\n\n  Default: `{}`.", default.join(", "))
        };
        let short = argument.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
        line(page, &format!("- {short}`{argument}`: {help}{default}\n"));
    }
}

fn line(page: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(page, "{text}");
}

#[cfg(test)]
mod tests {
    use dci::operation::Operation;

    use super::*;

    fn page_of(name: &str) -> String {
        pages().into_iter().find(|(found, _)| found == name).expect("a page").1
    }

    /// The facts on the reference page of the existing tool.
    #[test]
    fn the_page_of_resend_invite_has_the_facts_of_the_reference_page() {
        let words = page_of("resend-invite").split_whitespace().collect::<Vec<_>>().join(" ");
        for statement in [
            "# dci resend-invite Resend an invite",
            "dci resend-invite [OPTIONS] <TARGET>...",
            "with a new link, which expires in 48 hours. The links in all earlier emails stop working.",
            "Works on an invite in any state. A cancelled invite becomes `Pending` again.",
            "Returns 404 if the invite was never created, or was accepted and therefore removed.",
            "Requires the `usersManager` permission.",
            "## Request (application/json) ```json { \"type\": \"object\" } ```",
            "`--dry-run[=<BOOL>]`: Check the request without changing anything The default is false",
            "## Response 200 (application/json) The invite was resent and its expiry was reset.",
            "\"required\": [ \"message\", \"inviteId\" ]",
            "\"error\": { \"type\": \"string\",",
            "resend-invite, resendinvite",
        ] {
            assert!(words.contains(statement), "{statement:?} is not in\n{words}");
        }
        let errors = Operation::RESEND_INVITE.responses.iter().filter(|response| !response.status.starts_with('2'));
        for response in errors {
            let statement = format!("- {}: {}", response.status, response.description);
            assert!(words.contains(&statement), "{statement:?} is not in\n{words}");
        }
    }

    #[test]
    fn the_overview_links_to_the_page_of_each_command() {
        let overview = page_of("dci");
        for (name, page) in pages() {
            assert!(page.starts_with("# dci"), "{name}");
            assert!(name == "dci" || overview.contains(&format!("[`{name}`]({name}.md)")), "{name}");
        }
        assert!(overview.contains("[env: DCI_API_BASE_URL]") && overview.contains("Default: `2m`"), "{overview}");
    }
}
