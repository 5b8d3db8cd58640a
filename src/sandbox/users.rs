//! Users and their invites: what the operations do, without HTTP.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::access::{EXAMPLE_CUSTOMER, ErrorResponse};
use crate::types::{InviteUserRequest, UpdateUserRequest};

/// How long an invite's link works.
const INVITE_LIFETIME: SignedDuration = SignedDuration::from_hours(48);

/// A user, with the properties of the document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub id: String,
    pub email: String,
    pub display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_extension: Option<String>,
    pub language: String,
    pub role_id: String,
    pub organization_id: String,
    pub status: &'static str,
    #[serde(skip)]
    customer: String,
    #[serde(skip)]
    invite: Option<Invite>,
}

/// A row of the list. `inviteStatus` is a property that the document leaves out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<'a> {
    #[serde(flatten)]
    user: &'a User,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_status: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Invite {
    token: String,
    expires_at: Timestamp,
    cancelled: bool,
}

impl Invite {
    fn new(now: Timestamp) -> Self {
        Self { token: Uuid::new_v4().simple().to_string(), expires_at: now + INVITE_LIFETIME, cancelled: false }
    }

    fn status(&self, now: Timestamp) -> &'static str {
        match self.cancelled {
            true => "Cancelled",
            false if self.expires_at <= now => "Expired",
            false => "Pending",
        }
    }
}

/// An email in the [outbox](super::Sandbox::outbox): an invitation, first or repeated.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Email {
    /// The address that it went to.
    pub to: String,
    /// The invite that it is for.
    pub invite_id: String,
    /// The token in its link; [`accept`](super::Sandbox::accept) follows the link.
    pub token: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When its link stops working.
    pub expires_at: Timestamp,
    /// The key of the request that it was sent for; an invitation of a new user has none.
    pub idempotency_key: Option<String>,
}

/// Why a link does not work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AcceptError {
    /// No invite has this token: it never had, or a later email made it invalid.
    #[error("no invite has this token")]
    UnknownToken,
    /// The 48 hours are over.
    #[error("the invite has expired")]
    Expired,
    /// The invite was cancelled.
    #[error("the invite was cancelled")]
    Cancelled,
}

/// All users of all customers, and the emails sent to them.
#[derive(Debug)]
pub(super) struct Users {
    by_id: BTreeMap<String, User>,
    by_email: HashMap<String, String>,
    outbox: Vec<Email>,
}

/// Ids and names of the roles: `(id, name, type, permissions)`.
pub(super) const ROLES: &[(&str, &str, &str, &[&str])] = &[
    ("role-admin", "Admin", "preset", &["usersManager", "billingViewer"]),
    ("role-standard", "Standard User", "preset", &["billingViewer"]),
    ("role-invites", "Invite Desk", "custom", &["usersManager"]),
];

/// Ids and names of the organizations.
pub(super) const ORGANIZATIONS: &[(&str, &str)] = &[("org-root", "Root"), ("org-emea", "EMEA")];

impl Users {
    /// The users that the module's docs list.
    pub fn seeded(now: Timestamp) -> Self {
        let hours_ago = |hours| now - SignedDuration::from_hours(hours);
        let mut users = Self { by_id: BTreeMap::new(), by_email: HashMap::new(), outbox: Vec::new() };
        users.seed_invited("invite-pending", "pending@example.com", hours_ago(1));
        users.seed_invited("invite-expired", "expired@example.com", hours_ago(72));
        let cancelled = users.seed_invited("invite-cancelled", "cancelled@example.com", hours_ago(2));
        cancelled.invite = cancelled.invite.take().map(|invite| Invite { cancelled: true, ..invite });
        let active = users.seed_invited("user-active", "active@example.com", hours_ago(24));
        active.invite = None;
        active.status = "active";
        users
    }

