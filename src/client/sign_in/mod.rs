//! Sign-in with a browser: the OAuth authorization code flow with PKCE (RFC 7636) and `state`, as RFC 8252 requires of
//! native apps and RFC 9700 of every client.
//!
//! An [`AuthorizationServer`] starts a sign-in, and exchanges the code from the browser for a [`SignIn`]. A
//! [`SignInStore`] saves it. A [`StoredSignIn`] is its [`Credentials`](super::Credentials), which renew themselves.

mod authorization_server;
mod content;
mod pkce;
mod signed_in;
mod store;
mod stored_sign_in;
mod token_endpoint;
mod token_response;
pub(crate) mod user_files;

pub use authorization_server::{AuthorizationRequest, AuthorizationServer};
pub use signed_in::SignIn;
pub use store::SignInStore;
pub use stored_sign_in::StoredSignIn;
