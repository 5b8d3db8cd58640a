//! When a call is retried: the policy, the backoff, and `Retry-After`.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// When a call is retried, and for how long. [`Failure`](super::Failure) decides whether.
///
/// The delay before an attempt is random between zero and a bound that doubles with each attempt ("full jitter"), so
/// that many clients do not retry at the same moment. A `Retry-After` of the server takes precedence; the client adds
/// random time up to the same length, within the bound.
///
/// ```
/// use dci::client::RetryPolicy;
/// use std::time::Duration;
///
/// let policy = RetryPolicy { timeout: Duration::from_secs(20), ..RetryPolicy::default() };
/// assert_eq!(policy.max_attempts.get(), 5);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RetryPolicy {
    /// The most attempts of one call, including the first; 1 turns retries off. A look-up after an attempt whose outcome
    /// is unknown has as many of its own. Default 5.
    pub max_attempts: NonZeroU32,
    /// The time for a whole call, including attempts, waits and the credential. A call that has no time for the next
    /// wait fails at once. Default 2 minutes.
    pub timeout: Duration,
    /// The time for one attempt, from connecting to the last byte of the response. Default 30 s.
    pub attempt_timeout: Duration,
    /// The time for connecting. Default 10 s.
    pub connect_timeout: Duration,
    /// The bound of the first delay. Default 500 ms.
    pub first_delay: Duration,
    /// The bound of the first delay after a 429 without `Retry-After`. Default 2 s. A run uses it only while it
    /// measures a rate limit.
    pub first_delay_when_rate_limited: Duration,
    /// The largest bound. Default 30 s.
    pub max_delay: Duration,
    /// The longest `Retry-After` that is obeyed. A longer one makes the call fail at once. Default 60 s.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: NonZeroU32::new(5).expect("5 is not 0"),
            timeout: Duration::from_secs(120),
            attempt_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            first_delay: Duration::from_millis(500),
            first_delay_when_rate_limited: Duration::from_secs(2),
            max_delay: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

/// The delays of one call.
pub(super) struct Backoff {
    bounds: ExponentialBackoff,
    bounds_when_rate_limited: ExponentialBackoff,
}

/// The reason for a delay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Delay {
    /// The server or the network needs time to recover.
    Recovery,
    /// The server limits the rate.
    RateLimit,
    /// The server sent `Retry-After`.
    RetryAfter(Duration),
}

impl Backoff {
    pub fn new(policy: &RetryPolicy) -> Self {
        let bounds = |first: Duration| {
            ExponentialBuilder::new()
                .with_factor(2.0)
                .with_min_delay(first.min(policy.max_delay))
                .with_max_delay(policy.max_delay)
                .without_max_times()
                .build()
        };
        Self {
            bounds: bounds(policy.first_delay),
            bounds_when_rate_limited: bounds(policy.first_delay_when_rate_limited),
        }
    }

    /// How long to wait before the next request.
    pub fn next(&mut self, delay: Delay) -> Duration {
        let (bound, bound_when_rate_limited) = (next(&mut self.bounds), next(&mut self.bounds_when_rate_limited));
        match delay {
            Delay::Recovery => jitter(bound),
            Delay::RateLimit => jitter(bound_when_rate_limited),
            Delay::RetryAfter(time) => time.saturating_add(jitter(bound_when_rate_limited.min(time))),
        }
    }
}

fn next(bounds: &mut ExponentialBackoff) -> Duration {
    bounds.next().expect("the bounds have no end")
}

fn jitter(bound: Duration) -> Duration {
    Duration::try_from_secs_f64(bound.as_secs_f64() * fastrand::f64()).unwrap_or(bound)
}

/// The time in `Retry-After`, which is in seconds or an HTTP date; `None` if it is neither.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows means a long time too.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn parsed(value: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(value).expect("a header"))]);
        // Sun, 06 Nov 1994 08:49:37 GMT
        retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(parsed("0"), Some(Duration::ZERO));
        assert_eq!(parsed(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(parsed("99999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(parsed("Sun, 06 Nov 1994 08:49:44 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(parsed("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO), "a date in the past");
        for neither in ["", "-1", "+1", "1.5", "soon", "1, 2"] {
            assert_eq!(parsed(neither), None, "{neither:?}");
        }
    }

    #[test]
    fn the_bound_doubles_and_is_higher_after_a_429() {
        let policy = RetryPolicy::default();
        let highest = |delay, position| {
            let of_one_call = || {
                let mut backoff = Backoff::new(&policy);
                (0..=position).map(|_| backoff.next(delay)).last().expect("at least one")
            };
            (0..2000).map(|_| of_one_call()).max().expect("2000 of them").as_secs_f64()
        };
        for (position, bound) in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0].into_iter().enumerate() {
            let found = highest(Delay::Recovery, position);
            assert!(found <= bound && found > bound * 0.9, "delay {position}: {found}");
        }
        for (position, bound) in [2.0, 4.0, 8.0, 16.0, 30.0].into_iter().enumerate() {
            let found = highest(Delay::RateLimit, position);
            assert!(found <= bound && found > bound * 0.9, "delay {position} after 429: {found}");
        }
    }

    fn delays() -> impl Strategy<Value = Delay> {
        prop_oneof![Just(Delay::Recovery), Just(Delay::RateLimit), any::<Duration>().prop_map(Delay::RetryAfter)]
    }

    proptest! {
        #[test]
        fn any_bytes_in_retry_after_are_accepted_or_ignored(bytes: Vec<u8>) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
                let _ = retry_after(&headers, SystemTime::now());
            }
        }

        #[test]
        fn delays_stay_within_their_bounds(
            first in 0_u64..1000,
            when_rate_limited in 0_u64..1000,
            max in 0_u64..5000,
            delays in prop::collection::vec(delays(), 60),
        ) {
            let policy = RetryPolicy {
                first_delay: Duration::from_millis(first),
                first_delay_when_rate_limited: Duration::from_millis(when_rate_limited),
                max_delay: Duration::from_millis(max),
                ..RetryPolicy::default()
            };
            let mut backoff = Backoff::new(&policy);
            for delay in delays {
                let next = backoff.next(delay);
                match delay {
                    Delay::RetryAfter(time) => {
                        let max = time.saturating_add(time.min(policy.max_delay));
                        prop_assert!(time <= next && next <= max);
                    }
                    Delay::Recovery | Delay::RateLimit => prop_assert!(next <= policy.max_delay),
                }
            }
        }
    }
}
