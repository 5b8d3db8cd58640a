//! Calls to the DoiT API: what a generated client lacks.
//!
//! [`ClientConfig`] makes a [`Client`], whose operations are generated from `openapi/doit.yaml` as builders
//! ([`builder`]). [`call`] makes one call of what such a builder's `send` returns: the [`CallResponse`] has the typed
//! value and the body as the server sent it, and whatever goes wrong is an [`ApiError`]. [`call_each`] makes many
//! calls, and a [`RunId`] gives each of them a key with which the run can be started again.
//!
//! Under every call lies the [`Exchange`]: one request until it is answered. What may be tried again is a
//! [`Failure`]'s matter, and when a [`RetryPolicy`]'s.

mod access_token;
mod adaptive_limit;
mod api_key;
mod call;
mod call_each;
mod call_record;
mod config;
mod connections;
mod credentials;
mod duration;
mod encoding;
mod endpoint;
mod error;
mod error_body;
mod exchange;
mod failure;
mod id;
mod idempotency_key;
mod json_text;
mod proxy;
mod redaction;
mod response;
mod retry;
mod run_id;
mod server_clock;
#[cfg(feature = "sign-in")]
pub mod sign_in;
mod tls;

pub use crate::generated::client::{Client, Error, ResponseValue, builder};
pub use access_token::{AccessToken, InvalidAccessToken};
pub use api_key::{ApiKey, InvalidApiKey};
pub use call::{CallResponse, call, call_unless, with_used_key};
pub use call_each::call_each;
#[cfg(feature = "cli")]
pub(crate) use config::base_url;
pub use config::{ClientConfig, ConfigError, DEFAULT_BASE_URL, env};
pub use credentials::{Credentials, CredentialsError, CredentialsFuture};
#[cfg(feature = "cli")]
pub(crate) use duration::in_words;
pub use error::{ApiError, ErrorKind};
#[cfg(feature = "cli")]
pub(crate) use error_body::excerpt;
pub use exchange::Exchange;
pub use failure::Failure;
pub(crate) use id::encode_path;
pub use id::{InvalidUserId, UserId};
pub use idempotency_key::{IdempotencyKey, InvalidIdempotencyKey};
pub use response::MAX_BODY_BYTES;
pub use retry::RetryPolicy;
pub use run_id::{InvalidRunId, RunId};
