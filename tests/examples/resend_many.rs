//! Resends many invites concurrently to a faulty sandbox, then resumes the run. Needs the features `client` and
//! `sandbox`.

use std::time::Duration;

use dci::client::{Client, ClientConfig, RetryPolicy, RunId, UserId, call, call_each};
use dci::operation::Operation;
use dci::sandbox::Sandbox;
use futures_util::StreamExt;

/// Resends all invites, and returns how many succeeded.
async fn resend_all(client: &Client, run: RunId, ids: &[UserId]) -> usize {
    let results = call_each(client, ids, |id| async move {
        let key = run.key(Operation::RESEND_INVITE, id, false);
        call(client.resend_invite().id(id).idempotency_key(key).body(serde_json::Map::new()).send()).await
    });
    results.filter(|result| std::future::ready(result.is_ok())).count().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start()?;
    let ids: Vec<UserId> = (0..200).map(|number| format!("invite-{number}").parse()).collect::<Result<_, _>>()?;
    for id in &ids {
        sandbox.add_invited(id.as_str(), &format!("{id}@example.com"));
    }
    sandbox.inject_at_random(20, 7);

    // Short waits, because this is a sandbox.
    let (short, longer) = (Duration::from_millis(1), Duration::from_millis(10));
    let policy = RetryPolicy {
        first_delay: short,
        first_delay_when_rate_limited: short,
        max_delay: longer,
        ..RetryPolicy::default()
    };
    let config = ClientConfig::new(sandbox.api_key().parse()?).with_base_url(sandbox.url())?.with_retry_policy(policy);
    let client = config.build()?;

    // Keep the run id: for 24 hours, the same run id and invites do not send an email twice.
    let run = RunId::new();
    let done = resend_all(&client, run, &ids).await;
    sandbox.inject_at_random(0, 0);
    assert_eq!(resend_all(&client, run, &ids).await, ids.len());
    assert_eq!(sandbox.outbox().len(), ids.len(), "{done} succeeded first, and none was sent twice");
    Ok(())
}
