//! One invite, sent again exactly once, and what to do with each way in which that can fail. It needs the feature
//! `client`, and for this example `sandbox`, which stands in for the service.

use dci::client::{ApiError, Client, ClientConfig, ErrorKind, IdempotencyKey, call};
use dci::sandbox::{Fault, Sandbox};

/// Sends the invite again. `key` is kept by the caller until it is known what came of the call.
async fn resend(client: &Client, id: &str, key: IdempotencyKey) -> Result<String, ApiError> {
    let request = client.resend_invite().id(id).idempotency_key(key).body(serde_json::Map::new());
    Ok(call(request.send()).await?.value.invite_id)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start()?;
    // For the service: `ClientConfig::from_env()?.build()?`.
    let client = ClientConfig::new(sandbox.api_key().parse()?).with_base_url(sandbox.url())?.build()?;

    // The work is done, and the answer gets lost: the call is made again with the same key, and no second email goes out.
    sandbox.inject(Fault::drop_after());
    assert_eq!(resend(&client, "invite-expired", IdempotencyKey::random()).await?, "invite-expired");
    assert_eq!(sandbox.outbox().len(), 1);

    let error = resend(&client, "nobody", IdempotencyKey::random()).await.expect_err("there is no such invite");
    match error.kind() {
        ErrorKind::NotFound => assert!(!error.is_retryable()),
        ErrorKind::Network | ErrorKind::Server | ErrorKind::RateLimited => {
            unreachable!("call again, with the same key")
        }
        _ => unreachable!("{error}"),
    }
    Ok(())
}
