use std::collections::BTreeSet;

use serde_json::Value;

use crate::cli::commands::{DEFINITIONS, Uses};
use crate::cli::exit_code::ExitCode;
use crate::client::ErrorKind;
use crate::operation::{Content, Operation, Response};

/// The variables that have no flag.
const ENVIRONMENT: &str = "\
DCI_API_KEY  API key from the DoiT console; overrides a sign-in
DCI_LOG      log filter for stderr unless -v or -q is given, such as dci=debug or trace
DCI_NO_CACHE
             if set, do not store users for completion
PAGER        program that shows long help
HTTPS_PROXY, NO_PROXY
             proxy, and the hosts to reach without it
SSL_CERT_FILE, SSL_CERT_DIR
             certificate authorities to trust instead of the system's";

const ERROR_OBJECT: &str = "\
Unless --output is table, an error is one line of JSON on stderr, {\"error\": {…}}. A result on
stdout is indented. A field that does not apply is null.
  code             see the exit codes: VALIDATION_ERROR, NETWORK_ERROR, …
  message, hint    what failed, and what to do next
  retryable        whether the same command is safe to repeat and may then succeed
  http_status      of the last response
  request_id       the server's id of the request
  retry_after      how long the server asks to wait, in seconds
  attempts         how many requests were sent
  idempotency_key  the key of the request";

const ROWS: &str = "\
The result is an array with one object per target, in the order given.
  target           the id or email address, as given
  id               the id of the user or invite
  outcome          such as resent; checked or to invite in a dry run; skipped or failed
  message          the server's message, or why the target was skipped or failed
  inviteId         the invite's id in the server's response
  error            the error object if the target failed; its retryable applies to this target alone";

const RUN: &str = "
The first line of stderr is {\"run\": {\"id\", \"targets\"}} if --resume can resume the run.";

/// A part of a command's reference page.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Section {
    /// The title, such as `Examples`.
    pub title: String,
    /// The text.
    pub body: Body,
}

/// The text of a [`Section`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// Preformatted lines.
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

/// The sections after a command's arguments, in order.
pub(super) fn sections(command: &clap::Command) -> Vec<Section> {
    let name = command.get_name();
    let operation = Operation::of_command(name);
    let mut sections = own_sections(command);
    if let Some(operation) = operation {
        sections.push(Section::new("Operation", Body::Text(format!("{} {}", operation.method, operation.path))));
        if let Some(Content { media_type, schema }) = operation.request {
            sections.push(Section::new(format!("Request ({media_type})"), Body::Json(indented(schema))));
        }
        sections.extend(responses(operation.responses));
    }
    sections.push(Section::new("Environment", Body::Text(ENVIRONMENT.to_owned())));
    let codes = exit_codes(name).into_iter().map(|code| format!("{:>3}  {}", code.number(), code.meaning()));
    let codes: Vec<String> = codes.collect();
    sections.push(Section::new("Exit codes", Body::Text(codes.join("\n"))));
    let has = |flag| command.get_arguments().any(|argument| argument.get_id() == flag && !argument.is_hide_set());
    if has("concurrency") {
        let run = if has("resume") { RUN } else { "" };
        sections.push(Section::new("Several targets", Body::Text(format!("{ROWS}{run}"))));
    }
    sections.push(Section::new("Errors", Body::Text(ERROR_OBJECT.to_owned())));
    if operation.is_some() {
        let aliases: BTreeSet<String> = [name.to_owned(), name.replace('-', "")].into();
        let aliases: Vec<String> = aliases.into_iter().collect();
        sections.push(Section::new("Aliases", Body::Text(aliases.join(", "))));
    }
    sections
}

/// The sections of a command's `after_long_help`: a title with a colon, then indented lines.
pub(in crate::cli) fn own_sections(command: &clap::Command) -> Vec<Section> {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let parts = text.split("\n\n").filter(|part| !part.is_empty());
    let mut sections: Vec<Section> = Vec::new();
    for part in parts {
        let (first, rest) = part.split_once('\n').unwrap_or((part, ""));
        // A line with a space first belongs to the section before, even if it ends with a colon.
        let title = first.strip_suffix(':').filter(|title| !title.starts_with(' '));
        match (title, sections.last_mut()) {
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

/// The responses. Consecutive ones with the same body share a schema.
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

/// The exit codes of a command, or of the whole program, in the order of their numbers.
pub(in crate::cli) fn exit_codes(name: &str) -> Vec<ExitCode> {
    let Some(definition) = DEFINITIONS.iter().find(|definition| definition.name == name) else {
        return ExitCode::ALL.to_vec();
    };
    let mut possible = vec![ExitCode::Success, ExitCode::Other, ExitCode::Usage];
    if definition.uses != Uses::Nothing {
        possible.extend([ExitCode::Authentication, ExitCode::Interrupted]);
    }
    if definition.uses == Uses::Api {
        // A gateway can send these for every operation.
        possible.extend([ExitCode::Server, ExitCode::Network, ExitCode::RateLimited]);
        // The other commands that use the API ask it who the credential belongs to.
        let operation = Operation::of_command(name).unwrap_or(Operation::VALIDATE);
        if operation.path.contains('{') {
            possible.push(ExitCode::NotFound);
        }
        if operation.takes_idempotency_key {
            // Another request may be using the key.
            possible.push(ExitCode::Conflict);
        }
        let statuses = operation.responses.iter().filter_map(|response| response.status.parse().ok());
        let failures = statuses.filter(|status: &u16| *status >= 400);
        possible.extend(failures.map(|status| ExitCode::from(ErrorKind::of_status(status))));
    }
    ExitCode::ALL.iter().copied().filter(|code| possible.contains(code)).collect()
}

fn indented(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    format!("{value:#}")
}
