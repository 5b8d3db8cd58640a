use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::time::Duration;

use crate::operation::{OPERATIONS, Operation};

/// A way in which the sandbox misbehaves: for the next request, unless [`times`](Self::times) says otherwise.
///
/// As a text, for the command line, it is a list of `name=value` separated by commas:
///
/// | text | meaning |
/// | --- | --- |
/// | `status=503` | this status, with an HTML page from 502 to 504 and at 524, otherwise with JSON; nothing is done |
/// | `latency=2s` | the work takes this long (`500ms`, `2s`, `1m`) |
/// | `truncate` | the work is done, and the body of the answer breaks off in the middle |
/// | `drop-before` | the connection is closed before the work |
/// | `drop-after` | the work is done, and the connection is closed in place of an answer |
///
/// and with any of them `times=3` (how many requests), `operation=resendInvite` (only its requests) and, with a
/// status, `retry-after=5` (the header).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    pub(super) kind: FaultKind,
    operation: Option<&'static Operation>,
    times: u64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum FaultKind {
    Status { status: u16, retry_after: Option<String> },
    Latency(Duration),
    Truncate,
    DropBefore,
    DropAfter,
}

/// A text that is no [`Fault`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(String);

impl Fault {
    /// Answers with this status (400 to 599) and does nothing.
    ///
    /// # Panics
    ///
    /// When the status is not one of an error.
    #[must_use]
    pub fn status(status: u16) -> Self {
        assert!((400..600).contains(&status), "a fault has the status of an error, 400 to 599, not {status}");
        Self::new(FaultKind::Status { status, retry_after: None })
    }

    /// Lets the work take this long.
    #[must_use]
    pub fn latency(duration: Duration) -> Self {
        Self::new(FaultKind::Latency(duration))
    }

    /// Does the work, and breaks the body of the answer off in the middle.
    #[must_use]
    pub fn truncate() -> Self {
        Self::new(FaultKind::Truncate)
    }

    /// Closes the connection before the work.
    #[must_use]
    pub fn drop_before() -> Self {
        Self::new(FaultKind::DropBefore)
    }

    /// Does the work, and closes the connection in place of an answer.
    #[must_use]
    pub fn drop_after() -> Self {
        Self::new(FaultKind::DropAfter)
    }

    fn new(kind: FaultKind) -> Self {
        Self { kind, operation: None, times: 1 }
    }

    /// For this many requests in place of one.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }

    /// Only for requests of this operation, by its id in the document, such as `resendInvite`.
    ///
    /// # Panics
    ///
    /// When the document has no such operation.
    #[must_use]
    pub fn on(self, operation: &str) -> Self {
        let operation = find(operation).unwrap_or_else(|error| panic!("{error}"));
        Self { operation: Some(operation), ..self }
    }

    /// Adds the header `Retry-After` to a status.
    #[must_use]
    pub fn retry_after(mut self, value: impl Into<String>) -> Self {
        if let FaultKind::Status { retry_after, .. } = &mut self.kind {
            *retry_after = Some(value.into());
        }
        self
    }
}

fn find(operation: &str) -> Result<&'static Operation, InvalidFault> {
    OPERATIONS.iter().find(|known| known.id == operation).ok_or_else(|| {
        let known: Vec<&str> = OPERATIONS.iter().map(|known| known.id).collect();
        InvalidFault(format!("there is no operation {operation:?}, only {}", known.join(", ")))
    })
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let mut parts = text.split(',').map(|part| part.trim().split_once('=').unwrap_or((part.trim(), "")));
        let mut fault = match parts.next().unwrap_or_default() {
            ("status", status) => match status.parse() {
                Ok(status) if (400..600).contains(&status) => Self::status(status),
                _ => return Err(InvalidFault(format!("status={status:?}: from 400 to 599"))),
            },
            ("latency", duration) => Self::latency(parse_duration(duration)?),
            ("truncate", "") => Self::truncate(),
            ("drop-before", "") => Self::drop_before(),
            ("drop-after", "") => Self::drop_after(),
            _ => {
                return Err(InvalidFault(format!(
                    "{text:?}: a fault begins with status=…, latency=…, truncate, drop-before or drop-after"
                )));
            }
        };
        for (name, value) in parts {
            let is_status = matches!(fault.kind, FaultKind::Status { .. });
            fault = match name {
                "times" => {
                    let times = value.parse().ok().filter(|times| *times > 0);
                    fault.times(times.ok_or_else(|| InvalidFault(format!("times={value:?}: a number from 1")))?)
                }
                "operation" => Self { operation: Some(find(value)?), ..fault },
                "retry-after" if is_status && axum::http::HeaderValue::from_str(value).is_ok() => {
                    fault.retry_after(value)
                }
                "retry-after" => return Err(InvalidFault("retry-after=… goes with status=…".into())),
                _ => return Err(InvalidFault(format!("{name:?}: only times, operation and retry-after are known"))),
            };
        }
        Ok(fault)
    }
}

