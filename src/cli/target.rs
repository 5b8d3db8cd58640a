//! The targets of a command: an id, an email address, or a list of them on stdin.

use std::fmt;
use std::io::{self, BufRead, IsTerminal};
use std::str::FromStr;

use clap::builder::ArgExt;
use email_address::EmailAddress;
use indexmap::IndexSet;

use super::context::Context;
use super::error::CliError;
use super::lines;
use crate::client::{InvalidUserId, UserId};

/// The maximum length of a line in a list, in bytes.
const MAX_LINE: usize = 1024;

/// How much of an invalid line an error shows, in characters.
const MAX_QUOTED: usize = 80;

/// A user or an invite, by id or by email address. A text with an `@` is an address.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Target {
    Id(UserId),
    Email(EmailAddress),
    /// Chosen from a list: the address of a user whose id is known.
    Listed {
        email: EmailAddress,
        id: UserId,
    },
}

/// Why a text is not a target.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidTarget {
    #[error("- reads a list from stdin; this command takes a single target")]
    Stdin,
    #[error(transparent)]
    Id(#[from] InvalidUserId),
    #[error("invalid email address: {0}")]
    Email(email_address::Error),
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        if text == "-" {
            return Err(InvalidTarget::Stdin);
        }
        if text.contains('@') {
            return email(text).map(Self::Email).map_err(InvalidTarget::Email);
        }
        Ok(Self::Id(text.parse()?))
    }
}

/// Parses a bare address: `Ada <ada@example.com>` is an error.
pub(super) fn email(text: &str) -> Result<EmailAddress, email_address::Error> {
    EmailAddress::parse_with_options(text, email_address::Options::default().without_display_text())
}

impl Target {
    /// The target as typed, or as it could have been.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Email(email) | Self::Listed { email, .. } => email.as_str(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the targets of a command are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TargetKind {
    /// An invite that is not accepted yet.
    Invite,
    /// A user, or an invite that is not accepted yet.
    User,
}

/// Marks the arguments that are targets of this kind, for completion.
impl ArgExt for TargetKind {}

impl TargetKind {
    /// Names one target, such as "invite 3f2a9c".
    pub fn name_of(self, target: &Target) -> String {
        match (self, target) {
            (Self::Invite, Target::Email(email) | Target::Listed { email, .. }) => format!("invite of {email}"),
            (kind, target) => format!("{} {target}", kind.noun()),
        }
    }

    /// Such as "1 invite" or "2 users".
    pub fn count(self, count: usize) -> String {
        format!("{count} {}{}", self.noun(), if count == 1 { "" } else { "s" })
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::User => "user",
        }
    }
}

/// The hint if the API does not find an invite.
pub(super) const INVITE_NOT_FOUND: &str = "The invite was never created, or it was accepted and therefore removed.";

/// The help of the arguments of a command that takes several targets.
pub(super) const TARGETS: &str = "An id, an email address, or - to read a list from stdin";
pub(super) const TARGETS_AT_LENGTH: &str = "\
An id, an email address, or - to read a list from stdin

At a terminal, omit it to choose from a list. list-users shows ids and addresses. A list from stdin has one target per line; blank lines and white space around a target are \
ignored. A repeated target is processed once.";

/// One argument: a target, or `-`.
#[derive(Clone, Debug)]
pub(super) enum TargetArg {
    One(Target),
    Stdin,
}

impl FromStr for TargetArg {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        if text == "-" { Ok(Self::Stdin) } else { text.parse().map(Self::One) }
    }
}

/// All targets of a command. A list is a list even if it has one target: the form of the output depends only on the
/// command line.
#[derive(Debug)]
pub(super) enum Targets {
    One(Target),
    List(Vec<Target>),
}

impl Targets {
    /// Reads the targets in their order, without duplicates. Those from stdin replace the `-`.
    pub async fn read(arguments: Vec<TargetArg>, context: &Context<'_>) -> Result<Self, CliError> {
        if let [TargetArg::One(target)] = &arguments[..] {
            return Ok(Self::One(target.clone()));
        }
        if arguments.iter().any(|argument| matches!(argument, TargetArg::Stdin)) && io::stdin().is_terminal() {
            context.output.note(&format!("Type the targets, one per line; {} ends the list.", lines::END_KEYS));
        }
        // On Ctrl-C the list may be incomplete, so it is not used.
        let read = context.interrupts.run_blocking(move || Self::read_all(arguments)).await;
        read.unwrap_or_else(|| Err(CliError::interrupted()))
    }

    fn read_all(arguments: Vec<TargetArg>) -> Result<Self, CliError> {
        let mut targets = IndexSet::new();
        for argument in arguments {
            match argument {
                TargetArg::One(target) => targets.extend([target]),
                // A second `-` adds nothing: stdin is at its end.
                TargetArg::Stdin => read_lines(io::stdin().lock(), &mut targets)?,
            }
        }
        Ok(Self::List(targets.into_iter().collect()))
    }
}

impl From<Vec<Target>> for Targets {
    fn from(mut targets: Vec<Target>) -> Self {
        match targets.pop() {
            Some(target) if targets.is_empty() => Self::One(target),
            last => Self::List(targets.into_iter().chain(last).collect()),
        }
    }
}

fn read_lines(input: impl BufRead, targets: &mut IndexSet<Target>) -> Result<(), CliError> {
    let read = lines::read(input, MAX_LINE, |_, line| {
        targets.extend(read_line(line)?);
        Ok(())
    });
    read.map_err(|unreadable| unreadable.error("stdin", "Each line is one id or one email address, in UTF-8."))
}

/// Parses a line; `None` if it is blank.
fn read_line(line: &str) -> Result<Option<Target>, String> {
    // Windows programs may write a byte order mark at the start of a file.
    let text = line.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(None);
    }
    let start: String = text.chars().take(MAX_QUOTED).collect();
    text.parse().map(Some).map_err(|error| format!("has an invalid target {start:?}: {error}"))
}
