//! A client for the invites and users of the DoiT API, made from one OpenAPI document.
//!
//! - [`types`]: the types of the API. They need serde, and nothing that does I/O.
//! - [`operation`]: what the API can do, as a table.
//! - `client` (feature `client`): calls. `ClientConfig` makes a `Client`, and `call` makes one call with it.
//! - `sandbox` (feature `sandbox`): an in-memory DoiT on loopback, to test against.
//! - `cli` (feature `cli`): the program `dci`.
//!
//! All features are on by default; `default-features = false` leaves the types alone.
#![cfg_attr(
    all(feature = "client", feature = "sandbox"),
    doc = r#"
```
use dci::client::{ClientConfig, IdempotencyKey, call};
use dci::sandbox::Sandbox;

# tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
let sandbox = Sandbox::start()?;
let client = ClientConfig::new(sandbox.api_key().parse()?).with_base_url(sandbox.url())?.build()?;
let answer = call(
    client
        .resend_invite()
        .id("invite-expired")
        .idempotency_key(IdempotencyKey::random())
        .body(serde_json::Map::new())
        .send(),
)
.await?;
assert_eq!(answer.value.invite_id, "invite-expired");
assert_eq!(sandbox.outbox().len(), 1);
# Ok::<(), Box<dyn std::error::Error>>(())
# })?;
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]

pub mod operation;

mod generated;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "sandbox")]
pub mod sandbox;

#[cfg(feature = "schemars")]
pub use generated::schemas::SCHEMAS;
pub use generated::types;