fn parse_duration(text: &str) -> Result<Duration, InvalidFault> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| InvalidFault(format!("latency={text:?}: a duration such as 500ms, 2s or 1m")))
}

/// The faults to come.
#[derive(Debug, Default)]
pub(super) struct Faults {
    queue: VecDeque<Fault>,
    chance: Option<RandomFaults>,
}

/// Faults that strike at random, reproducibly: what befalls a request depends on the seed, the request's key and how
/// often that key was met, and not on the order in which requests arrive.
#[derive(Debug)]
struct RandomFaults {
    percent: u8,
    seed: u64,
    met: HashMap<String, u64>,
}

impl RandomFaults {
    fn strike(&mut self, key: String) -> Option<FaultKind> {
        let times_met = self.met.entry(key.clone()).or_default();
        *times_met += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, key, *times_met).hash(&mut hasher);
        let mut random = fastrand::Rng::with_seed(hasher.finish());
        if random.u8(..100) >= self.percent {
            return None;
        }
        let status = |status| FaultKind::Status { status, retry_after: None };
        random.choice([
            status(429),
            status(500),
            status(502),
            status(503),
            FaultKind::DropBefore,
            FaultKind::DropAfter,
            FaultKind::Truncate,
        ])
    }
}

impl Faults {
    pub fn inject(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.queue.push_back(fault);
        }
    }

    pub fn inject_at_random(&mut self, percent: u8, seed: u64) {
        self.chance = (percent > 0).then(|| RandomFaults { percent, seed, met: HashMap::new() });
    }

    /// What befalls a request of this operation; `key` tells it from others.
    pub fn strike(&mut self, operation: Option<&Operation>, key: impl FnOnce() -> String) -> Option<FaultKind> {
        self.next(operation).or_else(|| self.chance.as_mut()?.strike(key()))
    }

    fn next(&mut self, operation: Option<&Operation>) -> Option<FaultKind> {
        let hits = |fault: &Fault| fault.operation.is_none() || fault.operation == operation;
        let position = self.queue.iter().position(hits)?;
        let fault = &mut self.queue[position];
        fault.times -= 1;
        let kind = fault.kind.clone();
        if fault.times == 0 {
            self.queue.remove(position);
        }
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_can_be_written_as_text() {
        let parse = |text: &str| text.parse::<Fault>();
        assert_eq!(parse("status=503,times=2"), Ok(Fault::status(503).times(2)));
        assert_eq!(parse("status=429, retry-after=3"), Ok(Fault::status(429).retry_after("3")));
        assert_eq!(parse("latency=500ms"), Ok(Fault::latency(Duration::from_millis(500))));
        assert_eq!(parse("drop-after,operation=resendInvite"), Ok(Fault::drop_after().on("resendInvite")));
        for bad in ["", "status=200", "status=x", "latency=-1s", "truncate=1", "drop-after,operation=x", "truncate,x=1"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn faults_strike_in_order_and_only_their_operation() {
        let mut faults = Faults::default();
        faults.inject(Fault::truncate().on("listUsers"));
        faults.inject(Fault::drop_before().times(2));
        let resend = Operation::named("resend_invite");
        let mut strike = |operation| faults.strike(operation, String::new);
        assert_eq!(strike(resend), Some(FaultKind::DropBefore));
        assert_eq!(strike(Operation::named("list_users")), Some(FaultKind::Truncate));
        assert_eq!(strike(None), Some(FaultKind::DropBefore));
        assert_eq!(strike(resend), None);
    }

    #[test]
    fn random_faults_are_the_same_for_the_same_seed_in_any_order() {
        let strikes = |keys: &mut dyn Iterator<Item = u32>, seed| {
            let mut faults = Faults::default();
            faults.inject_at_random(30, seed);
            let mut struck: Vec<_> = keys.map(|key| (key, faults.strike(None, || key.to_string()))).collect();
            struck.sort_by_key(|(key, _)| *key);
            struck
        };
        let forwards = strikes(&mut (0..2000), 7);
        assert_eq!(forwards, strikes(&mut (0..2000).rev(), 7));
        assert_ne!(forwards, strikes(&mut (0..2000), 8));
        let share = forwards.iter().filter(|(_, struck)| struck.is_some()).count();
        assert!((500..700).contains(&share), "30% of 2,000 are 600, not {share}");
    }
}
