//! Users, and what the operations do to them, without HTTP.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::account::EXAMPLE_CUSTOMER;
use super::error_response::ErrorResponse;
use super::invite::{AcceptError, Email, Invite};
use crate::types::{InviteUserRequest, UpdateUserRequest};

/// A user, with the properties of the spec.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: String,
    email: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_extension: Option<String>,
    language: String,
    role_id: String,
    organization_id: String,
    status: &'static str,
    #[serde(skip)]
    customer: String,
    #[serde(skip)]
    invite: Option<Invite>,
}

/// A row of `listUsers`. The service sends `inviteStatus`, although the spec omits it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<'a> {
    #[serde(flatten)]
    user: &'a User,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_status: Option<&'static str>,
}

/// All users of all customers, and the emails sent to them.
#[derive(Debug)]
pub(super) struct Users {
    by_id: BTreeMap<String, User>,
    by_email: HashMap<String, String>,
    pub outbox: Vec<Email>,
}

/// The roles: `(id, name, type, permissions)`.
pub(super) const ROLES: &[(&str, &str, &str, &[&str])] = &[
    ("role-admin", "Admin", "preset", &["usersManager", "billingViewer"]),
    ("role-standard", "Standard User", "preset", &["billingViewer"]),
    ("role-invites", "Invite Desk", "custom", &["usersManager"]),
];

/// The organizations: `(id, name)`.
pub(super) const ORGANIZATIONS: &[(&str, &str)] = &[("org-root", "Root"), ("org-emea", "EMEA")];

/// The role of a user who is invited without one.
const DEFAULT_ROLE: &str = ROLES[1].0;

impl User {
    /// The same user with the properties that every invited user starts with.
    fn invited_to(self, customer: &str, invite: Invite) -> Self {
        Self {
            language: "en".to_owned(),
            role_id: DEFAULT_ROLE.to_owned(),
            organization_id: ORGANIZATIONS[0].0.to_owned(),
            status: "invited",
            customer: customer.to_owned(),
            invite: Some(invite),
            ..self
        }
    }
}

impl Users {
    /// Starts with the users listed in the module docs.
    pub fn seeded(now: Timestamp) -> Self {
        let hours_ago = |hours| now - SignedDuration::from_hours(hours);
        let mut users = Self { by_id: BTreeMap::new(), by_email: HashMap::new(), outbox: Vec::new() };
        users.seed_invited("invite-pending", "pending@example.com", hours_ago(1));
        users.seed_invited("invite-expired", "expired@example.com", hours_ago(72));
        let cancelled = users.seed_invited("invite-cancelled", "cancelled@example.com", hours_ago(2));
        cancelled.invite.iter_mut().for_each(|invite| invite.cancelled = true);
        let active = users.seed_invited("user-active", "active@example.com", hours_ago(24));
        active.invite = None;
        active.status = "active";
        users
    }

    /// Adds an invited user of the example customer. Replaces a user with the same id.
    pub fn seed_invited(&mut self, id: &str, email: &str, invited_at: Timestamp) -> &mut User {
        self.remove(id);
        let display_name = email.split('@').next().unwrap_or(email).to_owned();
        let user = User { id: id.to_owned(), email: email.to_owned(), display_name, ..User::default() };
        self.insert(user.invited_to(EXAMPLE_CUSTOMER, Invite::new(invited_at)))
    }

    fn insert(&mut self, user: User) -> &mut User {
        self.by_email.insert(email_index(&user.customer, &user.email), user.id.clone());
        let id = user.id.clone();
        self.by_id.remove(&id);
        self.by_id.entry(id).or_insert(user)
    }

    fn remove(&mut self, id: &str) -> Option<User> {
        let user = self.by_id.remove(id)?;
        self.by_email.remove(&email_index(&user.customer, &user.email));
        Some(user)
    }

