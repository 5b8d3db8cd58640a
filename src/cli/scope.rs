//! The API, the customer and the user that a file of this machine is about.

use serde::{Deserialize, Serialize};

use super::credential::Credential;
use super::error::CliError;
use super::global::GlobalArgs;
use crate::client::base_url;

/// An API, one of its customers and a user, as the flags, the environment and the sign-in choose them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scope {
    /// Without a trailing slash.
    pub api_base_url: String,
    pub tenant: Option<String>,
    pub customer_context: Option<String>,
    /// Whose credential it is. Without a tenant, it decides which customer it is.
    pub owner: Option<String>,
}

impl Scope {
    pub fn of(global: &GlobalArgs, credential: &Credential) -> Result<Self, CliError> {
        let setting = global.api_base_url();
        let url = base_url(setting.text()?).map_err(|error| setting.refused(&error))?;
        Ok(Self {
            api_base_url: url.as_str().trim_end_matches('/').to_owned(),
            tenant: global.tenant_or(credential.kept_tenant()).map(|tenant| tenant.shown()),
            customer_context: global.customer_context().map(|customer| customer.shown()),
            owner: credential.owner(),
        })
    }

    /// The global flags that choose this scope, if another one is chosen without them.
    pub fn flags(&self, other: &Self) -> Vec<String> {
        let mut flags = Vec::new();
        if self.api_base_url != other.api_base_url {
            flags.extend(["--api-base-url".to_owned(), self.api_base_url.clone()]);
        }
        for (flag, own, other) in [
            ("--tenant", &self.tenant, &other.tenant),
            ("--customer-context", &self.customer_context, &other.customer_context),
        ] {
            flags.extend(own.iter().filter(|_| own != other).flat_map(|value| [flag.to_owned(), value.clone()]));
        }
        flags
    }
}
