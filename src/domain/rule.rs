//! Rules: what a finding's code stands for.
//!
//! Each room that makes findings lists its rules in a `rules.rs` of its own; `docs/rules.md` is generated from all of them.

use crate::domain::finding::Severity;

/// What a code means. `docs/rules.md` has a section for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The stable code, as in `SP101`. Never reused for another meaning.
    pub code: &'static str,
    /// A short name in kebab case, as in `input-removed`.
    pub name: &'static str,
    /// How grave a finding of this rule is unless it says otherwise.
    pub severity: Severity,
    /// One sentence: what is wrong.
    pub summary: &'static str,
    /// Who breaks, and why.
    pub why: &'static str,
    /// A short example, as Markdown.
    pub example: &'static str,
}

/// Names the rules of a room as constants, and lists them as `RULES`.
macro_rules! rules {
    ($($name:ident = $code:literal, $short:literal, $severity:expr, $summary:literal, $why:literal, $example:literal;)*) => {
        $(pub(super) const $name: $crate::domain::rule::Rule = $crate::domain::rule::Rule {
            code: $code,
            name: $short,
            severity: $severity,
            summary: $summary,
            why: $why,
            example: $example,
        };)*

        /// Every rule of the room, by code.
        pub const RULES: &[$crate::domain::rule::Rule] = &[$($name),*];
    };
}
pub(crate) use rules;
