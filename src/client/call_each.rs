use std::iter::Fuse;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{Stream, stream};
use progenitor_client::ClientInfo;

use super::Client;

/// Makes a call for each of `items`, as many at once as the client's
/// [concurrency](super::ClientConfig::with_concurrency), and yields what comes of them in the order in which they
/// end. It holds no more of them than are under way.
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
    let pace = client.inner().pace();
    let calls = Arc::new(Calls { left: Mutex::new(items.into_iter().fuse()), each });
    // Each of these makes one call after another in the same place, so that a run needs no memory for each of them.
    let in_turn = |_| {
        let one_after_another = stream::unfold(Arc::clone(&calls), move |calls| async move {
            let item = calls.next()?;
            let _turn = pace.turn().await;
            Some(((calls.each)(item).await, calls))
        });
        Box::pin(one_after_another)
    };
    stream::select_all((0..pace.concurrency().get()).map(in_turn))
}

/// The calls that are not begun, and how to make one.
struct Calls<I, E> {
    left: Mutex<Fuse<I>>,
    each: E,
}

impl<I: Iterator, E> Calls<I, E> {
    fn next(&self) -> Option<I::Item> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}
