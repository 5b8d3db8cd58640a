//! The environment variables that [`ClientConfig::from_env`](super::ClientConfig::from_env) reads. All but
//! `DCI_TENANT_ID` have the names of DoiT's older tool.

use super::ConfigError;

/// The API key.
pub const API_KEY: &str = "DCI_API_KEY";
/// The base URL of the API; [`DEFAULT_BASE_URL`](super::DEFAULT_BASE_URL) if unset.
pub const API_BASE_URL: &str = "DCI_API_BASE_URL";
/// The id of the customer, sent as `X-Tenant-Id`.
pub const TENANT_ID: &str = "DCI_TENANT_ID";
/// The customer for older API keys, sent as `customerContext`.
pub const CUSTOMER_CONTEXT: &str = "DCI_CUSTOMER_CONTEXT";
/// The sign-in page, instead of DoiT's. Requires [`TOKEN_URL`].
#[cfg(feature = "sign-in")]
pub const AUTHORIZE_URL: &str = "DCI_AUTHORIZE_URL";
/// The token endpoint, instead of DoiT's. Requires [`AUTHORIZE_URL`].
#[cfg(feature = "sign-in")]
pub const TOKEN_URL: &str = "DCI_TOKEN_URL";

/// The value of a variable; `None` if it is unset or empty.
pub(super) fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode(name)),
    }
}
