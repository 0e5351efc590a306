//! The result of a comparison.

use crate::{Limit, Measurement, MediaKind, Preview};

/// How much of two files was compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Coverage {
    /// Everything that is compared for files of this kind.
    #[default]
    Whole,
    /// Only a part, for this reason: a limit was reached. The rest may differ.
    Part(String),
    /// Only the bytes, which differ, because the contents cannot be decoded for this reason. The contents may be the same.
    BytesOnly(String),
}

/// The result of comparing two files or values.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Whether the two count as the same.
    pub same: bool,
    /// The kind of both files, or of the first one if they differ in kind.
    pub kind: MediaKind,
    /// Every number with the threshold it was held to.
    pub measurements: Vec<Measurement>,
    /// Remarks of one line each. If the files differ, the first one says why. Untrusted: some quote the files.
    pub remarks: Vec<String>,
    /// A small image of where two images differ.
    pub heat_map: Option<Preview>,
    /// How much was compared.
    pub coverage: Coverage,
}

impl Comparison {
    pub(crate) fn new(kind: MediaKind, same: bool) -> Self {
        Self { same, kind, measurements: Vec::new(), remarks: Vec::new(), heat_map: None, coverage: Coverage::Whole }
    }

    /// Adds a number without a threshold.
    pub(crate) fn measured(self, name: &str, value: f64) -> Self {
        self.held_to(name, value, None)
    }

    /// Adds a number that must not exceed a threshold.
    pub(crate) fn at_most(self, name: &str, value: f64, most: f64) -> Self {
        self.held_to(name, value, Some(Limit::AtMost(most)))
    }

    /// Adds a number that must reach a threshold.
    pub(crate) fn at_least(self, name: &str, value: f64, least: f64) -> Self {
        self.held_to(name, value, Some(Limit::AtLeast(least)))
    }

    fn held_to(mut self, name: &str, value: f64, limit: Option<Limit>) -> Self {
        self.measurements.push(Measurement { name: name.to_owned(), value, limit });
        self
    }

    pub(crate) fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remarks.push(remark.into());
        self
    }

    /// Marks the files as different. Of several reasons the first one stays the first remark.
    pub(crate) fn differs(mut self, reason: impl Into<String>) -> Self {
        self.same = false;
        self.remarks.push(reason.into());
        self
    }

    /// The result for files whose bytes differ and whose contents cannot be decoded.
    pub(crate) fn of_bytes_only(kind: MediaKind, why: impl Into<String>) -> Self {
        let why = why.into();
        let compared = Self::new(kind, false).remark(format!("{why}; the bytes differ"));
        Self { coverage: Coverage::BytesOnly(why), ..compared }
    }

    /// Notes that only a part was compared.
    pub(crate) fn in_part(self, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { coverage: Coverage::Part(why.clone()), ..self.remark(why) }
    }

    /// Marks the files as different where only one of them is incomplete.
    pub(crate) fn differs_if_one_is_incomplete(self, first: Option<&str>, second: Option<&str>) -> Self {
        match (first, second) {
            (None, Some(why)) => self.differs(format!("the second file is incomplete: {why}")),
            (Some(why), None) => self.differs(format!("the first file is incomplete: {why}")),
            _ => self,
        }
    }

    /// The value of the measurement with this name.
    pub fn value_of(&self, name: &str) -> Option<f64> {
        self.measurements.iter().find(|measurement| measurement.name == name).map(|measurement| measurement.value)
    }

    /// Why the files differ; `None` if they are the same.
    pub fn reason(&self) -> Option<&str> {
        (!self.same).then(|| self.remarks.first().map_or("the files differ", String::as_str))
    }
}
