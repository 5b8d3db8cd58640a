//! Faults: what they are, how they are parsed, and which one applies to a request.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::time::Duration;

use crate::operation::{OPERATIONS, Operation};

/// A fault that the sandbox injects into requests.
///
/// A fault applies to the next request, or to the next [`times`](Self::times) requests, of any operation or of one
/// [operation](Self::on).
///
/// [`FromStr`] parses the text form that `dci sandbox --fault` takes. It begins with one of:
///
/// | text | effect |
/// | --- | --- |
/// | `status=503` | respond with this status and do not process the request; 502 to 504 and 524 have an HTML body |
/// | `latency=2s` | take this long to process the request (`500ms`, `2s`, `1m`) |
/// | `truncate` | process the request, then cut off the response body |
/// | `drop-before` | close the connection without processing the request |
/// | `drop-after` | process the request, then close the connection without a response |
///
/// These options can follow, separated by commas: `times=3`, `operation=resendInvite` and, after `status`,
/// `retry-after=5`.
///
/// ```
/// use dci::sandbox::Fault;
///
/// let fault: Fault = "status=429,times=2,retry-after=5".parse()?;
/// assert_eq!(fault, Fault::status(429).times(2).retry_after("5"));
/// # Ok::<(), dci::sandbox::InvalidFault>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    kind: FaultKind,
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

/// The text of a [`Fault`] is invalid.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFault(String);

impl Fault {
    /// Responds with this status without processing the request.
    ///
    /// # Panics
    ///
    /// Panics if the status is not between 400 and 599.
    pub fn status(status: u16) -> Self {
        assert!((400..600).contains(&status), "invalid status {status}: use 400 to 599");
        Self::new(FaultKind::Status { status, retry_after: None })
    }

    /// Takes this long to process the request, on the sandbox's clock.
    pub fn latency(duration: Duration) -> Self {
        Self::new(FaultKind::Latency(duration))
    }

    /// Processes the request, then cuts off the response body in the middle.
    pub fn truncate() -> Self {
        Self::new(FaultKind::Truncate)
    }

    /// Closes the connection without processing the request.
    pub fn drop_before() -> Self {
        Self::new(FaultKind::DropBefore)
    }

    /// Processes the request, then closes the connection without a response.
    pub fn drop_after() -> Self {
        Self::new(FaultKind::DropAfter)
    }

    fn new(kind: FaultKind) -> Self {
        Self { kind, operation: None, times: 1 }
    }

    /// Applies the fault to this many requests instead of one; 0 to none.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }

    /// Applies the fault only to requests of this operation, by its id in the spec, such as `resendInvite`.
    ///
    /// # Panics
    ///
    /// Panics if the spec has no such operation.
    #[must_use]
    pub fn on(self, operation: &str) -> Self {
        let operation = operation_with_id(operation).unwrap_or_else(|error| panic!("{error}"));
        Self { operation: Some(operation), ..self }
    }

    /// Sends this `Retry-After` header with a [`status`](Self::status); other faults ignore it.
    #[must_use]
    pub fn retry_after(mut self, value: impl Into<String>) -> Self {
        if let FaultKind::Status { retry_after, .. } = &mut self.kind {
            *retry_after = Some(value.into());
        }
        self
    }
}

