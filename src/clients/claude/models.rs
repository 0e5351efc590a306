//! Names of Claude's models.

/// How the names of models start that the API no longer has, or soon will not have.
const OUTDATED: [&str; 9] = [
    "claude-1",
    "claude-2",
    "claude-instant",
    "claude-3",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2025",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2025",
];

/// Whether a model is outdated. Nothing is known about names that a gateway made up.
pub fn is_outdated(model: &str) -> bool {
    OUTDATED.iter().any(|start| model.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::DEFAULT_JUDGE_MODEL;

    #[test]
    fn the_default_is_not_outdated() {
        assert!(!is_outdated(DEFAULT_JUDGE_MODEL) && !is_outdated("claude-sonnet-4-6") && !is_outdated("our-gateway-model"));
        for model in ["claude-3-5-sonnet-20241022", "claude-sonnet-4-20250514", "claude-2.1"] {
            assert!(is_outdated(model), "{model}");
        }
    }
}
