//! The id of a user or invite, and its encoding in a path.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The id of a user or an invite.
///
/// It is checked and encoded, so that it is always exactly one segment of the path of a request.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// The longest id, in bytes. The service's own ids have about 20.
    pub const MAX_BYTES: usize = 1024;

    /// The id, not encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a valid id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidUserId {
    /// Empty, or only white space.
    #[error("an id cannot be blank")]
    Blank,
    /// White space at the start or the end, as copied text often has.
    #[error("an id cannot begin or end with white space")]
    WhiteSpaceAround,
    /// `.` or `..`, which change the path.
    #[error("an id cannot be \".\" or \"..\"")]
    DotSegment,
    /// A control character, such as a line break.
    #[error("an id cannot contain control characters")]
    ControlCharacter,
    /// Longer than [`UserId::MAX_BYTES`].
    #[error("an id cannot be longer than {} bytes", UserId::MAX_BYTES)]
    TooLong,
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, InvalidUserId> {
        if text.trim().is_empty() {
            return Err(InvalidUserId::Blank);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidUserId::TooLong);
        }
        if text == "." || text == ".." {
            return Err(InvalidUserId::DotSegment);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidUserId::ControlCharacter);
        }
        if text.trim() != text {
            return Err(InvalidUserId::WhiteSpaceAround);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Every character that is not unreserved in RFC 3986, so that a server cannot see a separator.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a text as one segment of a path. `.` and `..` cannot be encoded, since `%2e` means the same: the exchange
/// rejects a path that they changed.
pub(crate) fn encode_path(segment: &str) -> String {
    utf8_percent_encode(segment, ENCODED).to_string()
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

impl From<&UserId> for String {
    fn from(id: &UserId) -> Self {
        id.0.clone()
    }
}
