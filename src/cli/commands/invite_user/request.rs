//! Checks what is given about each person, and makes the requests from it.

use std::collections::HashMap;

use super::Given;
use crate::cli::named::Named;
use crate::cli::people::{People, Person, Problems, Property, quoted};
use crate::cli::{CliError, Context, target};
use crate::client::Client;
use crate::types::{InviteUserRequest, InviteUserRequestJobTitle as JobTitle};

/// The requests that invite these people. The error lists all that is wrong with them. Roles and organizations are
/// looked up once.
pub(super) async fn requests(
    people: People,
    given: &Given,
    context: &Context<'_>,
    client: &Client,
) -> Result<Vec<InviteUserRequest>, CliError> {
    let People { list: people, problems, .. } = people;
    let (mut roles, mut organizations) = (Named::default(), Named::default());
    if given.role.is_some() || people.iter().any(|person| !person.role.is_empty()) {
        roles = Named::roles(context, client).await?;
    }
    if given.organization.is_some() || people.iter().any(|person| !person.organization.is_empty()) {
        organizations = Named::organizations(context, client).await?;
    }
    let default_role = given.role.as_deref().map(|role| roles.id_of(role)).transpose()?;
    let default_organization =
        given.organization.as_deref().map(|organization| organizations.id_of(organization)).transpose()?;
    let mut checker = Checker { problems, lines: HashMap::new() };
    let mut requests = Vec::with_capacity(people.len());
    for person in &people {
        let email = checker.email(person);
        let first_name = checker.text(person, Property::FirstName, &person.first_name).or(given.first_name.clone());
        let last_name = checker.text(person, Property::LastName, &person.last_name).or(given.last_name.clone());
        let job_title = checker.job_title(person).or(given.job_title);
        let role = checker.id(person, Property::Role, &person.role, &roles);
        let organization = checker.id(person, Property::Organization, &person.organization, &organizations);
        let request = InviteUserRequest::builder()
            .email(email)
            .first_name(first_name)
            .last_name(last_name)
            .job_title(job_title)
            .role_id(role.or(default_role.clone()))
            .organization_id(organization.or(default_organization.clone()));
        match InviteUserRequest::try_from(request) {
            Ok(request) => requests.push(request),
            Err(error) => checker.problems.add(person.line, &error.to_string()),
        }
    }
    checker.problems.check()?;
    Ok(requests)
}

/// Checks values. An invalid one becomes a problem.
struct Checker {
    problems: Problems,
    /// The line of each address so far.
    lines: HashMap<String, usize>,
}

impl Checker {
    fn email(&mut self, person: &Person) -> String {
        let Person { line, email, .. } = person;
        if email.is_empty() {
            self.problems.add_to(*line, Property::Email, "required");
        } else if let Err(error) = target::email(email) {
            let why = error.to_string();
            let problem = format!("invalid email address {}: {}", quoted(email), why.trim_end_matches('.'));
            self.problems.add_to(*line, Property::Email, &problem);
        } else if let Some(earlier) = self.lines.insert(email.to_lowercase(), *line) {
            let problem = format!("{} is in line {earlier} too", quoted(email));
            self.problems.add_to(*line, Property::Email, &problem);
        }
        email.clone()
    }

    fn text(&mut self, person: &Person, property: Property, text: &str) -> Option<String> {
        if text.chars().any(char::is_control) {
            self.problems.add_to(person.line, property, &format!("{} has a control character", quoted(text)));
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn job_title(&mut self, person: &Person) -> Option<JobTitle> {
        let Person { line, job_title, .. } = person;
        if job_title.is_empty() {
            return None;
        }
        let found = JobTitle::ALL.iter().find(|known| known.to_string().to_lowercase() == job_title.to_lowercase());
        if found.is_none() {
            self.problems.add_to(*line, Property::JobTitle, &format!("unknown job title {}", quoted(job_title)));
            let known: Vec<String> = JobTitle::ALL.iter().map(ToString::to_string).collect();
            self.problems.hint(&format!("Job titles: {}.", known.join(", ")));
        }
        found.copied()
    }

    fn id(&mut self, person: &Person, property: Property, given: &str, known: &Named) -> Option<String> {
        if given.is_empty() {
            return None;
        }
        let id = known.id_of(given);
        if let Err(error) = &id {
            self.problems.add_to(person.line, property, error.message());
            error.hints().iter().for_each(|hint| self.problems.hint(hint));
        }
        id.ok()
    }
}
