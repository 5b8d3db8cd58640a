use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::api_key::{ApiKey, InvalidApiKey};
use super::connections::Connections;
use super::endpoint::{InvalidEndpoint, endpoint};
use super::proxy::Proxy;
use super::{Client, Credentials, Exchange, RetryPolicy, tls};

/// Where the API is.
pub const DEFAULT_BASE_URL: &str = "https://api.doit.com";

/// The most headers of a response. hyper makes room for so many with each response: for 2,000 that costs 50 ns, for
/// 4,000 20 µs. All of them may take 400 kB, which is hyper's limit; curl's is 300 KB.
const MAX_HEADERS: usize = 2000;

/// The environment variables that [`ClientConfig::from_env`] reads. But for the tenant's, they are the existing
/// tool's.
pub mod env {
    /// The API key.
    pub const API_KEY: &str = "DCI_API_KEY";
    /// Where the API is; [`DEFAULT_BASE_URL`](super::DEFAULT_BASE_URL) when unset.
    pub const API_BASE_URL: &str = "DCI_API_BASE_URL";
    /// The customer, sent as `X-Tenant-Id`.
    pub const TENANT_ID: &str = "DCI_TENANT_ID";
    /// The customer for older API keys, sent as `customerContext`.
    pub const CUSTOMER_CONTEXT: &str = "DCI_CUSTOMER_CONTEXT";
    /// Where people sign in, in place of DoiT's own; with the next.
    #[cfg(feature = "sign-in")]
    pub const AUTHORIZE_URL: &str = "DCI_AUTHORIZE_URL";
    /// Where a sign-in's tokens come from.
    #[cfg(feature = "sign-in")]
    pub const TOKEN_URL: &str = "DCI_TOKEN_URL";
}

