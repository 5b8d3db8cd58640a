use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::types::{CancelInviteIdempotencyKey, ResendInviteIdempotencyKey};

/// The key that makes it safe to send a request again: the server does the work of a key once, and answers the
/// same request with the same key from its memory for at least 24 hours.
///
/// Between 1 and 255 visible ASCII characters. A run over many invites needs a key for each of them: a
/// [`RunId`](super::RunId) makes them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct IdempotencyKey(String);

/// A text that cannot be an idempotency key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an idempotency key has between 1 and {} visible ASCII characters", IdempotencyKey::MAX_LENGTH)]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The longest key, in characters; the document's `maxLength`.
    pub const MAX_LENGTH: usize = 255;

    /// A new key: a UUID, version 4, as the API recommends.
    #[must_use]
    pub fn random() -> Self {
        Uuid::new_v4().into()
    }

    /// The key as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for IdempotencyKey {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.to_string())
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidIdempotencyKey) }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The document limits the key in each operation; each limit gets a type of its own from the generator.
macro_rules! generated_key {
    ($($generated:ty),*) => {$(
        impl From<IdempotencyKey> for $generated {
            fn from(key: IdempotencyKey) -> Self {
                Self::try_from(key.0).expect("a checked key is within the document's maxLength")
            }
        }
    )*};
}

generated_key!(CancelInviteIdempotencyKey, ResendInviteIdempotencyKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_1_to_255_visible_ascii_characters() {
        for good in ["a", "~!", &"k".repeat(255)] {
            assert_eq!(good.parse::<IdempotencyKey>().map(|key| key.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", " ", "a b", "a\n", "ключ", "\u{7f}", &"k".repeat(256)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(InvalidIdempotencyKey), "{bad:?}");
        }
    }

    #[test]
    fn random_keys_differ_and_fit_the_generated_types() {
        let (one, other) = (IdempotencyKey::random(), IdempotencyKey::random());
        assert_ne!(one, other);
        assert_eq!(ResendInviteIdempotencyKey::from(one.clone()).as_str(), one.as_str());
        assert_eq!(CancelInviteIdempotencyKey::from(other.clone()).as_str(), other.as_str());
    }
}
