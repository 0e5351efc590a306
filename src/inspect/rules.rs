//! Rules of this room: SP401 to SP449.

use crate::domain::finding::Severity::{Error, Warning};
use crate::domain::rule::Rule;

pub(crate) const LINT: Rule = Rule {
    code: "SP401",
    name: "ruff",
    severity: Error,
    summary: "Ruff complains about the predictor's or the trainer's source.",
    why: "Unused imports, undefined names and syntax errors show up as failed predictions, after a build. The repository's own settings are used; without any, the rules E4, E7, E9 and F. E402 is always allowed, since models often set variables before they import.",
    example: "```python\nimport os   # F401: imported but unused\n```",
};

pub(crate) const LINT_FAILED: Rule = Rule {
    code: "SP402",
    name: "ruff-failed",
    severity: Warning,
    summary: "Ruff could not do its work.",
    why: "Nothing is known about the style of the source. Often its settings are of another version.",
    example: "```toml\n[tool.ruff]\nselekt = [\"E\"]   # unknown field\n```",
};

pub(crate) const UNKNOWN_HARDWARE: Rule = Rule {
    code: "SP411",
    name: "unknown-hardware",
    severity: Error,
    summary: "A hardware name is not one that the account may use.",
    why: "The test model or the deployment cannot be created on it, which would otherwise show after the build.",
    example: "```yaml\ntest_hardware: gpu-l40   # the name is gpu-l40s\n```",
};

/// Every rule of the room, by code.
pub const RULES: &[Rule] = &[LINT, LINT_FAILED, UNKNOWN_HARDWARE];
