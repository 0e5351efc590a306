//! Questions about requirements to which the Cog CLI and pip have different answers.

use cog_findings::Location;

use super::Requirements;
use crate::decision::Decision;

/// A line as pip receives it, with the options that move to the top of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rewritten {
    pub(crate) text: String,
    pub(crate) find_links: Vec<String>,
    pub(crate) indexes: Vec<String>,
    pub(crate) decisions: Vec<Decision>,
}

/// How lines of requirements are read and rewritten.
pub(crate) trait RequirementConventions {
    /// Whether `#` starts a comment behind this character.
    fn starts_comment(&self, before: char) -> bool;

    /// The version that a line requests of a package: empty without one, `None` if the line is about another package.
    fn version_of(&self, line: &str, package: &str) -> Option<String>;

    /// Options whose values must not be local files.
    fn local_options(&self) -> &'static [&'static str];

    /// A package name in the form that names are compared in.
    fn comparable_name(&self, name: &str) -> String;

    /// Rewrites a line for a CUDA version or the CPU.
    fn rewrite(&self, line: &str, cuda: Option<&str>) -> Rewritten;

    /// Adds lines at the end of the file.
    fn complete(&self, requirements: &Requirements, lines: &mut Vec<(String, Option<Location>)>);
}
