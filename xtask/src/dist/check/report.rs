//! What a check found and what it had to skip.

#[derive(Default)]
pub struct Report {
    passed: usize,
    skipped: Vec<String>,
}

impl Report {
    pub fn pass(&mut self, package: &str, what: &str) {
        self.passed += 1;
        crate::print(&format!("{package}: {what}."));
    }

    pub fn skip(&mut self, what: &str, reason: &str) {
        self.skipped.push(format!("{what}: {reason}"));
    }

    /// Prints how much was checked and each thing that was skipped.
    pub fn finish(&self) {
        crate::print(&self.summary());
    }

    fn summary(&self) -> String {
        let passed = crate::count(self.passed, "check");
        match self.skipped.len() {
            0 => format!("{passed} passed, none skipped."),
            number => format!("{passed} passed, {number} skipped:\n- {}", self.skipped.join("\n- ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_lists_each_skipped_check_with_its_reason() {
        let mut report = Report::default();
        assert_eq!(report.summary(), "0 checks passed, none skipped.");
        report.pass("dci.deb", "the main job runs");
        report.skip("dci.zip", "wine is not installed");
        assert_eq!(report.summary(), "1 check passed, 1 skipped:\n- dci.zip: wine is not installed");
    }
}
