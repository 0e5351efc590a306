//! How much two outputs may differ and still count as the same.

use output_compare::{JsonPath, Measurement, Tolerance};

/// Rules for comparing outputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CompareRules {
    /// Thresholds by name: those that differ from the defaults. Names and values are valid.
    thresholds: Vec<(String, f64)>,
    /// Values that do not count.
    ignored: Vec<JsonPath>,
}

impl CompareRules {
    /// Rules with these thresholds. Those with an unknown name or a bad value are left out: report them when they are read.
    pub fn new(thresholds: Vec<(String, f64)>, ignored: Vec<JsonPath>) -> Self {
        let is_valid = |(name, value): &(String, f64)| Tolerance::default().set(name, *value).is_ok();
        Self { thresholds: thresholds.into_iter().filter(is_valid).collect(), ignored }
    }

    /// These rules, with those of `inner` on top.
    #[must_use]
    pub fn with(&self, inner: &Self) -> Self {
        Self {
            thresholds: self.thresholds.iter().chain(&inner.thresholds).cloned().collect(),
            ignored: self.ignored.iter().chain(&inner.ignored).cloned().collect(),
        }
    }

    /// The thresholds.
    pub fn tolerance(&self) -> Tolerance {
        let mut tolerance = Tolerance::default();
        for (name, value) in &self.thresholds {
            // Checked when the rules were made.
            let _valid = tolerance.set(name, *value);
        }
        tolerance
    }

    /// Paths of values that do not count.
    pub fn ignored(&self) -> &[JsonPath] {
        &self.ignored
    }

    /// Whether a value or file at this path does not count.
    pub fn ignores(&self, path: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored.covers(path))
    }
}

/// The measurements that missed a limit which a setting can change, each with value, limit and setting.
pub fn missed_limits(measurements: &[Measurement]) -> Vec<String> {
    let is_setting = |name: &str| Tolerance::NAMES.contains(&name);
    let missed = measurements.iter().filter(|measured| is_setting(&measured.name) && !measured.holds());
    missed
        .filter_map(|Measurement { name, value, limit }| {
            let limit = match (*limit)? {
                output_compare::Limit::AtMost(most) => most,
                output_compare::Limit::AtLeast(least) => least,
            };
            Some(format!("compare.{name}: measured {}, limit {}", short(*value), short(limit)))
        })
        .collect()
}

/// A number with at most four digits after the point.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_a_case_win_over_those_of_the_model() {
        let model = CompareRules::new(vec![("ssim".to_owned(), 0.5), ("shift_secs".to_owned(), 1.0)], vec![".a".parse().unwrap()]);
        let case = CompareRules::new(vec![("ssim".to_owned(), 0.7), ("simm".to_owned(), 0.1)], vec![".b".parse().unwrap()]);
        let both = model.with(&case);
        assert_eq!((both.tolerance().ssim, both.tolerance().shift_secs), (0.7, 1.0));
        assert!(both.ignores(".a") && both.ignores(".b.c") && !both.ignores(".c"));
    }
}
