use clap::Args as _;

use crate::cli::named::Named;
use crate::cli::picker::Picker;
use crate::cli::spec_enum::SpecEnum;
use crate::cli::suggestion::Suggestions;
use crate::cli::target::{Target, TargetKind};
use crate::cli::{CliError, Context, Report, lookup};
use crate::operation::Operation;
use crate::types::{
    UpdateUserRequest, UpdateUserRequestJobTitle as JobTitle, UpdateUserRequestLanguage as Language,
    UpdateUserRequestPhone as Phone, UpdateUserRequestPhoneExtension as PhoneExtension,
};

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci update-user [OPTIONS] <TARGET> <--PROPERTY VALUE>...")]
#[command(after_long_help = "\
Examples:
  dci update-user ada@example.com --job-title Founder
  dci update-user 3f2a9c --phone +4930123456 --language en --role \"Standard User\"")]
pub struct Args {
    /// The user's id or email address
    ///
    /// At a terminal, omit it to choose from a list.
    #[arg(required = true, add = TargetKind::User)]
    target: Option<Target>,

    #[command(flatten)]
    changes: Changes,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
struct Changes {
    /// First name
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,

    /// Last name
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,

    /// Job title
    #[arg(long, value_name = "TITLE", value_parser = SpecEnum(JobTitle::ALL))]
    job_title: Option<JobTitle>,

    /// Phone number: + and digits
    #[arg(long, value_name = "NUMBER")]
    phone: Option<Phone>,

    /// Phone extension: 8 to 15 digits
    #[arg(long, value_name = "DIGITS")]
    phone_extension: Option<PhoneExtension>,

    /// Language
    #[arg(long, value_name = "LANGUAGE", value_parser = SpecEnum(Language::ALL))]
    language: Option<Language>,

    /// Role id or name (see list-roles)
    #[arg(long)]
    role: Option<String>,
}

impl Changes {
    /// Fails if no property is to be changed.
    fn check(&self) -> Result<(), CliError> {
        if *self != Self::default() {
            return Ok(());
        }
        let flags = Self::augment_args(clap::Command::new("update-user"));
        let flags: Vec<String> =
            flags.get_opts().map(|flag| format!("--{}", flag.get_long().unwrap_or_default())).collect();
        Err(CliError::usage("no property to change was given")
            .hint(format!("Add at least one of {}.", flags.join(", "))))
    }
}

const PICKER: Picker =
    Picker { question: "Update which user?", offers: |_| true, none: "there are no users to update" };

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    args.changes.check()?;
    context.output.check_columns_of(Operation::UPDATE_USER)?;
    let client = context.client()?;
    let target = PICKER.target(args.target, context).await?;
    let suggestions = Suggestions::new(context, &client, 1);
    let failed = format!("cannot update the user {target}");
    let id = match lookup::resolve(context, &client, &target, TargetKind::User).await {
        Ok(found) => found.id,
        Err(error) => return Err(suggestions.add_to(error.context(failed), target.as_str()).await),
    };
    let role_id = match &args.changes.role {
        Some(role) => Some(Named::roles(context, &client).await?.id_of(role)?),
        None => None,
    };
    let change = UpdateUserRequest::builder()
        .first_name(args.changes.first_name)
        .last_name(args.changes.last_name)
        .job_title(args.changes.job_title)
        .phone(args.changes.phone)
        .phone_extension(args.changes.phone_extension)
        .language(args.changes.language)
        .role_id(role_id);
    match context.call(client.update_user().id(&id).body(change).send()).await {
        Ok(response) => {
            Ok(Report::response(Operation::UPDATE_USER, format!("The user {target} was updated."), response.body))
        }
        Err(error) => {
            let error = error.context(failed).hint_permission(Operation::UPDATE_USER).hint_if_outcome_unknown(
                "The user may have been updated. It is safe to run the command again: it sets the same values.",
            );
            Err(suggestions.add_to(error, target.as_str()).await)
        }
    }
}
