//! Rules: the meaning behind the code of a finding.
//!
//! Each module that reports findings lists its rules once; the documentation is generated from these lists.

use crate::severity::Severity;

/// The meaning of a code, with everything its documentation section says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The stable code, as in `SP101`. Never reused for another meaning.
    pub code: &'static str,
    /// A short name in kebab case, as in `input-removed`.
    pub name: &'static str,
    /// The severity of findings that do not override it.
    pub severity: Severity,
    /// The problem in one sentence.
    pub summary: &'static str,
    /// Who is affected, and why.
    pub why: &'static str,
    /// A short example in Markdown.
    pub example: &'static str,
}

/// Declares the rules of a module as constants, and lists them as `RULES`.
///
/// ```
/// use cog_findings::{Severity, rules};
///
/// rules! {
///     CONFIG_MISSING = "SP001", "config-missing", Severity::Error,
///         "There is no configuration.",
///         "Nothing can be checked without one.",
///         "An empty repository.";
/// }
///
/// assert_eq!(RULES.len(), 1);
/// assert_eq!(CONFIG_MISSING.code, "SP001");
/// ```
#[macro_export]
macro_rules! rules {
    ($($name:ident = $code:literal, $short:literal, $severity:expr, $summary:literal, $why:literal, $example:literal;)*) => {
        $(pub(crate) const $name: $crate::Rule = $crate::Rule {
            code: $code,
            name: $short,
            severity: $severity,
            summary: $summary,
            why: $why,
            example: $example,
        };)*

        /// Every rule of this module, sorted by code.
        pub const RULES: &[$crate::Rule] = &[$($name),*];
    };
}
