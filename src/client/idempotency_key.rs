//! The idempotency key of a call.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::types::{CancelInviteIdempotencyKey, ResendInviteIdempotencyKey};

/// An idempotency key: it makes it safe to send a request again.
///
/// The server does the work of a key once. It remembers the response for at least 24 hours, and returns it to the same
/// request with the same key. A key has 1 to 255 visible ASCII characters. A run over many invites needs a key for
/// each: [`RunId::key`](super::RunId::key) derives them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct IdempotencyKey(String);

/// The text is not a valid idempotency key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an idempotency key must have 1 to {} visible ASCII characters", IdempotencyKey::MAX_LENGTH)]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// The longest key, in characters: `maxLength` in the spec.
    pub const MAX_LENGTH: usize = 255;

    /// Makes a new random key: a UUID of version 4, as the API recommends.
    pub fn random() -> Self {
        Uuid::new_v4().into()
    }

    /// The key as text.
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
        let is_valid = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidIdempotencyKey) }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The generator makes a type of the key for each operation.
macro_rules! generated_key {
    ($($generated:ty),*) => {$(
        impl From<IdempotencyKey> for $generated {
            fn from(key: IdempotencyKey) -> Self {
                Self::try_from(key.0).expect("a valid key is within the maxLength of the spec")
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