    /// Adds a user of the example customer who was invited at a moment, in place of one with the same id.
    pub fn seed_invited(&mut self, id: &str, email: &str, invited_at: Timestamp) -> &mut User {
        self.remove(id);
        self.insert(User {
            id: id.to_owned(),
            email: email.to_owned(),
            display_name: email.split('@').next().unwrap_or(email).to_owned(),
            first_name: None,
            last_name: None,
            job_title: None,
            phone: None,
            phone_extension: None,
            language: "en".to_owned(),
            role_id: ROLES[1].0.to_owned(),
            organization_id: ORGANIZATIONS[0].0.to_owned(),
            status: "invited",
            customer: EXAMPLE_CUSTOMER.to_owned(),
            invite: Some(Invite::new(invited_at)),
        })
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

    pub fn outbox(&self) -> &[Email] {
        &self.outbox
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

    pub fn invite(&mut self, customer: &str, who: InviteUserRequest, now: Timestamp) -> Result<User, ErrorResponse> {
        if !email_address::EmailAddress::is_valid(&who.email) {
            return Err(ErrorResponse::bad_request(format!("email: {:?} is not an email address", who.email)));
        }
        if self.by_email.contains_key(&email_index(customer, &who.email)) {
            return Err(ErrorResponse::bad_request(format!("{} is invited or a user already", who.email)));
        }
        let role_id = known_role(who.role_id)?.unwrap_or_else(|| ROLES[1].0.to_owned());
        let organization_id = who.organization_id.unwrap_or_else(|| ORGANIZATIONS[0].0.to_owned());
        if !ORGANIZATIONS.iter().any(|(id, _)| *id == organization_id) {
            return Err(ErrorResponse::bad_request(format!(
                "organizationId: there is no organization {organization_id:?}"
            )));
        }
        let invite = Invite::new(now);
        let names = [who.first_name.as_deref(), who.last_name.as_deref()];
        let full_name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let user = User {
            id: format!("invite-{}", Uuid::new_v4().simple()),
            display_name: if full_name.is_empty() { who.email.clone() } else { full_name },
            email: who.email,
            first_name: who.first_name,
            last_name: who.last_name,
            job_title: who.job_title.map(|title| title.to_string()),
            phone: None,
            phone_extension: None,
            language: "en".to_owned(),
            role_id,
            organization_id,
            status: "invited",
            customer: customer.to_owned(),
            invite: Some(invite.clone()),
        };
        self.outbox.push(email_of(&user, invite, now, None));
        self.insert(user.clone());
        Ok(user)
    }

    /// Sends the invite again: a new token, 48 hours, `Pending` whatever it was. A dry run only checks.
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
        let email = email_of(user, invite, now, Some(key.to_owned()));
        self.outbox.push(email);
        Ok(())
    }

    /// Cancels softly: the row stays. A dry run only checks.
    pub fn cancel(&mut self, customer: &str, id: &str, dry_run: bool) -> Result<(), ErrorResponse> {
        let user = self.invited(customer, id)?;
        let invite = user.invite.as_mut().expect("looked up as invited");
        if invite.cancelled {
            return Err(ErrorResponse::conflict(format!("the invite {id:?} is cancelled already")));
        }
        invite.cancelled = !dry_run;
        Ok(())
    }

    pub fn update(&mut self, customer: &str, id: &str, change: UpdateUserRequest) -> Result<User, ErrorResponse> {
        let role_id = known_role(change.role_id)?;
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

    /// Nobody else's users, and nobody who has accepted.
    fn invited(&mut self, customer: &str, id: &str) -> Result<&mut User, ErrorResponse> {
        let user = self.by_id.get_mut(id).filter(|user| user.customer == customer && user.invite.is_some());
        user.ok_or_else(|| ErrorResponse::not_found(format!("no invite has the id {id:?}")))
    }

    /// The document lists no 404 for the operations on users, so that an unknown one is a bad request.
    fn user(&mut self, customer: &str, id: &str) -> Result<&mut User, ErrorResponse> {
        let user = self.by_id.get_mut(id).filter(|user| user.customer == customer);
        user.ok_or_else(|| ErrorResponse::bad_request(format!("no user has the id {id:?}")))
    }
}

fn email_index(customer: &str, email: &str) -> String {
    format!("{customer}\n{}", email.to_lowercase())
}

fn email_of(user: &User, invite: Invite, now: Timestamp, idempotency_key: Option<String>) -> Email {
    Email {
        to: user.email.clone(),
        invite_id: user.id.clone(),
        token: invite.token,
        sent_at: now,
        expires_at: invite.expires_at,
        idempotency_key,
    }
}

fn known_role(role_id: Option<String>) -> Result<Option<String>, ErrorResponse> {
    match role_id {
        Some(id) if !ROLES.iter().any(|role| role.0 == id) => {
            Err(ErrorResponse::bad_request(format!("roleId: there is no role {id:?}")))
        }
        known => Ok(known),
    }
}