    pub fn list(&self, customer: &str, email: Option<&str>, now: Timestamp) -> Vec<Row<'_>> {
        let found: Vec<&User> = match email {
            Some(email) => {
                let id = self.by_email.get(&email_index(customer, email));
                id.and_then(|id| self.by_id.get(id)).into_iter().collect()
            }
            None => self.by_id.values().filter(|user| user.customer == customer).collect(),
        };
        let status = |user: &User| user.invite.as_ref().map(|invite| invite.status(now));
        found.into_iter().map(|user| Row { user, invite_status: status(user) }).collect()
    }

    pub fn invite(
        &mut self,
        customer: &str,
        request: InviteUserRequest,
        now: Timestamp,
    ) -> Result<User, ErrorResponse> {
        if !email_address::EmailAddress::is_valid(&request.email) {
            return Err(ErrorResponse::bad_request(format!("invalid email address: {:?}", request.email)));
        }
        if self.by_email.contains_key(&email_index(customer, &request.email)) {
            return Err(ErrorResponse::bad_request(format!("{} is already invited or active", request.email)));
        }
        let role_id = checked_role(request.role_id)?.unwrap_or_else(|| DEFAULT_ROLE.to_owned());
        let organization_id = request.organization_id.unwrap_or_else(|| ORGANIZATIONS[0].0.to_owned());
        if !ORGANIZATIONS.iter().any(|(id, _)| *id == organization_id) {
            return Err(ErrorResponse::bad_request(format!(
                "organizationId: unknown organization {organization_id:?}"
            )));
        }
        let names = [request.first_name.as_deref(), request.last_name.as_deref()];
        let full_name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let user = User {
            id: format!("invite-{}", Uuid::new_v4().simple()),
            display_name: if full_name.is_empty() { request.email.clone() } else { full_name },
            email: request.email,
            first_name: request.first_name,
            last_name: request.last_name,
            job_title: request.job_title.map(|title| title.to_string()),
            ..User::default()
        };
        let invite = Invite::new(now);
        let user = User { role_id, organization_id, ..user.invited_to(customer, invite.clone()) };
        self.outbox.push(invite.email(&user.email, &user.id, now, None));
        self.insert(user.clone());
        Ok(user)
    }

    /// Sends the invite again, with a new token for 48 hours: its status becomes `Pending`. A dry run only checks.
    pub fn resend(
        &mut self,
        customer: &str,
        id: &str,
        dry_run: bool,
        key: &str,
        now: Timestamp,
    ) -> Result<(), ErrorResponse> {
        let user = self.invited(customer, id)?;
        if dry_run {
            return Ok(());
        }
        let invite = Invite::new(now);
        user.invite = Some(invite.clone());
        let email = invite.email(&user.email, &user.id, now, Some(key));
        self.outbox.push(email);
        Ok(())
    }

    /// Cancels the invite; the user stays in the list. A dry run only checks.
    pub fn cancel(&mut self, customer: &str, id: &str, dry_run: bool) -> Result<(), ErrorResponse> {
        let user = self.invited(customer, id)?;
        let invite = user.invite.as_mut().expect("looked up as invited");
        if invite.cancelled {
            return Err(ErrorResponse::conflict(format!("the invite {id:?} is already cancelled")));
        }
        invite.cancelled = !dry_run;
        Ok(())
    }

    pub fn update(&mut self, customer: &str, id: &str, change: UpdateUserRequest) -> Result<User, ErrorResponse> {
        let role_id = checked_role(change.role_id)?;
        let user = self.user(customer, id)?;
        let job_title = change.job_title.map(|title| title.to_string());
        let job_title = job_title.or_else(|| change.job_function.map(|title| title.to_string()));
        user.first_name = change.first_name.or(user.first_name.take());
        user.last_name = change.last_name.or(user.last_name.take());
        user.job_title = job_title.or(user.job_title.take());
        user.phone = change.phone.map(String::from).or(user.phone.take());
        user.phone_extension = change.phone_extension.map(String::from).or(user.phone_extension.take());
        if let Some(language) = change.language {
            user.language = language.to_string();
        }
        if let Some(role_id) = role_id {
            user.role_id = role_id;
        }
        Ok(user.clone())
    }

    pub fn delete(&mut self, customer: &str, id: &str) -> Result<(), ErrorResponse> {
        self.user(customer, id)?;
        self.remove(id);
        Ok(())
    }

    pub fn accept(&mut self, token: &str, now: Timestamp) -> Result<String, AcceptError> {
        let holds_token = |user: &&User| user.invite.as_ref().is_some_and(|invite| invite.token == token);
        let user = self.by_id.values().find(holds_token).ok_or(AcceptError::UnknownToken)?;
        match user.invite.as_ref().map(|invite| invite.status(now)) {
            Some("Cancelled") => return Err(AcceptError::Cancelled),
            Some("Expired") => return Err(AcceptError::Expired),
            _ => {}
        }
        let invite_id = user.id.clone();
        let mut user = self.remove(&invite_id).expect("found above");
        user.id = format!("user-{}", Uuid::new_v4().simple());
        user.status = "active";
        user.invite = None;
        let id = user.id.clone();
        self.insert(user);
        Ok(id)
    }

    /// The user of this customer with an invite that is not accepted yet.
    fn invited(&mut self, customer: &str, id: &str) -> Result<&mut User, ErrorResponse> {
        let user = self.by_id.get_mut(id).filter(|user| user.customer == customer && user.invite.is_some());
        user.ok_or_else(|| ErrorResponse::not_found(format!("no invite has the id {id:?}")))
    }

    /// The user of this customer. An unknown id is a bad request: the spec lists no 404 for these operations.
    fn user(&mut self, customer: &str, id: &str) -> Result<&mut User, ErrorResponse> {
        let user = self.by_id.get_mut(id).filter(|user| user.customer == customer);
        user.ok_or_else(|| ErrorResponse::bad_request(format!("no user has the id {id:?}")))
    }
}

fn email_index(customer: &str, email: &str) -> String {
    format!("{customer}\n{}", email.to_lowercase())
}

fn checked_role(role_id: Option<String>) -> Result<Option<String>, ErrorResponse> {
    match role_id {
        Some(id) if !ROLES.iter().any(|role| role.0 == id) => {
            Err(ErrorResponse::bad_request(format!("roleId: unknown role {id:?}")))
        }
        role_id => Ok(role_id),
    }
}
