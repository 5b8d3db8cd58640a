//! The people to invite: what the command line, a list or a CSV gives about each of them.

mod columns;
mod problems;
mod table;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::PathBuf;

use email_address::EmailAddress;

use columns::{advice, unknown_column};

use super::context::Context;
use super::error::CliError;
use super::{lines, target};

pub(super) use columns::{Property, Unknown};

pub(super) use problems::{Problems, quoted};

/// The maximum length of a line of a list, in bytes.
const MAX_LINE: usize = 1024;

/// What is given about a person, without white space around it and not checked yet. What is not given is empty.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// The line of the file or list; 0 if the command line gives the person.
    pub line: usize,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub job_title: String,
    pub role: String,
    pub organization: String,
}

impl Person {
    fn value_mut(&mut self, property: Property) -> &mut String {
        match property {
            Property::Email => &mut self.email,
            Property::FirstName => &mut self.first_name,
            Property::LastName => &mut self.last_name,
            Property::JobTitle => &mut self.job_title,
            Property::Role => &mut self.role,
            Property::Organization => &mut self.organization,
        }
    }
}

/// People as they are given.
#[derive(Debug)]
pub(super) struct People {
    pub list: Vec<Person>,
    /// What is wrong with the file or list so far.
    pub problems: Problems,
    /// The columns that cannot be set and are ignored.
    pub ignored: Vec<String>,
    /// The columns that may be ignored, if `list-users` writes them.
    pub unknown: Unknown,
}

impl People {
    fn new(list: Vec<Person>, problems: Problems) -> Self {
        Self { list, problems, ignored: Vec::new(), unknown: Unknown::default() }
    }

    /// Ignores unknown columns with the names of `properties`, which the server sends of users. The others are problems.
    pub fn ignore(&mut self, properties: impl Iterator<Item = String>) {
        let unknown = std::mem::take(&mut self.unknown);
        let line = unknown.line;
        let (ignored, wrong) = unknown.split(properties);
        self.ignored.extend(ignored);
        for name in wrong {
            self.problems.add(line, &unknown_column(&name));
            self.problems.hint(&advice());
        }
    }
}

/// One argument: an email address, or `-` for a list on stdin.
#[derive(Clone, Debug)]
pub(super) enum EmailArg {
    One(EmailAddress),
    Stdin,
}

impl EmailArg {
    pub fn parse(text: &str) -> Result<Self, email_address::Error> {
        if text == "-" { Ok(Self::Stdin) } else { target::email(text).map(Self::One) }
    }
}

/// Where the people come from.
pub(super) enum Source {
    Arguments(Vec<EmailArg>),
    /// A CSV, or `-` for a CSV on stdin.
    Csv(PathBuf),
}

impl Source {
    pub fn reads_stdin(&self) -> bool {
        match self {
            Self::Arguments(arguments) => arguments.iter().any(|argument| matches!(argument, EmailArg::Stdin)),
            Self::Csv(path) => path.as_os_str() == "-",
        }
    }

    /// Reads all people. On Ctrl-C they may be incomplete, so they are not used.
    pub async fn read(self, context: &Context<'_>) -> Result<People, CliError> {
        let reads_stdin = self.reads_stdin();
        if reads_stdin && io::stdin().is_terminal() {
            context.output.note(&match self {
                Self::Arguments(_) => {
                    format!("Type the email addresses, one per line; {} ends the list.", lines::END_KEYS)
                }
                Self::Csv(_) => format!("Type the CSV; {} ends it.", lines::END_KEYS),
            });
        }
        let read = context.interrupts.run_blocking(move || match self {
            Self::Arguments(arguments) => read_arguments(arguments),
            Self::Csv(_) if reads_stdin => table::read(io::stdin().lock(), "stdin"),
            Self::Csv(path) => {
                let name = path.display().to_string();
                let file = File::open(&path).map_err(|error| {
                    CliError::usage(format!("cannot open {name}: {error}")).hint("Nothing was sent.")
                })?;
                table::read(BufReader::new(file), &name)
            }
        });
        read.await.unwrap_or_else(|| Err(CliError::interrupted()))
    }
}

/// A repeated address is taken once.
fn read_arguments(arguments: Vec<EmailArg>) -> Result<People, CliError> {
    let mut people = Vec::new();
    for argument in arguments {
        match argument {
            EmailArg::One(email) => people.push(Person { email: email.to_string(), ..Person::default() }),
            // A second `-` adds nothing: stdin is at its end.
            EmailArg::Stdin => read_list(io::stdin().lock(), &mut people)?,
        }
    }
    let mut seen = HashSet::new();
    people.retain(|person: &Person| seen.insert(person.email.to_lowercase()));
    Ok(People::new(people, Problems::in_source("stdin")))
}

fn read_list(input: impl BufRead, people: &mut Vec<Person>) -> Result<(), CliError> {
    let read = lines::read(input, MAX_LINE, |line, text| {
        // Windows programs may write a byte order mark at the start of a file.
        let email = text.trim_start_matches('\u{feff}').trim();
        if !email.is_empty() {
            people.push(Person { line, email: email.to_owned(), ..Person::default() });
        }
        Ok(())
    });
    read.map_err(|unreadable| unreadable.error("stdin", "Each line is one email address, in UTF-8."))
}
