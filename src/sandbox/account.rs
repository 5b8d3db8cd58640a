//! The accounts of the sandbox.

pub(super) const EXAMPLE_CUSTOMER: &str = "customer-example";
pub(super) const FULL_API_KEY: &str = "sandbox";

/// An account that can call the API, with its API key or an access token.
#[derive(Debug)]
pub(super) struct Account {
    pub api_key: &'static str,
    pub email: &'static str,
    pub manages_users: bool,
    /// The customers that it has access to: `(id, domain)`.
    pub customers: &'static [(&'static str, &'static str)],
}

pub(super) const ACCOUNTS: &[Account] = &[
    Account {
        api_key: FULL_API_KEY,
        email: "admin@example.com",
        manages_users: true,
        customers: &[(EXAMPLE_CUSTOMER, "example.com")],
    },
    Account {
        api_key: "sandbox-viewer",
        email: "viewer@example.com",
        manages_users: false,
        customers: &[(EXAMPLE_CUSTOMER, "example.com")],
    },
    Account {
        api_key: "sandbox-partner",
        email: "partner@example.net",
        manages_users: true,
        customers: &[(EXAMPLE_CUSTOMER, "example.com"), ("customer-other", "example.org")],
    },
];

impl Account {
    pub fn by_email(email: &str) -> Option<&'static Self> {
        ACCOUNTS.iter().find(|account| account.email == email)
    }
}
