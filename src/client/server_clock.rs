//! The clock of the server, by which the age of a run is measured.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use progenitor_client::ClientInfo;
use reqwest::header::{DATE, HeaderMap};

use super::{Client, RunId};

/// The server's clock, from the header `Date` of its last response.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<Reading>>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    server: SystemTime,
    local: SystemTime,
}

impl ServerClock {
    /// Reads the header `Date` of a response that arrived now.
    pub fn read(&self, headers: &HeaderMap, now: SystemTime) {
        let date = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        if let Some(server) = date {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Reading { server, local: now });
        }
    }

    fn at(&self, now: SystemTime) -> Option<SystemTime> {
        let Reading { server, local } = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(server + now.duration_since(local).unwrap_or_default())
    }
}

impl Client {
    /// The time of the server's clock, from its last response; `None` before the first response.
    pub fn server_time(&self) -> Option<SystemTime> {
        self.inner().server_clock().at(SystemTime::now())
    }

    /// The time of the local clock, or of the server's if they differ by more than [`RunId::CLOCK_MARGIN`]. Measure the
    /// age of a run with it.
    pub fn now(&self) -> SystemTime {
        let local = SystemTime::now();
        self.server_time().filter(|server| differ(*server, local)).unwrap_or(local)
    }
}

/// Whether two times differ by more than the clocks of two machines may.
fn differ(one: SystemTime, other: SystemTime) -> bool {
    let apart = one.duration_since(other).or_else(|_| other.duration_since(one));
    apart.is_ok_and(|apart| apart > RunId::CLOCK_MARGIN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_clock_advances_after_the_last_response() {
        let clock = ServerClock::default();
        let here = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(clock.at(here), None);
        for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "soon", ""] {
            let headers = HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))]);
            clock.read(&headers, here);
        }
        let server = |seconds: u64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 + seconds));
        assert_eq!(clock.at(here), server(0), "an invalid date is ignored");
        assert_eq!(clock.at(here + Duration::from_secs(90)), server(90));
        assert_eq!(clock.at(here - Duration::from_secs(90)), server(0));
    }

    #[test]
    fn clocks_differ_if_they_are_over_5_minutes_apart() {
        let here = SystemTime::now();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert!(!differ(here + minutes(5), here) && !differ(here - minutes(5), here));
        assert!(differ(here + minutes(6), here) && differ(here - minutes(6), here));
    }
}
