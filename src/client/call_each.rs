use futures_util::{Stream, StreamExt, stream};

use progenitor_client::ClientInfo;

use super::Client;

/// How many calls can have begun for each that can be under way: the others wait after a 429.
const BEGUN_FOR_EACH_UNDER_WAY: usize = 16;

/// Makes a call for each of `items`, as many at once as the client's
/// [concurrency](super::ClientConfig::with_concurrency), and yields what comes of them in the order in which they
/// end. It takes no more of them than can be under way.
///
/// After a 429 fewer calls are under way at once, and then slowly more again, so that the run finds the rate that
/// the service allows; what `Retry-After` asks for holds for all of it. `each` is not asked for the next call before
/// that call may begin.
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
    each: impl Fn(I::Item) -> F,
) -> impl Stream<Item = F::Output> {
    let limit = client.inner().limit();
    stream::iter(items)
        .then(move |item| async move { (limit.permit().await, item) })
        .map(move |(permit, item)| permit.hold(each(item)))
        .buffer_unordered(limit.concurrency().get() * BEGUN_FOR_EACH_UNDER_WAY)
}
