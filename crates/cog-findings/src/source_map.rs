//! Where the members of a schema are written, so that findings about them can point there.

use std::collections::BTreeMap;

use crate::location::Location;

/// Locations of the parts of a predictor or trainer in its Python source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    /// The location of each parameter.
    pub inputs: BTreeMap<String, Location>,
    /// The return annotation.
    pub output: Option<Location>,
    /// The name of the method or function, for members that no longer exist.
    pub target: Option<Location>,
}

impl SourceMap {
    /// The location of an input; for a removed one, of the method that used to take it.
    pub fn input(&self, name: &str) -> Option<&Location> {
        self.inputs.get(name).or(self.target.as_ref())
    }

    /// The location of the return annotation, else of the method.
    pub fn output(&self) -> Option<&Location> {
        self.output.as_ref().or(self.target.as_ref())
    }
}