fn operation_with_id(id: &str) -> Result<&'static Operation, InvalidFault> {
    OPERATIONS.iter().find(|operation| operation.id == id).ok_or_else(|| {
        let ids: Vec<&str> = OPERATIONS.iter().map(|operation| operation.id).collect();
        InvalidFault(format!("unknown operation {id:?}: use one of {}", ids.join(", ")))
    })
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let mut parts = text.split(',').map(|part| part.trim().split_once('=').unwrap_or((part.trim(), "")));
        let mut fault = match parts.next().unwrap_or_default() {
            ("status", status) => match status.parse() {
                Ok(status) if (400..600).contains(&status) => Self::status(status),
                _ => return Err(InvalidFault(format!("invalid status {status:?}: use 400 to 599"))),
            },
            ("latency", duration) => Self::latency(parse_duration(duration)?),
            ("truncate", "") => Self::truncate(),
            ("drop-before", "") => Self::drop_before(),
            ("drop-after", "") => Self::drop_after(),
            _ => {
                return Err(InvalidFault(format!(
                    "unknown fault {text:?}: use status=…, latency=…, truncate, drop-before or drop-after"
                )));
            }
        };
        for (name, value) in parts {
            let is_status = matches!(fault.kind, FaultKind::Status { .. });
            fault = match name {
                "times" => match value.parse() {
                    Ok(times) if times > 0 => fault.times(times),
                    _ => return Err(InvalidFault(format!("invalid times {value:?}: use a number of at least 1"))),
                },
                "operation" => Self { operation: Some(operation_with_id(value)?), ..fault },
                "retry-after" if is_status && axum::http::HeaderValue::from_str(value).is_ok() => {
                    fault.retry_after(value)
                }
                "retry-after" => {
                    return Err(InvalidFault("retry-after requires status=… and a valid header value".into()));
                }
                _ => return Err(InvalidFault(format!("unknown option {name:?}: use times, operation or retry-after"))),
            };
        }
        Ok(fault)
    }
}

fn parse_duration(text: &str) -> Result<Duration, InvalidFault> {
    let duration: Option<jiff::SignedDuration> = text.parse().ok();
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| InvalidFault(format!("invalid latency {text:?}: use a duration such as 500ms, 2s or 1m")))
}

/// The faults to inject.
#[derive(Debug, Default)]
pub(super) struct Faults {
    queue: VecDeque<Fault>,
    random: Option<RandomFaults>,
}

/// Random faults that a seed reproduces: the fault depends on the seed, the request's key and how often the key was
/// seen, not on the order of requests.
#[derive(Debug)]
struct RandomFaults {
    percent: u8,
    seed: u64,
    seen: HashMap<String, u64>,
}

impl RandomFaults {
    fn pick(&mut self, key: String) -> Option<FaultKind> {
        let times_seen = self.seen.entry(key.clone()).or_default();
        *times_seen += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, key, *times_seen).hash(&mut hasher);
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
        self.random = (percent > 0).then(|| RandomFaults { percent, seed, seen: HashMap::new() });
    }

    /// Takes the fault for a request of this operation; `key` identifies the request.
    pub fn take(&mut self, operation: Option<&Operation>, key: impl FnOnce() -> String) -> Option<FaultKind> {
        self.next(operation).or_else(|| self.random.as_mut()?.pick(key()))
    }

    fn next(&mut self, operation: Option<&Operation>) -> Option<FaultKind> {
        let applies = |fault: &Fault| fault.operation.is_none() || fault.operation == operation;
        let position = self.queue.iter().position(applies)?;
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
    fn a_fault_is_parsed_from_text() {
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
    fn faults_apply_in_order_and_to_their_operation_only() {
        let mut faults = Faults::default();
        faults.inject(Fault::truncate().on("listUsers"));
        faults.inject(Fault::drop_before().times(2));
        let resend = Operation::named("resend_invite");
        let mut take = |operation| faults.take(operation, String::new);
        assert_eq!(take(resend), Some(FaultKind::DropBefore));
        assert_eq!(take(Operation::named("list_users")), Some(FaultKind::Truncate));
        assert_eq!(take(None), Some(FaultKind::DropBefore));
        assert_eq!(take(resend), None);
    }

    #[test]
    fn a_seed_repeats_its_random_faults_in_any_order() {
        let random_faults = |keys: &mut dyn Iterator<Item = u32>, seed| {
            let mut faults = Faults::default();
            faults.inject_at_random(30, seed);
            let mut taken: Vec<_> = keys.map(|key| (key, faults.take(None, || key.to_string()))).collect();
            taken.sort_by_key(|(key, _)| *key);
            taken
        };
        let forwards = random_faults(&mut (0..2000), 7);
        assert_eq!(forwards, random_faults(&mut (0..2000).rev(), 7));
        assert_ne!(forwards, random_faults(&mut (0..2000), 8));
        let share = forwards.iter().filter(|(_, fault)| fault.is_some()).count();
        assert!((500..700).contains(&share), "30% of 2,000 are 600, not {share}");
    }
}
