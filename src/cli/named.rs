//! Roles and organizations, by id or by name.

use super::context::Context;
use super::error::CliError;
use crate::client::{Client, excerpt};

/// The maximum length of a name or an id in an error, in characters.
const MAX_NAME: usize = 100;

/// The maximum length of a list of them in an error, in characters.
const MAX_LIST: usize = 1000;

/// All roles, or all organizations.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// As in "role not found".
    kind: &'static str,
    /// Ids and names.
    known: Vec<(String, String)>,
}

impl Named {
    pub async fn roles(context: &Context<'_>, client: &Client) -> Result<Self, CliError> {
        let response = context.call(client.list_roles().send()).await;
        let response = response.map_err(|error| error.context("cannot look up the role"))?;
        Ok(Self::new("role", response.value.roles.into_iter().map(|role| (role.id, role.name))))
    }

    pub async fn organizations(context: &Context<'_>, client: &Client) -> Result<Self, CliError> {
        let response = context.call(client.list_organizations().send()).await;
        let response = response.map_err(|error| error.context("cannot look up the organization"))?;
        let organizations = response.value.organizations.into_iter();
        Ok(Self::new("organization", organizations.map(|organization| (organization.id, organization.name))))
    }

    /// Roles whose names are only shown: without them, people see the ids.
    pub fn or_ids(roles: Result<Self, CliError>, context: &Context<'_>) -> Self {
        roles.unwrap_or_else(|error| {
            context.output.note(&format!("Role names are unavailable: {}", error.message()));
            Self::default()
        })
    }

    fn new(kind: &'static str, known: impl Iterator<Item = (Option<String>, Option<String>)>) -> Self {
        Self { kind, known: known.filter_map(|(id, name)| Some((id?, name.unwrap_or_default()))).collect() }
    }

    /// The name of the one with this id; `None` if it is unknown or has no name.
    pub fn name_of(&self, id: &str) -> Option<&str> {
        let named = self.known.iter().find(|(known, _)| known == id);
        named.map(|(_, name)| name.as_str()).filter(|name| !name.is_empty())
    }

    /// The id of the one with this id or name. An id takes precedence, since ids are unique. Names are compared without
    /// regard to case.
    pub fn id_of(&self, given: &str) -> Result<String, CliError> {
        let Self { kind, known } = self;
        if known.iter().any(|(id, _)| id == given) {
            return Ok(given.to_owned());
        }
        let named: Vec<_> = known.iter().filter(|(_, name)| name.to_lowercase() == given.to_lowercase()).collect();
        match &named[..] {
            [(id, _)] => Ok(id.clone()),
            [] => Err(CliError::usage(format!("{kind} not found: {:?}", excerpt(given, MAX_NAME))).hint(
                match known[..] {
                    [] => format!("The customer has no {kind}s."),
                    _ => format!("Use one of: {}.", list(known.iter())),
                },
            )),
            several => Err(CliError::usage(format!("several {kind}s have the name {:?}", excerpt(given, MAX_NAME)))
                .hint(format!("Use an id instead: {}.", list(several.iter().copied())))),
        }
    }
}

fn list<'a>(known: impl Iterator<Item = &'a (String, String)>) -> String {
    let each = known.map(|(id, name)| format!("{} ({})", excerpt(name, MAX_NAME), excerpt(id, MAX_NAME)));
    excerpt(&each.collect::<Vec<_>>().join(", "), MAX_LIST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(given: &str) -> Result<String, String> {
        let known = [("r1", "Admin"), ("r2", "Viewer"), ("r3", "viewer"), ("Admin2", "r1")];
        let roles =
            Named::new("role", known.into_iter().map(|(id, name)| (Some(id.to_owned()), Some(name.to_owned()))));
        roles.id_of(given).map_err(|error| format!("{} {}", error.sentence(), error.hints().join(" ")))
    }

    #[test]
    fn an_id_or_the_name_of_one_is_chosen() {
        assert_eq!(chosen("r2").as_deref(), Ok("r2"));
        assert_eq!(chosen("admin").as_deref(), Ok("r1"));
        assert_eq!(chosen("r1").as_deref(), Ok("r1"), "an id takes precedence");
    }

    #[test]
    fn a_name_of_none_or_several_lists_them() {
        let none = chosen("boss").expect_err("there is none");
        assert!(none.contains("role not found: \"boss\" Use one of: Admin (r1), Viewer (r2)"), "{none}");
        let several = chosen("VIEWER").expect_err("there are two");
        assert!(several.ends_with("Use an id instead: Viewer (r2), viewer (r3)."), "{several}");
    }
}
