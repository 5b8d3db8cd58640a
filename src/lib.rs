//! A client for the users and invites of the DoiT API, generated from one OpenAPI spec.
//!
//! # What do you want to do?
//!
//! | | use | feature |
//! | --- | --- | --- |
//! | read or write the API's JSON in your own client or server | [`types`] | none |
//! | list the operations, with their requests and responses | [`operation`] | none |
//! | get JSON Schemas of the types | `SCHEMAS`, and `schemars::JsonSchema` on every type | `schemars` |
//! | make a call, exactly once | `client::ClientConfig`, `client::call` | `client` |
//! | make many calls, a few at a time, and resume after a crash | `client::call_each`, `client::RunId` | `client` |
//! | invite many users, and know what became of each | `client::invite_each` | `client` |
//! | let users sign in, or supply your own credential | `client::sign_in`, `client::Credentials` | `sign-in`, `client` |
//! | test your program without a network or an account | `sandbox::Sandbox` | `sandbox` |
//! | use the command-line program `dci` | `cargo install` | `cli` |
//!
//! All features are on by default. `default-features = false` keeps only the types, with serde and without I/O;
//! `features = ["client"]` adds the client, without a terminal or a server. The examples `types`, `resend_one`,
//! `resend_many` and `invite_many` in `tests/examples/` show how to use them.
//!
//! # Stability
//!
//! The types follow the API. Properties and values that the API adds do not break your code: a response with unknown
//! properties still parses, and its type is `non_exhaustive`; an enum in a response has a variant `Unknown` for other
//! values. There is one exception: an unknown value that selects the variant of a union is an error. Types that are only
//! sent accept nothing but what the spec allows. If the API removes a property or changes its type, that is a breaking
//! change of this crate, and the changelog says so.
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

/// Compiles the Rust of the README.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
