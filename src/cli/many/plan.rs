use std::collections::HashMap;
use std::pin::pin;

use futures_util::StreamExt;

use super::Stop;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::lookup::TargetKind;
use crate::cli::target::Target;
use crate::client::{Client, UserId, call_each};

/// A target, and what is to be done about it.
#[derive(Debug)]
pub(in crate::cli) struct ResolvedTarget {
    pub target: Target,
    pub resolution: Resolution,
}

#[derive(Debug)]
pub(in crate::cli) enum Resolution {
    Id(UserId),
    /// The same as an earlier target, by another name.
    DuplicateOf {
        id: UserId,
        earlier: String,
    },
    /// It stands for nothing that it can be done to.
    Failed(Box<CliError>),
}

impl Context<'_> {
    /// What each of the targets stands for. Nothing is changed by it, so that Ctrl-C and a credential that is
    /// refused simply end it.
    pub async fn resolve_all(
        &self,
        client: &Client,
        targets: Vec<Target>,
        sought: TargetKind,
    ) -> Result<Vec<ResolvedTarget>, CliError> {
        let given = |target: &Target| match target {
            Target::Id(id) => Some(Ok(id.clone())),
            Target::Email(_) => None,
        };
        let mut found: Vec<Option<Result<UserId, CliError>>> = targets.iter().map(given).collect();
        let is_email = |(_, target): &(usize, &Target)| matches!(target, Target::Email(_));
        let look_up = |(index, target)| async move { (index, self.resolve(client, target, sought).await) };
        {
            let emails = targets.iter().enumerate().filter(is_email);
            let progress = self.output.progress(emails.clone().count());
            let mut answers = pin!(call_each(client, emails, look_up));
            while let Some((index, outcome)) = answers.next().await {
                progress.advance(0);
                match outcome {
                    Err(error) if Stop::of_error(&error, false) == Some(Stop::Interrupted) => {
                        return Err(CliError::interrupted());
                    }
                    Err(error) if Stop::of_error(&error, false).is_some() => return Err(error),
                    outcome => found[index] = Some(outcome),
                }
            }
        }

        let mut earlier: HashMap<UserId, usize> = HashMap::new();
        let mut planned: Vec<ResolvedTarget> = Vec::with_capacity(targets.len());
        for (target, outcome) in targets.into_iter().zip(found.into_iter().flatten()) {
            let resolution = match outcome {
                Err(error) => Resolution::Failed(error.into()),
                Ok(id) => match *earlier.entry(id.clone()).or_insert(planned.len()) {
                    first if first == planned.len() => Resolution::Id(id),
                    first => Resolution::DuplicateOf { id, earlier: planned[first].target.to_string() },
                },
            };
            planned.push(ResolvedTarget { target, resolution });
        }
        Ok(planned)
    }
}

/// What a person is asked about: each target that something is to be done to, with its id.
pub(in crate::cli) fn shown(planned: &[ResolvedTarget]) -> Vec<String> {
    let shown = planned.iter().filter_map(|ResolvedTarget { target, resolution }| match resolution {
        Resolution::Id(id) if id.as_str() == target.to_string() => Some(id.to_string()),
        Resolution::Id(id) => Some(format!("{target} ({id})")),
        Resolution::DuplicateOf { .. } | Resolution::Failed(_) => None,
    });
    shown.collect()
}
