//! Where a schema's members were written, so that findings about them can point there.

use std::collections::BTreeMap;

use crate::domain::finding::Location;

/// Places of a predictor's (or trainer's) parts in its Python source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    /// Each parameter's own place.
    pub inputs: BTreeMap<String, Location>,
    /// The return annotation.
    pub output: Option<Location>,
    /// The method's or function's name, for what is no longer there.
    pub target: Option<Location>,
}

impl SourceMap {
    /// The place of an input; for one that is gone, of the method that used to take it.
    pub fn input(&self, name: &str) -> Option<&Location> {
        self.inputs.get(name).or(self.target.as_ref())
    }

    /// The place of the output's annotation, else of the method.
    pub fn output(&self) -> Option<&Location> {
        self.output.as_ref().or(self.target.as_ref())
    }
}
