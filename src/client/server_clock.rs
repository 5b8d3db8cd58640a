use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use progenitor_client::ClientInfo;
use reqwest::header::{DATE, HeaderMap};

use super::{Client, RunId};

/// The server's clock, as its last response told it.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<Reading>>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    server: SystemTime,
    here: SystemTime,
}

impl ServerClock {
    /// Reads the header `Date` of a response that came now.
    pub fn read(&self, headers: &HeaderMap, now: SystemTime) {
        let date = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        if let Some(server) = date {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Reading { server, here: now });
        }
    }

    fn at(&self, now: SystemTime) -> Option<SystemTime> {
        let Reading { server, here } = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(server + now.duration_since(here).unwrap_or_default())
    }
}

impl Client {
    /// The time by the server's clock, from its last response; `None` before the first one.
    #[must_use]
    pub fn server_time(&self) -> Option<SystemTime> {
        self.inner().server_clock().at(SystemTime::now())
    }

    /// The time by this machine's clock, or by the server's where they differ by more than
    /// [`RunId::CLOCK_MARGIN`]. The age of a run is measured by it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let here = SystemTime::now();
        self.server_time().filter(|server| differ(*server, here)).unwrap_or(here)
    }
}

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
    fn the_server_s_clock_goes_on_after_its_last_response() {
        let clock = ServerClock::default();
        let here = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(clock.at(here), None);
        for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "soon", ""] {
            let headers = HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))]);
            clock.read(&headers, here);
        }
        let server = |seconds: u64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 + seconds));
        assert_eq!(clock.at(here), server(0), "what is not a date changes nothing");
        assert_eq!(clock.at(here + Duration::from_secs(90)), server(90));
        assert_eq!(clock.at(here - Duration::from_secs(90)), server(0));
    }

    #[test]
    fn clocks_differ_when_they_are_more_than_five_minutes_apart() {
        let here = SystemTime::now();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert!(!differ(here + minutes(5), here) && !differ(here - minutes(5), here));
        assert!(differ(here + minutes(6), here) && differ(here - minutes(6), here));
    }
}
