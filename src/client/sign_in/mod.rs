//! Signing in with a browser: authorization code with PKCE (RFC 7636) and `state`, as RFC 8252 asks of programs that run
//! on a person's machine, and RFC 9700 of every client.
//!
//! An [`AuthorizationServer`] begins it and makes a [`SignIn`] of the code that the browser brings back; a
//! [`SignInStore`] keeps it; a [`StoredSignIn`] is the [`Credentials`](super::Credentials) of it, which renews itself.

mod authorization_server;
mod signed_in;
mod store;
mod stored_sign_in;
mod token_endpoint;

pub use authorization_server::{AuthorizationRequest, AuthorizationServer};
pub use signed_in::SignIn;
pub use store::SignInStore;
pub use stored_sign_in::StoredSignIn;
