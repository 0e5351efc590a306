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
