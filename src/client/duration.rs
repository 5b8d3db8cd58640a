//! Durations in words.

use std::time::Duration;

/// A duration in words: milliseconds below 1 s, tenths of a second below 10 s, then whole seconds.
pub(crate) fn in_words(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{} ms", duration.as_millis()),
        seconds if seconds < 9.95 => format!("{} s", (seconds * 10.0).round() / 10.0),
        seconds => format!("{seconds:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let words = |millis| in_words(Duration::from_millis(millis));
        assert_eq!([0, 999, 4000, 1449, 9949].map(words), ["0 ms", "999 ms", "4 s", "1.4 s", "9.9 s"]);
        assert_eq!([9_950, 14_000, 120_400].map(words), ["10 s", "14 s", "120 s"]);
    }
}
