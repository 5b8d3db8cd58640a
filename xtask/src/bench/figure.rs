use std::fmt::Write;

use super::measure::Several;

use serde_json::{Value, json};

/// Measurements of `dci`, with those of a rival in the same run, and the targets.
pub struct Figure {
    what: String,
    unit: Unit,
    dci: Several,
    rival: Option<(&'static str, Several)>,
    targets: Vec<Target>,
}

#[derive(Clone, Copy)]
pub enum Unit {
    Instructions,
    Seconds,
    Bytes,
    PerSecond,
    Files,
}

#[derive(Clone, Copy)]
pub enum Target {
    AtMost(f64),
    /// The ratio to the rival.
    RatioAtMost(f64),
    /// The ratio to the rival.
    RatioAtLeast(f64),
}

impl Figure {
    pub fn new(what: impl Into<String>, unit: Unit, dci: impl Into<Several>) -> Self {
        Self { what: what.into(), unit, dci: dci.into(), rival: None, targets: Vec::new() }
    }

    /// Adds the measurement of a rival; `None` if it is not installed.
    pub fn with_rival(self, rival: Option<(&'static str, Several)>) -> Self {
        Self { rival, ..self }
    }

    pub fn with_targets(self, targets: impl IntoIterator<Item = Target>) -> Self {
        Self { targets: targets.into_iter().collect(), ..self }
    }

    /// Of the medians.
    fn ratio(&self) -> Option<f64> {
        self.rival.map(|(_, rival)| self.dci.median / rival.median)
    }

    /// Whether all targets are met. Without a rival, ratios do not count. `None` if there is no target left.
    fn is_met(&self) -> Option<bool> {
        let is_met = |target: &Target| match *target {
            Target::AtMost(most) => Some(self.dci.median <= most),
            Target::RatioAtMost(most) => self.ratio().map(|ratio| ratio <= most),
            Target::RatioAtLeast(least) => self.ratio().map(|ratio| ratio >= least),
        };
        self.targets.iter().filter_map(is_met).reduce(|all, one| all && one)
    }

    fn targets(&self) -> String {
        let format = |target: &Target| match *target {
            Target::AtMost(most) => format!("≤ {}", self.unit.format(most)),
            Target::RatioAtMost(most) => format!("ratio ≤ {most}"),
            Target::RatioAtLeast(least) => format!("ratio ≥ {least}"),
        };
        self.targets.iter().map(format).collect::<Vec<_>>().join(", ")
    }

    fn line(&self) -> String {
        let Self { what, unit, dci, rival, .. } = self;
        let dci = unit.with_spread(*dci);
        let rival = rival.map(|(name, rival)| format!("{name}: {}", unit.with_spread(rival))).unwrap_or_default();
        let ratio = self.ratio().map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
        let met = self.is_met().map_or("", |is_met| if is_met { "yes" } else { "no" });
        format!("| {what} | {dci} | {rival} | {ratio} | {} | {met} |", self.targets())
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "unit": self.unit.name(),
            "dci": self.dci.median,
            "spread": [self.dci.least, self.dci.most],
            "rival": self.rival.map(|(name, rival)| {
                json!({ "name": name, "value": rival.median, "spread": [rival.least, rival.most] })
            }),
            "ratio": self.ratio(),
            "target": self.targets(),
            "met": self.is_met(),
        })
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::PerSecond => "per second",
            Self::Files => "files",
        }
    }

    /// The median, and in parentheses the least and the most if they look different.
    fn with_spread(self, Several { median, least, most }: Several) -> String {
        let [median, least, most] = [median, least, most].map(|value| self.format(value));
        if least == most { median } else { format!("{median} ({least} to {most})") }
    }

    fn format(self, value: f64) -> String {
        match self {
            Self::Instructions => format!("{:.2} M", value / 1e6),
            Self::Seconds if value < 1.0 => format!("{:.1} ms", value * 1e3),
            Self::Seconds => format!("{value:.2} s"),
            Self::Bytes => format!("{:.2} MiB", value / f64::from(1 << 20)),
            Self::PerSecond => format!("{value:.0} /s"),
            Self::Files => format!("{value}"),
        }
    }
}

/// The figures as a Markdown table. A figure is a median; the least and the most follow it.
pub fn table(figures: &[Figure]) -> String {
    let mut table = "| what | dci | rival | ratio | target | met |\n| --- | --- | --- | --- | --- | --- |".to_owned();
    for figure in figures {
        // Writing to a string does not fail.
        let _ = write!(table, "\n{}", figure.line());
    }
    table
}

pub fn json(figures: &[Figure]) -> Value {
    figures.iter().map(Figure::json).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_not_judged_without_a_rival() {
        let figure = || Figure::new("a call", Unit::Seconds, Several::of([0.003, 0.002, 0.001]));
        let targets = [Target::AtMost(0.003), Target::RatioAtMost(0.4)];
        let line = |rival| figure().with_rival(rival).with_targets(targets).line();
        assert_eq!(
            line(Some(("curl", 0.004.into()))),
            "| a call | 2.0 ms (1.0 ms to 3.0 ms) | curl: 4.0 ms | 0.500 | ≤ 3.0 ms, ratio ≤ 0.4 | no |"
        );
        assert_eq!(line(None), "| a call | 2.0 ms (1.0 ms to 3.0 ms) |  |  | ≤ 3.0 ms, ratio ≤ 0.4 | yes |");
        assert_eq!(figure().with_targets([Target::RatioAtMost(0.4)]).is_met(), None);
    }
}
