//! A client for the invites and users of the DoiT API, made from one OpenAPI document.
//!
//! # What do you want to do?
//!
//! | | take | feature |
//! | --- | --- | --- |
//! | read or write the API's JSON, with a client or a server of your own | [`types`] | none |
//! | know what operations there are, with their requests and responses | [`operation`] | none |
//! | have JSON Schemas of the types | `SCHEMAS`, and `schemars::JsonSchema` on every type | `schemars` |
//! | make a call, exactly once | `client::ClientConfig`, `client::call` | `client` |
//! | make many, a few at once, and go on after a crash | `client::call_each`, `client::RunId` | `client` |
//! | have people sign in, or bring a credential of your own | `client::sign_in`, `client::Credentials` | `sign-in`, `client` |
//! | test what you built, without a network or an account | `sandbox::Sandbox` | `sandbox` |
//! | use the program `dci` | `cargo install` | `cli` |
//!
//! All features are on by default. `default-features = false` leaves the types alone, with serde and nothing that does
//! I/O; `features = ["client"]` adds the client, and neither a terminal nor a server. The examples `types`, `resend_one` and
//! `resend_many`, in `tests/examples/`, show each of them.
//!
//! # Stability
//!
//! The types follow the API. A property or a value that the API adds breaks nobody: an answer with properties that the
//! document does not know still reads, and its type is `non_exhaustive`; an enum that a server sends has a variant
//! `Unknown` for other values, so that a `match` has an arm for them. Only where a value tells the cases of a union from
//! each other, another one fits none of them. What is only sent is held to the document. A property that the API takes away, or whose type
//! it changes, is a breaking change of this crate, and the changelog says so.
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
mod lenient;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "sandbox")]
pub mod sandbox;

#[cfg(feature = "schemars")]
pub use generated::schemas::SCHEMAS;
pub use generated::types;
