//! Many calls at once: [`call_each`].

#[cfg(feature = "cli")]
use std::num::NonZeroUsize;

use futures_util::{Stream, StreamExt, stream};
use progenitor_client::ClientInfo;

use super::Client;

/// How many calls may have started for each that may be in flight. The others wait after a 429.
const STARTED_PER_SLOT: usize = 16;

#[cfg(feature = "cli")]
impl Client {
    /// How many calls may be in flight at once.
    pub(crate) fn concurrency(&self) -> NonZeroUsize {
        self.inner().limit.concurrency()
    }
}

/// Makes a call for each item and yields the results as they arrive.
///
/// At most [`with_concurrency`](super::ClientConfig::with_concurrency) calls are in flight. Items are taken as they are
/// needed, and `each` is called only when its call may start.
///
/// A 429 slows down the whole run, and a `Retry-After` pauses it. The run then speeds up to the rate that the service
/// allows.
///
/// Nothing is sent before the stream is polled. Dropping the stream drops the calls in flight; their outcome is
/// unknown. With the same idempotency keys, it is safe to make them again.
///
/// ```no_run
/// use dci::client::{Client, RunId, UserId, call, call_each};
/// use dci::operation::Operation;
/// use futures_util::StreamExt;
///
/// # async fn resend_all(client: &Client, ids: Vec<UserId>) {
/// let run = RunId::new();
/// let mut results = std::pin::pin!(call_each(client, ids, |id| async move {
///     let key = run.key(Operation::RESEND_INVITE, &id, false);
///     let request = client.resend_invite().id(&id).idempotency_key(key).body(serde_json::Map::new());
///     (call(request.send()).await, id)
/// }));
/// while let Some((result, id)) = results.next().await {
///     match result {
///         Ok(response) => println!("{id}: {}", response.value.message),
///         Err(error) => println!("{id}: {error}"),
///     }
/// }
/// # }
/// ```
pub fn call_each<I: IntoIterator, F: Future>(
    client: &Client,
    items: I,
    each: impl Fn(I::Item) -> F,
) -> impl Stream<Item = F::Output> {
    let limit = &client.inner().limit;
    stream::iter(items)
        .then(move |item| async move { (limit.acquire().await, item) })
        .map(move |(permit, item)| permit.run(each(item)))
        .buffer_unordered(limit.concurrency().get() * STARTED_PER_SLOT)
}
