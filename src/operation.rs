//! The operations of the API, as data: each of them one method on one path.

pub use crate::generated::operations::OPERATIONS;

/// An operation of the document: one method on one path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Operation {
    /// The `operationId` of the document, such as `resendInvite`.
    pub id: &'static str,
    /// The name of the client's method, such as `resend_invite`.
    pub rust_name: &'static str,
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it does, as Markdown.
    pub description: &'static str,
    /// Whether it takes an `Idempotency-Key`, so that the same request can be sent again safely.
    pub takes_idempotency_key: bool,
    /// The body of its request, if it has one.
    pub request: Option<Content>,
    /// What the document says that it answers, in the document's order.
    pub responses: &'static [Response],
}

/// A body, as the document describes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Content {
    /// Such as `application/json`.
    pub media_type: &'static str,
    /// The schema as JSON, in the dialect of OpenAPI 3.0, with what its references lead to in their place.
    pub schema: &'static str,
}

/// A response, as the document describes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status, such as `200`; the document may also say `4XX` or `default`.
    pub status: &'static str,
    /// When it comes, as Markdown.
    pub description: &'static str,
    /// Its body, if it has one.
    pub content: Option<Content>,
}

impl Operation {
    /// The operation that the generated client calls `rust_name`.
    #[must_use]
    pub fn named(rust_name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.rust_name == rust_name)
    }

    /// The operation that a command of the program is named after.
    #[cfg(feature = "cli")]
    pub(crate) fn of_command(name: &str) -> Option<&'static Self> {
        let dashed = |operation: &&Self| operation.rust_name.bytes().map(|byte| if byte == b'_' { b'-' } else { byte });
        let is_named = |operation: &&Self| name.bytes().eq(dashed(operation));
        OPERATIONS.iter().find(is_named)
    }

    /// The operation that a request with this method and path is for. A path without parameters goes first.
    #[must_use]
    pub fn of_request(method: &str, path: &str) -> Option<&'static Self> {
        OPERATIONS
            .iter()
            .filter(|operation| operation.method == method && operation.is_at(path))
            .min_by_key(|operation| operation.path.matches('{').count())
    }

    /// Whether the same request can be sent twice and does its work once: it takes an `Idempotency-Key`, or its method
    /// is idempotent (RFC 9110, section 9.2.2).
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.takes_idempotency_key || matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
    }

    /// Whether the document knows this status as an answer of the operation.
    #[must_use]
    pub fn documents(&self, status: u16) -> bool {
        self.responses.iter().any(|response| response.status == status.to_string())
    }

    /// Whether `path` (of a URL, still encoded) ends in this operation's, with one segment for each parameter.
    ///
    /// Parsing a URL resolves the segments `.` and `..`, which no encoding hides. A request whose path lost a
    /// segment that way would reach something else.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        let mut segments = path.rsplit('/');
        self.path.rsplit('/').filter(|part| !part.is_empty()).all(|part| {
            segments.next().is_some_and(
                |segment| {
                    if part.starts_with('{') { !segment.is_empty() } else { segment == part }
                },
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_segment_for_each_parameter() {
        let resend = Operation::named("resend_invite").expect("in the document");
        assert!(resend.is_at("/iam/v1/users/a/actions/resend"));
        assert!(resend.is_at("/iam/v1/users/a%2Fb/actions/resend"));
        assert!(resend.is_at("/behind/a/prefix/iam/v1/users/a/actions/resend"));
        for wrong in [
            "/iam/v1/users//actions/resend",
            "/iam/v1/actions/resend",
            "/iam/v1/users/actions/resend",
            "/iam/v1/users/a/b/actions/resend",
            "/iam/v1/users/a/actions/cancel",
            "/actions/resend",
            "",
        ] {
            assert!(!resend.is_at(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_request_is_for_the_operation_with_its_very_path_first() {
        let id = |method, path| Operation::of_request(method, path).map(|operation| operation.id);
        assert_eq!(id("POST", "/iam/v1/users/invite"), Some("inviteUser"));
        assert_eq!(id("PATCH", "/iam/v1/users/invite"), Some("updateUser"));
        assert_eq!(id("GET", "/iam/v1/users"), Some("listUsers"));
        assert_eq!(id("PUT", "/iam/v1/users"), None);
    }
}
