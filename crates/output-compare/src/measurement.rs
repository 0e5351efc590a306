//! Numbers that a comparison yields, and the thresholds they are held to.

/// One number of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What was measured, in snake case and with its unit: `mean_color_distance`, `duration_secs`. Reports store these names, so they
    /// never change, not even their spelling.
    pub name: String,
    /// In the unit that the name states.
    pub value: f64,
    /// The threshold; `None` for a number that decides nothing.
    pub limit: Option<Limit>,
}

impl Measurement {
    /// Whether the number keeps to its threshold. NaN never does.
    pub fn holds(&self) -> bool {
        self.limit.is_none_or(|limit| match limit {
            Limit::AtMost(most) => self.value <= most,
            Limit::AtLeast(least) => self.value >= least,
        })
    }
}

/// A threshold, inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The number must not be greater.
    AtMost(f64),
    /// The number must not be less.
    AtLeast(f64),
}
