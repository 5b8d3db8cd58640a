use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment as people say it, where they are.
pub(in crate::cli) fn in_local_time(moment: Timestamp) -> String {
    moment.to_zoned_datetime(TimeZone::system()).strftime("%a %-d %b %Y, %H:%M %Z").to_string()
}
