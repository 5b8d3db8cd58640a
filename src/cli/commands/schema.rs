use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::SCHEMAS;
use crate::cli::catalogue::catalogue;
use crate::cli::{CliError, Context, Report};

/// Print the JSON Schema of a type, or all commands as JSON
///
/// The types are those of the Rust module `dci::types`, generated from the API's spec. The schemas use JSON Schema
/// draft 2020-12.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci schema [OPTIONS] [TYPE]")]
#[command(after_long_help = "\
Examples:
  dci schema                    List the types
  dci schema InviteUserRequest  Print the schema of one type
  dci schema --commands         Describe all commands: arguments, flags, exit codes and more

Result of --commands:
  One object. Its flags apply to all commands. Each of its commands has:
    operation   the operation of the API and its permission; null if there is none
    changes     whether the command changes the customer's data or the stored sign-in
    asks        when it asks for confirmation: always, or in which cases; null if never.
                --yes skips the question
    arguments, flags
                each with help, default and values; values is null if any are allowed
    exitCodes   each with number, name and meaning
    examples    each with command and description
    and name, aliases, summary, details and usage")]
pub struct Args {
    /// The type, such as InviteUserRequest; omit it to list all types
    #[arg(value_name = "TYPE", hide_possible_values = true)]
    #[arg(value_parser = PossibleValuesParser::new(SCHEMAS.iter().map(|(name, _)| *name)))]
    name: Option<String>,

    /// Describe all commands as JSON
    #[arg(long, conflicts_with = "name")]
    commands: bool,
}

pub(super) async fn run(args: Args, _: &Context<'_>) -> Result<Report, CliError> {
    if args.commands {
        return Report::json(&catalogue());
    }
    let Some(name) = &args.name else {
        let names: Vec<String> = SCHEMAS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let json = Value::from(names.clone()).to_string();
        return Ok(Report::lines(names, json));
    };
    let (_, schema) = SCHEMAS.iter().find(|(known, _)| known == name).ok_or_else(|| CliError::usage(name.clone()))?;
    Report::json(schema().as_value())
}
