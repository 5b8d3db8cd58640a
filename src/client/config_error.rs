//! Why a client cannot be built.

use super::{InvalidApiKey, env};

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No API key was given and `DCI_API_KEY` is not set.
    #[error("no API key: {} is not set", env::API_KEY)]
    MissingApiKey,
    /// `DCI_API_KEY` is not a valid API key.
    #[error("{variable}: {0}", variable = env::API_KEY)]
    InvalidApiKey(#[source] InvalidApiKey),
    /// The base URL is invalid, or a credential may not be sent to it.
    #[error("the API base URL {0}")]
    BaseUrl(String),
    /// The id of the customer is not a valid header value.
    #[error("invalid tenant {0:?}: it is empty or has characters other than visible ASCII")]
    Tenant(String),
    /// The authorization server does not belong to the API, so a token of one would be sent to the other.
    #[error("{0}")]
    AuthorizationServer(&'static str),
    /// An environment variable is not valid Unicode.
    #[error("{0} is not valid Unicode")]
    NotUnicode(&'static str),
    /// No root certificate was found, so no HTTPS server can be trusted.
    #[error("no CA certificate found: {0}")]
    RootCertificates(String),
    /// An environment variable of the authorization server, the proxies or the certificates is invalid.
    #[error("{variable}: {problem}")]
    Variable {
        /// The name of the variable.
        variable: &'static str,
        /// What is wrong with its value, without a value that may contain a password.
        problem: String,
    },
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}
