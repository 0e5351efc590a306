//! Locates the inputs and output of a model in its source, so that findings can point there.

use std::collections::BTreeMap;

use crate::location::Location;

/// Locations of the parts of a predictor or trainer in its Python source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    /// The location of each parameter.
    pub inputs: BTreeMap<String, Location>,
    /// The return annotation.
    pub output: Option<Location>,
    /// The name of the method or function, for inputs that were removed.
    pub target: Option<Location>,
}

impl SourceMap {
    /// The location of an input, or of the method when the input was removed.
    pub fn input(&self, name: &str) -> Option<&Location> {
        self.inputs.get(name).or(self.target.as_ref())
    }

    /// The location of the return annotation, or of the method when there is none.
    pub fn output(&self) -> Option<&Location> {
        self.output.as_ref().or(self.target.as_ref())
    }
}
