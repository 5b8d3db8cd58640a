//! Invites many users concurrently on a faulty sandbox. No response that is lost leaves a doubt. Needs the features
//! `client` and `sandbox`.

use std::time::Duration;

use dci::client::{ClientConfig, RetryPolicy, invite_each};
use dci::sandbox::Sandbox;
use dci::types::InviteUserRequest;
use futures_util::StreamExt;

fn request(number: u32) -> Result<InviteUserRequest, Box<dyn std::error::Error>> {
    Ok(InviteUserRequest::builder()
        .email(format!("user-{number}@example.com"))
        .role_id(Some("role-standard".into()))
        .try_into()?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start()?;
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

    let requests: Vec<InviteUserRequest> = (0..200).map(request).collect::<Result<_, _>>()?;
    let mut outcomes = std::pin::pin!(invite_each(&client, requests));
    let (mut reported, mut confirmed, mut unknown, mut not_invited) = (0, 0, 0, 0);
    while let Some((_, outcome)) = outcomes.next().await {
        match outcome {
            // The response arrived.
            Ok(response) if !response.confirmed => reported += 1,
            // The response was lost, but the user is in the list.
            Ok(_) => confirmed += 1,
            // The list could not be read either. Look the address up before you invite it again.
            Err(error) if error.outcome_unknown() => unknown += 1,
            Err(_) => not_invited += 1,
        }
    }
    assert_eq!(reported + confirmed + unknown + not_invited, 200);
    let emails = sandbox.outbox().len();
    assert!((reported + confirmed..=reported + confirmed + unknown).contains(&emails), "one email for each invite");
    Ok(())
}
