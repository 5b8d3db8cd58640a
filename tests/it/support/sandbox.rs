//! Sandboxes, and clients for them.

use std::collections::HashMap;
use std::time::Duration;

use dci::client::{ClientConfig, RetryPolicy};
use dci::sandbox::Sandbox;

pub fn sandbox() -> Sandbox {
    Sandbox::start().expect("a free port")
}

/// A sandbox with the further invites `invite-1` to `invite-N`.
pub fn sandbox_with(invites: usize) -> Sandbox {
    let sandbox = sandbox();
    for number in 1..=invites {
        sandbox.add_invited(&format!("invite-{number}"), &format!("user-{number}@example.com"));
    }
    sandbox
}

/// The ids of these invites, one per line.
pub fn list_of(invites: usize) -> String {
    (1..=invites).map(|number| format!("invite-{number}")).collect::<Vec<_>>().join("\n")
}

/// The number of emails that each invite got.
pub fn emails(sandbox: &Sandbox) -> HashMap<String, usize> {
    let mut emails = HashMap::new();
    for email in sandbox.outbox() {
        *emails.entry(email.invite_id).or_default() += 1;
    }
    emails
}

/// Ends each latency of an hour, until this many emails are sent.
pub fn pass_time_until_sent(sandbox: &Sandbox, emails: usize) {
    while sandbox.outbox().len() < emails {
        sandbox.advance(Duration::from_secs(3600));
        std::thread::yield_now();
    }
}

/// The configuration of a library client with the sandbox's API key.
pub fn client_at(url: &str) -> ClientConfig {
    ClientConfig::new("sandbox".parse().expect("a key")).with_base_url(url).expect("loopback")
}

/// A policy with waits of at most a millisecond.
pub fn impatient() -> RetryPolicy {
    RetryPolicy {
        first_delay: Duration::from_millis(1),
        first_delay_when_rate_limited: Duration::from_millis(1),
        max_delay: Duration::from_millis(1),
        ..RetryPolicy::default()
    }
}

/// An HTTP client without TLS and proxies, which does not follow redirects.
pub fn http_client() -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls)
        .build()
        .expect("a client")
}
