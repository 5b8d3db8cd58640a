//! Resends one invite exactly once, and handles each kind of failure. Needs the feature `client`; the sandbox that
//! replaces the service needs `sandbox`.

use dci::client::{ApiError, Client, ClientConfig, ErrorKind, IdempotencyKey, call};
use dci::sandbox::{Fault, Sandbox};

/// Resends the invite. The caller keeps `key` until the outcome is known.
async fn resend(client: &Client, id: &str, key: IdempotencyKey) -> Result<String, ApiError> {
    let request = client.resend_invite().id(id).idempotency_key(key).body(serde_json::Map::new());
    Ok(call(request.send()).await?.value.invite_id)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start()?;
    // For the service: `ClientConfig::from_env()?.build()?`.
    let client = ClientConfig::new(sandbox.api_key().parse()?).with_base_url(sandbox.url())?.build()?;

    // The response gets lost. The client retries with the same key, and no second email is sent.
    sandbox.inject(Fault::drop_after());
    assert_eq!(resend(&client, "invite-expired", IdempotencyKey::random()).await?, "invite-expired");
    assert_eq!(sandbox.outbox().len(), 1);

    let error = resend(&client, "nobody", IdempotencyKey::random()).await.expect_err("there is no such invite");
    match error.kind() {
        ErrorKind::NotFound => assert!(!error.is_retryable()),
        ErrorKind::Network | ErrorKind::Server | ErrorKind::RateLimited => {
            unreachable!("retry with the same key")
        }
        _ => unreachable!("{error}"),
    }
    Ok(())
}
