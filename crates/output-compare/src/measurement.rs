//! What a comparison measured.

/// One number that a comparison gave, with the threshold it was held to.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What was measured, in snake case and with the unit: `mean_colour_distance`, `duration_secs`.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it had to keep to; `None` when it is told only to be known.
    pub limit: Option<Limit>,
}

impl Measurement {
    /// Whether the number keeps to its threshold. A number that is none keeps to nothing.
    pub fn holds(&self) -> bool {
        self.limit.is_none_or(|limit| match limit {
            Limit::AtMost(most) => self.value <= most,
            Limit::AtLeast(least) => self.value >= least,
        })
    }
}

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The number may not be greater.
    AtMost(f64),
    /// The number may not be less.
    AtLeast(f64),
}
