use crate::client::ErrorKind;

/// What the program ends with: a public contract, the same as the existing tool's, so that scripts carry over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ExitCode {
    Success,
    Other,
    Usage,
    Authentication,
    Permission,
    NotFound,
    Conflict,
    Validation,
    Server,
    Network,
    RateLimited,
    Interrupted,
}

impl ExitCode {
    pub const ALL: [Self; 12] = [
        Self::Success,
        Self::Other,
        Self::Usage,
        Self::Authentication,
        Self::Permission,
        Self::NotFound,
        Self::Conflict,
        Self::Validation,
        Self::Server,
        Self::Network,
        Self::RateLimited,
        Self::Interrupted,
    ];

    pub fn number(self) -> u8 {
        self.definition().0
    }

    /// The `code` of the error object.
    pub fn name(self) -> &'static str {
        self.definition().1
    }

    pub fn meaning(self) -> &'static str {
        self.definition().2
    }

    fn definition(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Success => (0, "SUCCESS", "success"),
            Self::Other => (1, "CLI_ERROR", "any other failure"),
            Self::Usage => (2, "USAGE_ERROR", "the command line is wrong; nothing was sent"),
            Self::Authentication => (10, "AUTHENTICATION_FAILED", "the credential is missing or not valid (401)"),
            Self::Permission => (11, "PERMISSION_DENIED", "the credential may not do this (403)"),
            Self::NotFound => (20, "RESOURCE_NOT_FOUND", "there is no such thing (404)"),
            Self::Conflict => (21, "RESOURCE_CONFLICT", "the state of the thing does not allow this (409)"),
            Self::Validation => (30, "VALIDATION_ERROR", "the server refused the request (400, 422)"),
            Self::Server => (40, "API_SERVER_ERROR", "the server failed (5xx)"),
            Self::Network => (41, "NETWORK_ERROR", "no answer: no connection, a broken one, or too slow a one"),
            Self::RateLimited => (50, "RATE_LIMITED", "too many requests (429)"),
            Self::Interrupted => (130, "CLI_ERROR", "interrupted"),
        }
    }
}

impl From<ErrorKind> for ExitCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidRequest => Self::Usage,
            ErrorKind::Validation => Self::Validation,
            ErrorKind::Authentication => Self::Authentication,
            ErrorKind::Permission => Self::Permission,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::RateLimited => Self::RateLimited,
            ErrorKind::Server => Self::Server,
            ErrorKind::Network | ErrorKind::Proxy | ErrorKind::Untrusted => Self::Network,
            ErrorKind::Interrupted => Self::Interrupted,
            ErrorKind::UnexpectedAnswer | ErrorKind::Store => Self::Other,
        }
    }
}
