//! The client of the DoiT API: credentials, retries, idempotency keys and errors for the generated operations.
//!
//! [`ClientConfig`] builds a [`Client`]. Its operations are [`builder`]s, generated from `openapi/doit.yaml`. [`call`]
//! makes the call of such a builder's `send`: it returns a [`CallResponse`], which has the typed value and the body as
//! the server sent it, or an [`ApiError`]. [`call_each`] makes many calls, [`invite_each`] invites many users, and a [`RunId`] derives a key for each of
//! them, so that the run can be resumed.
//!
//! The [`Exchange`] makes the attempts of a call. [`Failure`] decides what happens after a failed attempt, and
//! [`RetryPolicy`] when. If the response to a change is lost, the client finds out with `listUsers` what the request did.

mod access_token;
mod adaptive_limit;
mod api_key;
mod attempts;
mod call;
mod call_each;
mod call_record;
mod causes;
mod config;
mod config_error;
mod confirmation;
mod connections;
mod content_type;
mod credentials;
mod duration;
mod encoding;
mod endpoint;
pub mod env;
mod error;
mod error_body;
mod error_kind;
mod excerpt;
mod exchange;
mod failure;
mod hooks;
mod http_client;
mod id;
mod idempotency_key;
mod invite_each;
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
mod variable;

pub use crate::generated::client::{Client, Error, ResponseValue, builder};
pub use access_token::{AccessToken, InvalidAccessToken};
pub use api_key::{ApiKey, InvalidApiKey};
pub use call::{CallResponse, call, call_unless, with_used_key};
pub use call_each::call_each;
#[cfg(feature = "cli")]
pub(crate) use config::base_url;
pub use config::{ClientConfig, DEFAULT_BASE_URL};
pub use config_error::ConfigError;
pub use credentials::{Credentials, CredentialsError, CredentialsFuture};
#[cfg(feature = "cli")]
pub(crate) use duration::in_words;
pub use error::ApiError;
pub use error_kind::ErrorKind;
#[cfg(feature = "cli")]
pub(crate) use excerpt::excerpt;
pub use exchange::Exchange;
pub use failure::{Failure, NextStep};
pub(crate) use id::encode_path;
pub use id::{InvalidUserId, UserId};
pub use idempotency_key::{IdempotencyKey, InvalidIdempotencyKey};
pub use invite_each::invite_each;
pub use response::MAX_BODY_BYTES;
pub use retry::RetryPolicy;
pub use run_id::{InvalidRunId, RunId};
