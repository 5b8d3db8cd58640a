//! The exchange: what all calls of a client share, and how one attempt is made.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::adaptive_limit::AdaptiveLimit;
use super::connections::{Connections, Sent};
use super::response::read_whole;
use super::server_clock::ServerClock;
use super::{AccessToken, Credentials, CredentialsError, CredentialsFuture, ErrorKind, RetryPolicy};
use crate::operation::Operation;

const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");

/// Makes the calls of a [`Client`](super::Client): the hooks of the generated code.
///
/// It adds the credential, the tenant and the customer context, sends the request, reads the whole response, and
/// retries. If the response of a request that changes something is lost, it finds out what the request did.
/// [`ClientConfig::build`](super::ClientConfig::build) makes it.
#[derive(Clone, Debug)]
pub struct Exchange {
    credentials: Arc<dyn Credentials>,
    tenant: Option<HeaderValue>,
    customer_context: Option<String>,
    pub(super) retry_policy: RetryPolicy,
    /// Shared by all clones of a client, as are the following: a 429 slows down the whole run.
    pub(super) limit: Arc<AdaptiveLimit>,
    connections: Arc<Connections>,
    server_clock: Arc<ServerClock>,
}

impl Exchange {
    pub(super) fn new(
        credentials: Arc<dyn Credentials>,
        tenant: Option<HeaderValue>,
        customer_context: Option<String>,
        retry_policy: RetryPolicy,
        concurrency: NonZeroUsize,
        connections: Connections,
    ) -> Self {
        let limit = Arc::new(AdaptiveLimit::new(concurrency));
        let connections = Arc::new(connections);
        let server_clock = Arc::default();
        Self { credentials, tenant, customer_context, retry_policy, limit, connections, server_clock }
    }

    pub(super) fn server_clock(&self) -> &ServerClock {
        &self.server_clock
    }

    /// Adds the credential, the tenant and the customer context.
    pub(super) fn add_credentials(&self, request: &mut Request, token: &AccessToken) {
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.authorization());
        if let Some(tenant) = &self.tenant {
            headers.insert(TENANT, tenant.clone());
        }
        if let Some(context) = &self.customer_context {
            request.url_mut().query_pairs_mut().append_pair("customerContext", context);
        }
    }

    /// The credential for a call.
    pub(super) async fn credential(&self) -> Result<AccessToken, CredentialsError> {
        within(self.retry_policy.timeout, self.credentials.get()).await
    }

    /// Another credential, instead of the rejected one of the request; `None` if there is no other.
    pub(super) async fn renewed_credential(
        &self,
        request: &Request,
        time_left: Duration,
    ) -> Result<Option<AccessToken>, CredentialsError> {
        match token_of(request) {
            Some(rejected) => within(time_left, self.credentials.renew(&rejected)).await,
            None => Ok(None),
        }
    }

    /// Sends the request and reads the whole response.
    pub(super) async fn attempt(
        &self,
        http: &reqwest::Client,
        request: &Request,
        operation: &Operation,
        timeout: Duration,
    ) -> Sent {
        let Sent { outcome, was_resent } = self.connections.send(http, request, operation, timeout).await;
        let outcome = match outcome {
            Ok(response) => {
                self.server_clock.read(response.headers(), SystemTime::now());
                read_whole(response, token_of(request).as_ref()).await
            }
            Err(error) => Err(error),
        };
        Sent { outcome, was_resent }
    }

    /// Waits before another request: for the delay, for a pause of the whole client, and for a permit. `false` if the
    /// call has no time left for it.
    pub(super) async fn wait(&self, delay: Duration, time_left: impl Fn() -> Duration) -> bool {
        let mut wait = delay;
        while !wait.is_zero() {
            if wait >= time_left() {
                return false;
            }
            tokio::time::sleep(wait).await;
            wait = self.limit.remaining_pause();
        }
        tokio::time::timeout(time_left(), self.limit.reacquire()).await.is_ok()
    }
}

/// The credential in a request.
pub(super) fn token_of(request: &Request) -> Option<AccessToken> {
    request.headers().get(AUTHORIZATION).and_then(AccessToken::of_authorization)
}

/// Waits for a credential, which is part of the time for the call.
async fn within<T>(timeout: Duration, credential: CredentialsFuture<'_, T>) -> Result<T, CredentialsError> {
    let timed_out = |_| CredentialsError::new(ErrorKind::Network, "reading the credential timed out");
    tokio::time::timeout(timeout, credential).await.map_err(timed_out)?
}
