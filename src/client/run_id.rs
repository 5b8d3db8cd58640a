//! The id of a run, from which the keys of its calls are derived.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use uuid::{NoContext, Timestamp, Uuid, Variant};

use super::{IdempotencyKey, UserId};
use crate::operation::Operation;

/// The id of a run over many invites.
///
/// The idempotency keys of the run are derived from it. A run that broke off can therefore be resumed with the same
/// invites while the server [remembers](Self::KEY_RETENTION) the keys: no work is done twice.
///
/// It is a UUID of version 7, which contains the start time of the run.
///
/// ```
/// use dci::client::{RunId, UserId};
/// use dci::operation::Operation;
///
/// let run = RunId::new();
/// let resumed: RunId = run.to_string().parse()?;
/// let id: UserId = "3f2a9c".parse()?;
/// assert_eq!(resumed.key(Operation::RESEND_INVITE, &id, false), run.key(Operation::RESEND_INVITE, &id, false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RunId(Uuid);

/// The text is not a valid id of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the id of a run must be a UUID of version 7, as printed when the run began")]
pub struct InvalidRunId;

impl RunId {
    /// The shortest time for which the server remembers a key: 24 hours, as the spec says.
    pub const KEY_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

    /// The largest difference of two clocks that is ignored: 5 minutes.
    pub const CLOCK_MARGIN: Duration = Duration::from_secs(5 * 60);

    /// The id of a run that begins now.
    #[allow(clippy::new_without_default, reason = "each is different, so there is no default")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id of a run that began at this time.
    pub fn begun_at(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let timestamp = Timestamp::from_unix(NoContext, since_epoch.as_secs(), since_epoch.subsec_nanos());
        Self(Uuid::new_v7(timestamp))
    }

    /// The time since the run began; zero if its start is in the future.
    pub fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.begun()).unwrap_or_default()
    }

    /// Whether the start is in the future by more than [`CLOCK_MARGIN`](Self::CLOCK_MARGIN). The age is unknown then.
    pub fn is_from_the_future(&self, now: SystemTime) -> bool {
        self.begun().duration_since(now).is_ok_and(|ahead| ahead > Self::CLOCK_MARGIN)
    }

    fn begun(&self) -> SystemTime {
        let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
    }

    /// Whether the server may have forgotten keys of the run.
    pub fn keys_may_have_expired(&self, now: SystemTime) -> bool {
        self.age(now) >= Self::KEY_RETENTION
    }

    /// The idempotency key of one call of the run: a UUID of version 5. A dry run has different keys.
    pub fn key(&self, operation: &Operation, id: &UserId, dry_run: bool) -> IdempotencyKey {
        // An id has no line break, so the names are unique.
        let name = format!("{}\n{}\n{id}", operation.id, if dry_run { "dry" } else { "real" });
        Uuid::new_v5(&self.0, name.as_bytes()).into()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let uuid: Uuid = text.parse().map_err(|_| InvalidRunId)?;
        let is_run = uuid.get_version_num() == 7 && uuid.get_variant() == Variant::RFC4122;
        if is_run { Ok(Self(uuid)) } else { Err(InvalidRunId) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> UserId {
        text.parse().expect("an id")
    }

    #[test]
    fn every_part_of_a_call_changes_its_key() {
        let (run, other) = (RunId::new(), RunId::new());
        let keys = [
            run.key(Operation::RESEND_INVITE, &id("a"), false),
            run.key(Operation::RESEND_INVITE, &id("a"), true),
            run.key(Operation::CANCEL_INVITE, &id("a"), false),
            run.key(Operation::RESEND_INVITE, &id("b"), false),
            other.key(Operation::RESEND_INVITE, &id("a"), false),
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn the_derivation_never_changes() {
        let run: RunId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a run's id");
        let key = run.key(Operation::RESEND_INVITE, &id("3f2a9c"), false);
        assert_eq!(key.as_str(), "26c69afb-5a77-5bf7-8de7-ada0d17fd0d2", "a run can be resumed after an update of dci");
    }

    #[test]
    fn only_a_uuid_of_version_7_is_valid() {
        for bad in [
            "",
            "x",
            "6f9b9f0e-0d0c-4a53-9a3e-0c1f4a7c2b55",
            "00000000-0000-0000-0000-000000000000",
            "01890a5d-ac96-774b-0cce-b302099a8057",
        ] {
            assert_eq!(bad.parse::<RunId>(), Err(InvalidRunId), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_id_contains_the_start_time(seconds in 0_u64..4_000_000_000, age in 0_u64..10_000_000) {
            let begun = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let run = RunId::begun_at(begun);
            prop_assert_eq!(run.to_string().parse(), Ok(run));
            let age = Duration::from_secs(age);
            prop_assert_eq!(run.age(begun + age), age);
            prop_assert_eq!(run.keys_may_have_expired(begun + age), age >= RunId::KEY_RETENTION);
            prop_assert_eq!(run.age(SystemTime::UNIX_EPOCH), Duration::ZERO);
            prop_assert!(!run.is_from_the_future(begun + age));
            prop_assert_eq!(run.is_from_the_future(begun - age), age > RunId::CLOCK_MARGIN);
        }
    }
}
