//! The rules of this room: SP901 to SP999. Results that are not findings get them in formats that only know findings.

use cog_findings::Rule;
use cog_findings::Severity::Error;

pub(crate) const CASE_FAILED: Rule = Rule {
    code: "SP901",
    name: "case-failed",
    severity: Error,
    summary: "A test case, a comparison or a training did not end as expected.",
    why: "The version is not published. The result cannot be ignored: change the case, or the model.",
    example: "```yaml\ntest_cases:\n  - exact_string: hello   # the model returns howdy\n    inputs: {text: hello}\n```",
};

pub(crate) const FUZZ_FAILED: Rule = Rule {
    code: "SP902",
    name: "fuzz-failed",
    severity: Error,
    summary: "The model failed with inputs that its schema allows.",
    why: "Users who send such inputs. Handle them in `predict()`, or describe them in the schema with limits or choices.",
    example: "`predict()` splits a text and takes the first word, which an empty text does not have.",
};

pub(crate) const CASE_ERRORED: Rule = Rule {
    code: "SP903",
    name: "case-errored",
    severity: Error,
    summary: "A service kept a case from finishing.",
    why: "Nothing is known about what the case checks. It says nothing about the model.",
    example: "Replicate answers every request with status 503.",
};

pub(crate) const RUN_ENDED: Rule = Rule {
    code: "SP904",
    name: "run-ended",
    severity: Error,
    summary: "An error ended the run before it had a result.",
    why: "What was not checked may be broken. The message says whether a service or the request was at fault.",
    example: "A push that the registry refuses, or a token that is missing.",
};

/// All rules of this room.
pub const RULES: &[Rule] = &[CASE_FAILED, FUZZ_FAILED, CASE_ERRORED, RUN_ENDED];
