//! The operations of the API, as data: each of them one method on one path.

pub use crate::generated::operations::OPERATIONS;

/// An operation of the spec: one method on one path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Operation {
    /// The `operationId` of the spec, such as `resendInvite`.
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
    /// Whether it takes an `Idempotency-Key`, which makes it safe to send the same request again.
    pub takes_idempotency_key: bool,
    /// The body of the request, if there is one.
    pub request: Option<Content>,
    /// The documented responses, in the order of the spec.
    pub responses: &'static [Response],
}

/// A body, as the spec describes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Content {
    /// Such as `application/json`.
    pub media_type: &'static str,
    /// The schema as JSON, in the dialect of OpenAPI 3.0, with all references resolved.
    pub schema: &'static str,
}

/// A response, as the spec describes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status, such as `200`; the spec may also say `4XX` or `default`.
    pub status: &'static str,
    /// When the server sends it, as Markdown.
    pub description: &'static str,
    /// The body, if there is one.
    pub content: Option<Content>,
}

impl Operation {
    /// Finds an operation by its `rust_name`.
    pub fn named(rust_name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.rust_name == rust_name)
    }

    /// Finds the operation that a command of the program is named after.
    #[cfg(feature = "cli")]
    pub(crate) fn of_command(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.command() == name)
    }

    /// The name of the command that makes it, such as `resend-invite`.
    #[cfg(feature = "cli")]
    pub(crate) fn command(&self) -> String {
        self.rust_name.replace('_', "-")
    }

    /// Finds the operation for a request with this method and path. A path without parameters takes precedence.
    pub fn of_request(method: &str, path: &str) -> Option<&'static Self> {
        OPERATIONS
            .iter()
            .filter(|operation| operation.method == method && operation.is_at(path))
            .min_by_key(|operation| operation.path.matches('{').count())
    }

    /// The permission that the description asks for, such as `usersManager`.
    #[cfg(feature = "cli")]
    pub(crate) fn permission(&self) -> Option<&'static str> {
        let (_, rest) = self.description.split_once("Requires the `")?;
        rest.split_once("` permission").map(|(permission, _)| permission)
    }

    /// Whether the same request can be sent twice and takes effect once: it takes an `Idempotency-Key`, or its method
    /// is idempotent (RFC 9110, section 9.2.2), or it is `updateUser`.
    ///
    /// PATCH is not idempotent in general. `updateUser` is: it sets the properties in the request to the values there,
    /// and leaves the others as they are.
    pub fn is_repeatable(&self) -> bool {
        self.takes_idempotency_key
            || matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
            || self.id == Self::UPDATE_USER.id
    }

    /// Whether the spec documents a response with this status.
    pub fn documents(&self, status: u16) -> bool {
        self.responses.iter().any(|response| response.status.parse() == Ok(status))
    }

    /// Whether `path` (of a URL, still encoded) ends in this operation's path, with one segment for each parameter.
    ///
    /// Parsing a URL resolves the segments `.` and `..`, even if they are percent-encoded. A request whose path lost a
    /// segment that way would reach another resource.
    pub fn is_at(&self, path: &str) -> bool {
        // Of bytes: a search for a character does not pay in texts as short as these.
        let is_slash = |byte: &u8| *byte == b'/';
        let mut segments = path.as_bytes().rsplit(is_slash);
        self.path.as_bytes().rsplit(is_slash).filter(|part| !part.is_empty()).all(|part| {
            segments.next().is_some_and(
                |segment| {
                    if part.starts_with(b"{") { !segment.is_empty() } else { segment == part }
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
        let resend = Operation::named("resend_invite").expect("in the spec");
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
    fn a_path_without_parameters_takes_precedence() {
        let id = |method, path| Operation::of_request(method, path).map(|operation| operation.id);
        assert_eq!(id("POST", "/iam/v1/users/invite"), Some("inviteUser"));
        assert_eq!(id("PATCH", "/iam/v1/users/invite"), Some("updateUser"));
        assert_eq!(id("GET", "/iam/v1/users"), Some("listUsers"));
        assert_eq!(id("PUT", "/iam/v1/users"), None);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn the_permission_is_read_from_the_description() {
        let permission = |description| Operation { description, ..*Operation::VALIDATE }.permission();
        assert_eq!(permission("Does it.\n\nRequires the `usersManager` permission."), Some("usersManager"));
        for other in ["", "Does it.", "Requires the `usersManager` role.", "Requires permission."] {
            assert_eq!(permission(other), None, "{other:?}");
        }
    }
}
