//! Inviting many users: [`invite_each`].

use futures_util::Stream;

use super::{ApiError, CallResponse, Client, call, call_each};
use crate::types::{InviteResponse, InviteUserRequest};

/// Invites a user for each request, and yields each request with its outcome as it arrives.
///
/// It is [`call_each`] for `inviteUser`: at most [`with_concurrency`](super::ClientConfig::with_concurrency) calls are
/// in flight, and a 429 slows down the whole run. If the response to an invite is lost, the address is looked up; an
/// invite that is found is a success that is [`confirmed`](CallResponse::confirmed).
///
/// Each address should occur once: the server rejects the second request for an address.
///
/// # Errors
///
/// Those of [`call`](super::call()). A user who exists already is an error of the kind
/// [`Validation`](super::ErrorKind::Validation) or [`Conflict`](super::ErrorKind::Conflict). If
/// [`outcome_unknown`](ApiError::outcome_unknown), the list of users was not available before the deadline: look the
/// address up with `listUsers` before you invite it again.
///
/// ```no_run
/// use dci::client::{Client, invite_each};
/// use dci::types::InviteUserRequest;
/// use futures_util::StreamExt;
///
/// # async fn invite_all(client: &Client, requests: Vec<InviteUserRequest>) {
/// let mut outcomes = std::pin::pin!(invite_each(client, requests));
/// while let Some((request, outcome)) = outcomes.next().await {
///     match outcome {
///         Ok(_) => println!("{}: invited", request.email),
///         Err(error) => println!("{}: {error}", request.email),
///     }
/// }
/// # }
/// ```
pub fn invite_each<I: IntoIterator<Item = InviteUserRequest>>(
    client: &Client,
    requests: I,
) -> impl Stream<Item = (InviteUserRequest, Result<CallResponse<InviteResponse>, ApiError>)> {
    call_each(client, requests, move |request| async move {
        let outcome = call(client.invite_user().body(request.clone()).send()).await;
        (request, outcome)
    })
}
