use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::SCHEMAS;
use crate::cli::{CliError, Context, Report};

/// Print the JSON Schema of a type, or list the types
///
/// The types are those of the Rust module `dci::types`, generated from the API's spec. The schemas use JSON Schema
/// draft 2020-12.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci schema [OPTIONS] [TYPE]")]
#[command(after_long_help = "\
Examples:
  dci schema                    List the types
  dci schema InviteUserRequest  Print the schema of one type")]
pub struct Args {
    /// The type, such as InviteUserRequest; omit it to list all types
    #[arg(value_name = "TYPE", hide_possible_values = true)]
    #[arg(value_parser = PossibleValuesParser::new(SCHEMAS.iter().map(|(name, _)| *name)))]
    name: Option<String>,
}

pub(super) async fn run(args: Args, _: &Context<'_>) -> Result<Report, CliError> {
    let Some(name) = &args.name else {
        let names: Vec<String> = SCHEMAS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let json = Value::from(names.clone()).to_string();
        return Ok(Report::lines(names, json));
    };
    let (_, schema) = SCHEMAS.iter().find(|(known, _)| known == name).ok_or_else(|| CliError::usage(name.clone()))?;
    Report::json(schema().as_value())
}
