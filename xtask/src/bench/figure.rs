use std::fmt::Write;

use serde_json::{Value, json};

/// A measurement of `dci`, with that of a rival in the same run, and the targets.
pub struct Figure {
    what: String,
    unit: Unit,
    dci: f64,
    rival: Option<(&'static str, f64)>,
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
    pub fn new(what: impl Into<String>, unit: Unit, dci: f64) -> Self {
        Self { what: what.into(), unit, dci, rival: None, targets: Vec::new() }
    }

    /// Adds the measurement of a rival; `None` if it is not installed.
    pub fn with_rival(self, rival: Option<(&'static str, f64)>) -> Self {
        Self { rival, ..self }
    }

    pub fn with_targets(self, targets: impl IntoIterator<Item = Target>) -> Self {
        Self { targets: targets.into_iter().collect(), ..self }
    }

    fn ratio(&self) -> Option<f64> {
        self.rival.map(|(_, rival)| self.dci / rival)
    }

    /// Whether all targets are met. Without a rival, ratios do not count. `None` if there is no target left.
    fn is_met(&self) -> Option<bool> {
        let is_met = |target: &Target| match *target {
            Target::AtMost(most) => Some(self.dci <= most),
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
        let dci = unit.format(*dci);
        let rival = rival.map(|(name, rival)| format!("{} ({name})", unit.format(rival))).unwrap_or_default();
        let ratio = self.ratio().map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
        let met = self.is_met().map_or("", |is_met| if is_met { "yes" } else { "no" });
        format!("| {what} | {dci} | {rival} | {ratio} | {} | {met} |", self.targets())
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "unit": self.unit.name(),
            "dci": self.dci,
            "rival": self.rival.map(|(name, value)| json!({ "name": name, "value": value })),
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

/// The figures as a Markdown table.
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
        let figure = || Figure::new("a call", Unit::Seconds, 0.002);
        let targets = [Target::AtMost(0.003), Target::RatioAtMost(0.4)];
        let line = |rival| figure().with_rival(rival).with_targets(targets).line();
        assert_eq!(
            line(Some(("curl", 0.004))),
            "| a call | 2.0 ms | 4.0 ms (curl) | 0.500 | ≤ 3.0 ms, ratio ≤ 0.4 | no |"
        );
        assert_eq!(line(None), "| a call | 2.0 ms |  |  | ≤ 3.0 ms, ratio ≤ 0.4 | yes |");
        assert_eq!(figure().with_targets([Target::RatioAtMost(0.4)]).is_met(), None);
    }
}