/// How to reach the API, and as whom. [`build`](Self::build) makes a [`Client`] of it.
///
/// | setting | default | from the environment |
/// | --- | --- | --- |
/// | base URL | `https://api.doit.com` | `DCI_API_BASE_URL` |
/// | API key | none: it must be given | `DCI_API_KEY` |
/// | tenant | none | `DCI_TENANT_ID` |
/// | customer context | none | `DCI_CUSTOMER_CONTEXT` |
/// | attempts, and the time for them | 5 in 2 minutes: see [`RetryPolicy`] | |
/// | calls of a run under way at once | 8: see [`with_concurrency`](Self::with_concurrency) | |
/// | proxy | none for `http`, which is for loopback | `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, also in lower case, which takes precedence |
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

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No API key was given and `DCI_API_KEY` is not set.
    #[error("no API key: {} is not set", env::API_KEY)]
    MissingApiKey,
    /// The API key of the environment cannot be one.
    #[error("{variable}: {0}", variable = env::API_KEY)]
    InvalidApiKey(#[source] InvalidApiKey),
    /// The base URL is not one, or not one that a credential may be sent to.
    #[error("the API base URL {url:?} {problem}")]
    BaseUrl {
        /// What was given; an ellipsis when it may hold a secret.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The tenant cannot be the value of a header.
    #[error("the tenant {0:?} is empty, or has characters other than visible ASCII")]
    Tenant(String),
    /// An environment variable whose URL cannot be that of an authorization server.
    #[error("{variable}: {problem}")]
    Endpoint {
        /// The name of the variable.
        variable: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// The authorization server does not go with the API: a token of one would be sent to the other.
    #[error("the authorization server {0}")]
    AuthorizationServer(&'static str),
    /// An environment variable that is not Unicode.
    #[error("{0} is not valid Unicode")]
    NotUnicode(&'static str),
    /// No root certificate could be read, so that no HTTPS server can be trusted.
    #[error("no root certificate can be read: {0}")]
    RootCertificates(String),
    /// An environment variable of the proxies or certificates that cannot be used.
    #[error("{variable}: {problem}")]
    Variable {
        /// The name of the variable.
        variable: &'static str,
        /// What is wrong with its value, which is not repeated where it may hold a password.
        problem: String,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl ClientConfig {
    /// The defaults, with this API key.
    #[must_use]
    pub fn new(api_key: ApiKey) -> Self {
        Self::from_credentials(api_key)
    }

    /// The defaults, with a credential from anywhere.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "the default base URL is a URL")]
    pub fn from_credentials(credentials: impl Credentials + 'static) -> Self {
        Self {
            credentials: Arc::new(credentials),
            base_url: Url::parse(DEFAULT_BASE_URL).expect("the default is a URL"),
            tenant: None,
            customer_context: None,
            retry_policy: RetryPolicy::default(),
            concurrency: NonZeroUsize::new(8).expect("8 is not 0"),
        }
    }

    /// The defaults, changed by the variables in [`mod@env`]; an empty variable counts as unset.
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

    /// The API key of the environment.
    pub fn api_key_from_env() -> Result<ApiKey, ConfigError> {
        let text = variable(env::API_KEY)?.ok_or(ConfigError::MissingApiKey)?;
        text.parse().map_err(ConfigError::InvalidApiKey)
    }

    /// Where the API is. `https`, or `http` to a loopback address; a path in it comes before each operation's.
    pub fn with_base_url(mut self, url: &str) -> Result<Self, ConfigError> {
        self.base_url = base_url(url)?;
        Ok(self)
    }

    /// The customer that requests are for; needed when the credential can reach more than one.
    pub fn with_tenant(mut self, tenant: &str) -> Result<Self, ConfigError> {
        let visible = !tenant.is_empty() && tenant.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::from_str(tenant).ok().filter(|_| visible);
        self.tenant = Some(value.ok_or_else(|| ConfigError::Tenant(tenant.to_owned()))?);
        Ok(self)
    }

    /// The older way to name the customer: older API keys honour it, newer tokens ignore it.
    #[must_use]
    pub fn with_customer_context(mut self, context: impl Into<String>) -> Self {
        self.customer_context = Some(context.into());
        self
    }

    /// When a call is tried again, and for how long.
    #[must_use]
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = policy;
        self
    }

    /// The time for a whole call, attempts and waits included.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.retry_policy.timeout = timeout;
        self
    }

    /// The most attempts of one call; 1 turns retries off.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: NonZeroU32) -> Self {
        self.retry_policy.max_attempts = attempts;
        self
    }

    /// The most calls that [`call_each`](super::call_each()) has under way at once; default 8.
    #[must_use]
    pub fn with_concurrency(mut self, calls: NonZeroUsize) -> Self {
        self.concurrency = calls;
        self
    }

    /// A client. Its clones share one pool of connections.
    ///
    /// The root certificates are read here, and only when the base URL is `https`.
    pub fn build(self) -> Result<Client, ConfigError> {
        let http_client = http_clients(&self.base_url, &self.retry_policy)?;
        let http = http_client(Kept::All)?;
        let pooled = http.clone();
        let connections = Connections::new(move || http_client(Kept::None).unwrap_or(pooled));
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

/// The URL of an API.
pub(crate) fn base_url(url: &str) -> Result<Url, ConfigError> {
    endpoint(url).map_err(|InvalidEndpoint { url, problem }| ConfigError::BaseUrl { url, problem })
}

/// The HTTP client for a server. Root certificates are read only for one over https.
pub(super) fn http_client(server: &Url, policy: &RetryPolicy) -> Result<reqwest::Client, ConfigError> {
    http_clients(server, policy)?(Kept::All)
}

/// The idle connections that a client keeps.
#[derive(Clone, Copy, Debug)]
enum Kept {
    All,
    None,
}

/// Makes HTTP clients for a server, which share what takes long to set up.
fn http_clients(
    server: &Url,
    policy: &RetryPolicy,
) -> Result<impl Fn(Kept) -> Result<reqwest::Client, ConfigError> + Send + use<>, ConfigError> {
    let encrypted = server.scheme() == "https";
    // A proxy of http would carry the credential off this machine in clear text.
    let proxy = if encrypted { Proxy::from_env(server)? } else { None };
    let tls = tls::client_config(encrypted)?;
    let connect_timeout = policy.connect_timeout;
    Ok(move |kept| {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("dci/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // The exchange alone retries; 0 also spares each request a copy.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .referer(false)
            .connect_timeout(connect_timeout)
            .http1_max_headers(MAX_HEADERS)
            // The environment is read here alone.
            .no_proxy();
        if let Some(proxy) = proxy.clone() {
            http = proxy.carry(http, &tls).map_err(ConfigError::Http)?;
        }
        if matches!(kept, Kept::None) {
            http = http.pool_max_idle_per_host(0);
        }
        http.tls_backend_preconfigured(tls.clone()).build().map_err(ConfigError::Http)
    })
}

pub(super) fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(ConfigError::NotUnicode(name)),
    }
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
    fn a_base_url_with_a_password_is_refused_and_not_repeated() {
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
    fn a_base_url_keeps_its_path_and_loses_the_slash_at_its_end() {
        for (given, used) in
            [("https://x.example/", "https://x.example"), ("https://x.example/doit/", "https://x.example/doit")]
        {
            let client = config().with_base_url(given).and_then(ClientConfig::build).expect("a client");
            assert_eq!(progenitor_client::ClientInfo::baseurl(&client), used);
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
    fn debug_does_not_show_the_key() {
        let config = ClientConfig::new("s3cret".parse().expect("a key"));
        assert!(!format!("{config:?}").contains("s3cret"));
        assert!(!format!("{:?}", config.build().expect("a client")).contains("s3cret"));
    }
}
