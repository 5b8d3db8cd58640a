//! The configuration of a client, and the environment variables that set it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::connections::Connections;
use super::endpoint::endpoint;
use super::env::variable;
use super::http_client::{IdleConnections, http_clients};
use super::{ApiKey, Client, ConfigError, Credentials, Exchange, RetryPolicy, env};

/// The base URL of the DoiT API.
pub const DEFAULT_BASE_URL: &str = "https://api.doit.com";

/// The configuration of a [`Client`]: the API, the credential, and the limits. [`build`](Self::build) makes the client.
///
/// | setting | default | from the environment |
/// | --- | --- | --- |
/// | base URL | `https://api.doit.com` | `DCI_API_BASE_URL` |
/// | API key | none: it is required | `DCI_API_KEY` |
/// | tenant | none | `DCI_TENANT_ID` |
/// | customer context | none | `DCI_CUSTOMER_CONTEXT` |
/// | attempts, and the time for a call | 5, 2 minutes: see [`RetryPolicy`] | |
/// | concurrent calls of a run | 8: see [`with_concurrency`](Self::with_concurrency) | |
/// | proxy | none; never used for `http` | `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`; their lower-case names take precedence |
/// | root certificates | the system's | `SSL_CERT_FILE`, `SSL_CERT_DIR` |
///
/// ```
/// use dci::client::ClientConfig;
///
/// let client = ClientConfig::new("my-api-key".parse()?).with_tenant("customer-1")?.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientConfig {
    credentials: Arc<dyn Credentials>,
    base_url: Url,
    tenant: Option<HeaderValue>,
    customer_context: Option<String>,
    retry_policy: RetryPolicy,
    concurrency: NonZeroUsize,
}

impl ClientConfig {
    /// The default configuration with an API key.
    pub fn new(api_key: ApiKey) -> Self {
        Self::from_credentials(api_key)
    }

    /// The default configuration with any other credential.
    #[allow(clippy::missing_panics_doc, reason = "the default base URL is valid")]
    pub fn from_credentials(credentials: impl Credentials + 'static) -> Self {
        Self {
            credentials: Arc::new(credentials),
            base_url: Url::parse(DEFAULT_BASE_URL).expect("the default base URL is valid"),
            tenant: None,
            customer_context: None,
            retry_policy: RetryPolicy::default(),
            concurrency: NonZeroUsize::new(8).expect("8 is not 0"),
        }
    }

    /// The configuration from the variables in [`mod@env`]. An empty variable counts as unset.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut config = Self::new(Self::api_key_from_env()?);
        if let Some(url) = variable(env::API_BASE_URL)? {
            config = config.with_base_url(&url)?;
        }
        if let Some(tenant) = variable(env::TENANT_ID)? {
            config = config.with_tenant(&tenant)?;
        }
        if let Some(context) = variable(env::CUSTOMER_CONTEXT)? {
            config = config.with_customer_context(context);
        }
        Ok(config)
    }

    /// The API key in `DCI_API_KEY`.
    pub fn api_key_from_env() -> Result<ApiKey, ConfigError> {
        let text = variable(env::API_KEY)?.ok_or(ConfigError::MissingApiKey)?;
        text.parse().map_err(ConfigError::InvalidApiKey)
    }

    /// Sets the base URL of the API: `https`, or `http` for a loopback address, without user name, password, query and
    /// fragment. Its path is prefixed to the paths of the operations. Default [`DEFAULT_BASE_URL`].
    pub fn with_base_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.base_url = base_url(url)?;
        Ok(self)
    }

    /// Sets the id of the customer, in visible ASCII. It is required if the credential can access more than one customer.
    pub fn with_tenant(mut self, tenant: &str) -> Result<Self, ConfigError> {
        let visible = !tenant.is_empty() && tenant.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::from_str(tenant).ok().filter(|_| visible);
        self.tenant = Some(value.ok_or_else(|| ConfigError::Tenant(tenant.to_owned()))?);
        Ok(self)
    }

    /// Sets the customer for older API keys, as `customerContext`. Newer credentials ignore it.
    #[must_use]
    pub fn with_customer_context(mut self, context: impl Into<String>) -> Self {
        self.customer_context = Some(context.into());
        self
    }

    /// Sets when calls are retried, and all timeouts.
    #[must_use]
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = policy;
        self
    }

    /// Sets the time for a whole call, including attempts and waits. Default 2 minutes.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.retry_policy.timeout = timeout;
        self
    }

    /// Sets the most attempts of one call; 1 turns retries off. Default 5.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: NonZeroU32) -> Self {
        self.retry_policy.max_attempts = attempts;
        self
    }

    /// Sets how many calls [`call_each`](super::call_each()) may have in flight. Default 8.
    #[must_use]
    pub fn with_concurrency(mut self, calls: NonZeroUsize) -> Self {
        self.concurrency = calls;
        self
    }

    /// Builds the client. Its clones share one connection pool and one rate limit.
    ///
    /// If the base URL is `https`, this reads the root certificates and the proxy variables.
    pub fn build(self) -> Result<Client, ConfigError> {
        let http_client = http_clients(&self.base_url, &self.retry_policy)?;
        let http = http_client(IdleConnections::Kept)?;
        let fallback = http.clone();
        let connections = Connections::new(move || http_client(IdleConnections::Closed).unwrap_or(fallback));
        let exchange = Exchange::new(
            self.credentials,
            self.tenant,
            self.customer_context,
            self.retry_policy,
            self.concurrency,
            connections,
        );
        Ok(Client::new_with_client(self.base_url.as_str().trim_end_matches('/'), http, exchange))
    }
}

/// Checks the base URL of an API.
pub(crate) fn base_url(url: &str) -> Result<Url, ConfigError> {
    endpoint(url).map_err(ConfigError::BaseUrl)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ClientConfig {
        ClientConfig::new("key".parse().expect("a key"))
    }

    fn problem_with(url: &str) -> String {
        config().with_base_url(url).expect_err("not a base URL").to_string()
    }

    #[test]
    fn http_is_for_loopback_only() {
        for good in
            ["https://x.example", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:80", "http://localhost"]
        {
            assert!(config().with_base_url(good).is_ok(), "{good}");
        }
        for bad in ["http://x.example", "http://127.0.0.1.example", "http://0.0.0.0", "http://10.0.0.1", "http://[::]"]
        {
            assert!(problem_with(bad).contains("not encrypted"), "{bad}");
        }
        assert!(problem_with("ftp://x.example").contains("neither https nor http"));
    }

    #[test]
    fn a_secret_in_a_base_url_is_not_printed() {
        assert!(problem_with("https://user:hunter2@x.example").contains("password"));
        for url in [
            "https://user:hunter2@x.example",
            "https://user:hunter2@x.example:99999",
            "https://user:hunter2@",
            "http://user:hunter2@x.example",
            "https://x.example/?token=hunter2",
            "https://x.example:99999/#hunter2",
        ] {
            assert!(!problem_with(url).contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn a_tenant_is_visible_ascii() {
        assert!(config().with_tenant("customer-1").is_ok());
        for bad in ["", "a b", "a\nb", "é"] {
            assert!(config().with_tenant(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_hides_the_key() {
        let config = ClientConfig::new("s3cret".parse().expect("a key"));
        assert!(!format!("{config:?}").contains("s3cret"));
        assert!(!format!("{:?}", config.build().expect("a client")).contains("s3cret"));
    }
}
