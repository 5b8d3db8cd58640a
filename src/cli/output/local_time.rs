//! Times for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time in the local time zone, such as `Wed 25 Nov 2026, 17:55 CET`.
pub(in crate::cli) fn in_local_time(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system()).strftime("%a %-d %b %Y, %H:%M %Z").to_string()
}

/// The local time of an RFC 3339 text; `None` if it is not one.
pub(super) fn text_in_local_time(text: &str) -> Option<String> {
    text.parse().ok().map(in_local_time)
}
