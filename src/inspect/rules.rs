//! The rules of the inspection: SP401 to SP449.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

pub(crate) const LINT: Rule = Rule {
    code: "SP401",
    name: "ruff",
    severity: Error,
    summary: "Ruff reports a problem in the source of the predictor or the trainer.",
    why: "Unused imports, undefined names and syntax errors show up as failed predictions, after a build. Ruff uses the repository's settings, or the rules E4, E7, E9 and F when there are none. E402 is always allowed, because models often set variables before they import.",
    example: "```python\nimport os   # F401: imported but unused\n```",
};

pub(crate) const LINT_FAILED: Rule = Rule {
    code: "SP402",
    name: "ruff-failed",
    severity: Warning,
    summary: "Ruff could not check the source.",
    why: "The source was not linted. Often the settings are for another version of Ruff.",
    example: "```toml\n[tool.ruff]\nselekt = [\"E\"]   # unknown field\n```",
};

pub(crate) const LINT_MISSING: Rule = Rule {
    code: "SP403",
    name: "ruff-missing",
    severity: Note,
    summary: "Ruff is not installed, so the source was not linted.",
    why: "An unused import or an undefined name shows up only as a failed prediction, after a build. In CI, and with --require-lint, this is an error.",
    example: "```sh\npip install ruff          # or, without lint:\nsafe-push check --no-lint\n```",
};

pub(crate) const UNKNOWN_HARDWARE: Rule = Rule {
    code: "SP411",
    name: "unknown-hardware",
    severity: Error,
    summary: "The account cannot use this hardware.",
    why: "The test model or the deployment cannot be created on it. Without this check, that would show up only after the build.",
    example: "```yaml\ntest_hardware: gpu-l40   # the name is gpu-l40s\n```",
};

pub(crate) const LIVE_NOT_COMPARED: Rule = Rule {
    code: "SP412",
    name: "live-not-compared",
    severity: Note,
    summary: "The model was not compared with a live version.",
    why: "Whether a change breaks users is only known from the version that they use. `--require-live` makes this an error.",
    example: "```sh\nsafe-push check acme/hotdgo   # acme/hotdog\n```",
};

pub(crate) const HARDWARE_WITHOUT_KERNELS: Rule = Rule {
    code: "SP413",
    name: "hardware-without-kernels",
    severity: Warning,
    summary: "PyTorch has no kernels for the named hardware.",
    why: "Wheels of PyTorch have kernels for the GPUs that their CUDA knows. On newer ones every operation fails, after a build and a boot.",
    example: "```yaml\ntest_hardware: gpu-h100   # with torch==1.13.1, which was built for CUDA 11.7\n```",
};

pub(crate) const SDK_DRIFT: Rule = Rule {
    code: "SP414",
    name: "sdk-drift",
    severity: Note,
    summary: "The new version gets another Cog SDK than the live one.",
    why: "An SDK decides how inputs are checked, how errors read and what the schema says. Without a pin, a rebuild of the same source gets the newest. From before 0.19 to 0.19 or later, callers notice: the details list how.",
    example: "```yaml\nbuild:\n  sdk_version: \"0.16.12\"   # that of the live version\n```",
};

pub(crate) const BUILD_UNSUPPORTED: Rule = Rule {
    code: "SP421",
    name: "build-unsupported",
    severity: Error,
    summary: "safe-push cannot build this project itself.",
    why: "A run would end before the build. The Cog CLI can build it.",
    example: "```yaml\nmodel: registry.example.com/acme/hotdog   # in cog.yaml: managed weights\n```",
};

pub(crate) const PROJECT_NOT_INSTALLED: Rule = Rule {
    code: "SP422",
    name: "project-not-installed",
    severity: Warning,
    summary: "`-e .` in the requirements is left out.",
    why: "The project's files are copied into the image after packages are installed, so there is nothing to install yet. Cog leaves the line out too.",
    example: "```text\n-e .   # requirements.txt\n```",
};

pub(crate) const REQUIREMENT_FILE_MISSING: Rule = Rule {
    code: "SP423",
    name: "requirement-file-missing",
    severity: Error,
    summary: "The requirements name a wheel or archive that the project does not have.",
    why: "The build would fail when it installs the packages.",
    example: "```text\n./wheels/mine-1.0-py3-none-any.whl   # requirements.txt\n```",
};

pub(crate) const GIT_MISSING: Rule = Rule {
    code: "SP424",
    name: "git-missing",
    severity: Warning,
    summary: "A requirement is fetched with git, which the base image may not have.",
    why: "`python:*-slim` has no git, so the build would fail when it installs the packages. `cog-base` images have it.",
    example: "```yaml\nbuild:\n  system_packages: [git]\n```",
};

/// Every rule of the inspection, sorted by code.
pub(crate) const RULES: &[Rule] = &[
    LINT,
    LINT_FAILED,
    LINT_MISSING,
    UNKNOWN_HARDWARE,
    LIVE_NOT_COMPARED,
    HARDWARE_WITHOUT_KERNELS,
    SDK_DRIFT,
    BUILD_UNSUPPORTED,
    PROJECT_NOT_INSTALLED,
    REQUIREMENT_FILE_MISSING,
    GIT_MISSING,
];

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn codes_are_sorted_and_within_the_range_of_the_room() {
        let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        assert!(codes.is_sorted() && codes.iter().all(|code| ("SP401".."SP450").contains(code)), "{codes:?}");
    }

    #[test]
    fn every_rule_explains_itself() {
        for rule in RULES {
            assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.name);
            assert!(rule.summary.ends_with('.') && rule.why.ends_with('.') && !rule.example.is_empty(), "{}", rule.code);
        }
    }
}
