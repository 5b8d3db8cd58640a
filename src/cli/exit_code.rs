use crate::client::ErrorKind;

macro_rules! exit_codes {
    ($($variant:ident = $number:literal, $name:literal, $meaning:literal;)*) => {
        /// How the program ended. A public contract: scripts rely on the numbers and the names.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[repr(u8)]
        pub(super) enum ExitCode {
            $(#[doc = $meaning] $variant = $number,)*
        }

        impl ExitCode {
            /// All exit codes, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The `code` of the error object.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)*
                }
            }
        }
    };
}

exit_codes! {
    Success = 0, "SUCCESS", "success";
    Other = 1, "CLI_ERROR", "any other failure";
    Usage = 2, "USAGE_ERROR", "invalid command line, input or environment; nothing was changed";
    Authentication = 10, "AUTHENTICATION_FAILED", "not signed in, or the credential is not valid (401)";
    Permission = 11, "PERMISSION_DENIED", "the credential lacks the permission (403)";
    NotFound = 20, "RESOURCE_NOT_FOUND", "not found (404)";
    Conflict = 21, "RESOURCE_CONFLICT", "the current state does not allow this (409)";
    Validation = 30, "VALIDATION_ERROR", "the server rejected the request as invalid (400, 422)";
    Server = 40, "API_SERVER_ERROR", "the server failed (5xx)";
    Network = 41, "NETWORK_ERROR", "no response: connection failed, broke off or timed out";
    RateLimited = 50, "RATE_LIMITED", "too many requests (429)";
    Interrupted = 130, "CLI_ERROR", "interrupted";
}

impl ExitCode {
    pub fn number(self) -> u8 {
        self as u8
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
            ErrorKind::UnexpectedResponse | ErrorKind::Store => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_same_exit_codes() {
        let readme = include_str!("../../README.md").replace('\n', " ");
        for code in ExitCode::ALL.iter().filter(|code| **code != ExitCode::Success) {
            let pair = format!(" {} `{}`", code.number(), code.name());
            assert!(readme.contains(&pair), "README.md lacks{pair}");
        }
    }
}
