//! Finds out with `listUsers` what a request did whose response was lost.

use bytes::Bytes;
use progenitor_client::QueryParam;
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attempts::{Attempts, Ended, retry_after_of};
use super::exchange::token_of;
use super::response::{WholeBody, own_response};
use super::{Failure, NextStep, call_record, encode_path, json_text};
use crate::operation::Operation;
use crate::types::InviteUserRequest;

const INVITED: &str = "User invited. The server did not confirm this, but the list of users has the invite.";

const DELETED: &str = "User deleted. The server did not confirm this, but the user no longer exists.";

/// Makes the attempts of a call. If the response of one was lost, finds out whether it took effect.
pub(super) async fn complete(mut attempts: Attempts<'_>, base_url: &str) -> reqwest::Result<Response> {
    loop {
        let Ended { outcome, failed } = attempts.make().await;
        let Some((failure, next)) = failed else { return outcome };
        match next {
            NextStep::Succeed => return outcome.map(|response| confirmed(&attempts, response, &deleted())),
            NextStep::LookUp => {}
            // No attempts or no time is left for the invite.
            NextStep::Retry if attempts.in_doubt() && attempts.operation().id == Operation::INVITE_USER.id => {}
            NextStep::Retry | NextStep::GiveUp => return outcome,
        }
        let Some(change) = Change::of(attempts.request(), attempts.operation()) else { return outcome };
        // Boxed: it is rare, and the future of every call would be twice as large.
        let finding_out = Box::pin(find_out(&mut attempts, base_url, &change, failure, &outcome));
        match finding_out.await {
            Some((Seen::Change(body), response)) => return Ok(confirmed(&attempts, response, &body)),
            Some(_) if failure.outcome_unknown() && attempts.are_left() => {
                tracing::info!("it took no effect, sending it again");
            }
            Some(_) => {
                if !failure.may_be_in_progress() {
                    call_record::record_no_effect();
                }
                return outcome;
            }
            None => return outcome,
        }
    }
}

/// What one list of users shows.
enum Seen {
    /// The change, with the body that reports it.
    Change(Value),
    /// Nothing yet: an earlier request may still be processed.
    NotYet,
    /// That the request cannot make the change: the user exists already.
    Never,
}

/// Looks for the change, twice if it is not there at first; `None` if that fails.
async fn find_out(
    attempts: &mut Attempts<'_>,
    base_url: &str,
    change: &Change,
    failure: Failure,
    outcome: &reqwest::Result<Response>,
) -> Option<(Seen, Response)> {
    let look = |when: &str| format!("looking up {when} whether it took effect");
    match retry_after_of(outcome) {
        None if failure != Failure::Status(429) => tracing::info!("{failure}, {}", look("at once")),
        asked if attempts.wait(failure, asked, look).await => {}
        _ => return None,
    }
    let first = look_up(attempts, base_url, change).await?;
    if !matches!(first, (Seen::NotYet, _)) {
        return Some(first);
    }
    let look_again = |when: &str| format!("not in effect, looking again {when}");
    if attempts.wait(failure, None, look_again).await { look_up(attempts, base_url, change).await } else { None }
}

/// Reads the list of users, as a part of the same call; `None` if it shows nothing.
async fn look_up(attempts: &Attempts<'_>, base_url: &str, change: &Change) -> Option<(Seen, Response)> {
    let operation = Operation::LIST_USERS;
    let list = attempts.http().get(format!("{base_url}{}", operation.path));
    let list = list.header(ACCEPT, HeaderValue::from_static("application/json"));
    let list = match change {
        Change::Invite { email } => list.query(&QueryParam::new("email", email)),
        Change::Delete { .. } => list,
    };
    let mut list = list.build().ok()?;
    attempts.exchange().add_credentials(&mut list, &token_of(attempts.request())?);
    let mut attempts = attempts.at(list, operation);
    // The record of the call is about the change: the look-up has its own, which is not used.
    let (ended, _) = call_record::record(attempts.make(), std::future::pending()).await;
    let response = ended?.outcome.ok().filter(|response| response.status() == StatusCode::OK)?;
    Some((change.seen_in(&response)?, response))
}

/// A change that the list of users shows.
enum Change {
    Invite {
        email: String,
    },
    Delete {
        /// The id, encoded as in the path.
        segment: String,
    },
}

impl Change {
    /// The change that a request makes; `None` if the list does not show it.
    fn of(request: &Request, operation: &Operation) -> Option<Self> {
        if operation.id == Operation::INVITE_USER.id {
            let InviteUserRequest { email, .. } = serde_json::from_slice(request.body()?.as_bytes()?).ok()?;
            return Some(Self::Invite { email });
        }
        let segment = request.url().path().rsplit('/').next().filter(|_| operation.id == Operation::DELETE_USER.id)?;
        Some(Self::Delete { segment: segment.to_owned() })
    }

    /// What a list of users shows of the change; `None` if the response is not such a list, or not a whole one.
    fn seen_in(&self, response: &Response) -> Option<Seen> {
        let WholeBody(body) = response.extensions().get()?;
        let body = json_text::parseable(body);
        match self {
            Self::Invite { email } => {
                let list: List<Value> = serde_json::from_slice(&body).ok()?;
                let mut found = list.users.unwrap_or_default();
                let email = email.to_lowercase();
                found.retain(|user| user["email"].as_str().is_some_and(|own| own.to_lowercase() == email));
                Some(match found.iter().find(|user| may_be_just_invited(user)) {
                    Some(user) => Seen::Change(json!({ "message": INVITED, "user": user })),
                    None if found.is_empty() => Seen::NotYet,
                    None => Seen::Never,
                })
            }
            Self::Delete { segment } => {
                let List { users, row_count }: List<Id> = serde_json::from_slice(&body).ok()?;
                let users = users.unwrap_or_default();
                if row_count.is_some_and(|count| count != users.len()) {
                    return None;
                }
                let is_listed = users.iter().any(|user| encode_path(&user.id) == *segment);
                Some(if is_listed { Seen::NotYet } else { Seen::Change(deleted()) })
            }
        }
    }
}

/// A list of users. `users` is required, so that the JSON of another service is not an empty list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "User: Deserialize<'de>")]
struct List<User> {
    #[serde(deserialize_with = "Option::deserialize")]
    users: Option<Vec<User>>,
    row_count: Option<usize>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

/// Whether the call may have invited this user: an active user, or one whose invite was cancelled or has expired, was
/// there before. `inviteStatus` is not in the spec, and may be missing.
fn may_be_just_invited(user: &Value) -> bool {
    let is =
        |property: &str, state: &str| user[property].as_str().is_some_and(|found| found.eq_ignore_ascii_case(state));
    is("status", "invited") && !is("inviteStatus", "cancelled") && !is("inviteStatus", "expired")
}

fn deleted() -> Value {
    json!({ "message": DELETED })
}

/// Reports a change whose own response was lost, in the form of the spec. It has the headers of the response that shows
/// the change.
fn confirmed(attempts: &Attempts<'_>, shown_by: Response, body: &Value) -> Response {
    let mut documented = attempts.operation().responses.iter().filter_map(|response| response.status.parse().ok());
    let success = documented.find(StatusCode::is_success).unwrap_or(StatusCode::OK);
    let response = own_response(shown_by, success, Bytes::from(body.to_string()));
    call_record::record_confirmed(&response);
    response
}
