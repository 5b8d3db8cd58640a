use std::collections::BTreeSet;

use serde_json::Value;

use crate::cli::exit_code::ExitCode;
use crate::client::ErrorKind;
use crate::operation::{Content, Operation, Response};

/// What no flag says.
const ENVIRONMENT: &str = "\
DCI_API_KEY  an API key, made in the DoiT console, in place of dci login; there is no flag for it
DCI_LOG      what to show on stderr in place of -v, such as dci=debug or trace
PAGER        what shows a help that is longer than the terminal
HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR
             proxies and root certificates, as elsewhere";

/// A part of a command's reference page.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Section {
    /// Such as `Examples`.
    pub title: String,
    /// What it says.
    pub body: Body,
}

/// What a [`Section`] says.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// Lines that are shown as they are.
    Text(String),
    /// Markdown.
    Prose(String),
    /// JSON, indented.
    Json(String),
}

impl Section {
    fn new(title: impl Into<String>, body: Body) -> Self {
        Self { title: title.into(), body }
    }
}

/// The sections after a command's arguments, in their order.
pub(super) fn sections(command: &clap::Command) -> Vec<Section> {
    let name = command.get_name();
    let operation = Operation::of_command(name);
    let mut sections = written(command);
    if let Some(operation) = operation {
        sections.push(Section::new("Operation", Body::Text(format!("{} {}", operation.method, operation.path))));
        if let Some(Content { media_type, schema }) = operation.request {
            sections.push(Section::new(format!("Request ({media_type})"), Body::Json(indented(schema))));
        }
        sections.extend(responses(operation.responses));
    }
    sections.push(Section::new("Environment", Body::Text(ENVIRONMENT.to_owned())));
    let codes: Vec<String> =
        exit_codes(command, operation).map(|code| format!("{:>3}  {}", code.number(), code.meaning())).collect();
    sections.push(Section::new("Exit codes", Body::Text(codes.join("\n"))));
    if operation.is_some() {
        let aliases: BTreeSet<String> = [name.to_owned(), name.replace('-', "")].into();
        let aliases: Vec<String> = aliases.into_iter().collect();
        sections.push(Section::new("Aliases", Body::Text(aliases.join(", "))));
    }
    sections
}

/// The sections that stand beside a command's arguments: a title with a colon, then lines under it.
fn written(command: &clap::Command) -> Vec<Section> {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let parts = text.split("\n\n").filter(|part| !part.is_empty());
    let mut sections: Vec<Section> = Vec::new();
    for part in parts {
        let (first, rest) = part.split_once('\n').unwrap_or((part, ""));
        match (first.strip_suffix(':'), sections.last_mut()) {
            (Some(title), _) => sections.push(Section::new(title, Body::Text(unindented(rest)))),
            (None, Some(Section { body: Body::Text(text), .. })) => {
                text.push_str("\n\n");
                text.push_str(&unindented(part));
            }
            (None, _) => {}
        }
    }
    sections
}

fn unindented(text: &str) -> String {
    text.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Each response; those that follow each other with the same body share one schema.
fn responses(responses: &[Response]) -> Vec<Section> {
    let mut sections = Vec::new();
    for group in responses.chunk_by(|one, next| one.content == next.content) {
        let statuses = group.iter().map(|response| response.status).collect::<Vec<_>>().join(", ");
        let media_type = group[0].content.map(|content| format!(" ({})", content.media_type)).unwrap_or_default();
        let (title, text) = match group {
            [one] => ("Response", one.description.to_owned()),
            several => {
                let line = |response: &Response| format!("- {}: {}", response.status, response.description);
                ("Responses", several.iter().map(line).collect::<Vec<_>>().join("\n"))
            }
        };
        sections.push(Section::new(format!("{title} {statuses}{media_type}"), Body::Prose(text)));
        if let Some(content) = group[0].content {
            sections.push(Section::new(format!("Schema of {statuses}"), Body::Json(indented(content.schema))));
        }
    }
    sections
}

/// What the command can end with, in the order of the numbers.
fn exit_codes<'a>(
    command: &'a clap::Command,
    operation: Option<&'a Operation>,
) -> impl Iterator<Item = ExitCode> + use<'a> {
    let is_of_all = command.get_subcommands().next().is_some();
    let can_end_with = move |code: ExitCode| match (code, operation) {
        _ if is_of_all => true,
        (ExitCode::Success | ExitCode::Other | ExitCode::Usage, _) => true,
        // It may find the file of the sign-ins damaged, and may wait for it.
        (ExitCode::Authentication | ExitCode::Interrupted, None) if command.get_name() == "logout" => true,
        // They ask the API about the credential.
        (_, None) => ["login", "status"].contains(&command.get_name()),
        // Any answer can come from what stands between, and Ctrl-C at any time.
        (ExitCode::Server | ExitCode::Network | ExitCode::RateLimited | ExitCode::Interrupted, _) => true,
        (ExitCode::NotFound, _)
            if command.get_positionals().any(|argument| argument.get_id().as_str().starts_with("target")) =>
        {
            true
        }
        // Its key may be in use.
        (ExitCode::Conflict, Some(operation)) if operation.takes_idempotency_key => true,
        (code, Some(operation)) => operation
            .responses
            .iter()
            .filter_map(|response| response.status.parse().ok())
            .any(|status: u16| status >= 400 && ExitCode::from(ErrorKind::of_status(status)) == code),
    };
    ExitCode::ALL.into_iter().filter(move |code| can_end_with(*code))
}

fn indented(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    format!("{value:#}")
}
