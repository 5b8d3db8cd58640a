use futures_util::{Stream, StreamExt, stream};

use progenitor_client::ClientInfo;

use super::Client;

/// Makes a call for each of `items`, as many at once as the client's
/// [concurrency](super::ClientConfig::with_concurrency), and yields what comes of them in the order in which they
/// end. It holds no more of them than are under way.
///
/// Nothing is sent before the stream is polled. Dropping the stream drops the calls under way: whether their work
/// was done is not known then, and the same keys make it safe to start again.
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
///         Ok(answer) => println!("{id}: {}", answer.value.message),
///         Err(error) => println!("{id}: {error}"),
///     }
/// }
/// # }
/// ```
pub fn call_each<I: IntoIterator, F: Future>(
    client: &Client,
    items: I,
    each: impl FnMut(I::Item) -> F,
) -> impl Stream<Item = F::Output> {
    stream::iter(items).map(each).buffer_unordered(client.inner().concurrency().get())
}
