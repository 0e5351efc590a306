//! Rules about outputs, which may only narrow.

use cog_findings::{Rule, Severity};

pub(crate) const OUTPUT_TYPE_CHANGED: Rule = Rule {
    code: "SP130",
    name: "output-type-changed",
    severity: Severity::Error,
    summary: "The output has a type that it did not have before.",
    why: "Everyone who reads the output. Number to integer is fine, integer to number is not.",
    example: "`-> str` became `-> int`.",
};

pub(crate) const OUTPUT_FORMAT_CHANGED: Rule = Rule {
    code: "SP131",
    name: "output-format-changed",
    severity: Severity::Error,
    summary: "The output changed between text and file, or its format changed.",
    why: "Everyone who reads the output: a URL is not the text, and text cannot be downloaded.",
    example: "`-> str` became `-> Path`.",
};

pub(crate) const OUTPUT_MEMBER_REMOVED: Rule = Rule {
    code: "SP132",
    name: "output-member-removed",
    severity: Severity::Error,
    summary: "A member of an output object was removed.",
    why: "Everyone who reads it.",
    example: "The output model had `{text, score}` and now has `{text}`.",
};

pub(crate) const OUTPUT_MEMBER_OPTIONAL: Rule = Rule {
    code: "SP133",
    name: "output-member-optional",
    severity: Severity::Error,
    summary: "A member of an output object may now be missing.",
    why: "Everyone who relies on it.",
    example: "`score: float` became `score: Optional[float] = None`.",
};

pub(crate) const OUTPUT_NULL_ADDED: Rule = Rule {
    code: "SP134",
    name: "output-null-added",
    severity: Severity::Error,
    summary: "The output, or a part of it, may now be null.",
    why: "Everyone who uses it without checking for null.",
    example: "`-> str` became `-> Optional[str]`.",
};

pub(crate) const OUTPUT_CHOICE_ADDED: Rule = Rule {
    code: "SP135",
    name: "output-choice-added",
    severity: Severity::Error,
    summary: "The output may now have another value.",
    why: "Everyone who handles exactly the listed values.",
    example: "The output was one of `yes, no` and may now be `maybe`.",
};

pub(crate) const OUTPUT_CHOICES_LIFTED: Rule = Rule {
    code: "SP136",
    name: "output-choices-lifted",
    severity: Severity::Error,
    summary: "The output is no longer limited to listed values.",
    why: "Everyone who handles exactly the listed values.",
    example: "The output was one of `yes, no` and is now any text.",
};

pub(crate) const OUTPUT_STREAM_CHANGED: Rule = Rule {
    code: "SP137",
    name: "output-stream-changed",
    severity: Severity::Error,
    summary: "The output became an iterator, or stopped being one.",
    why: "Everyone: Replicate's clients return an iterator for one and a list for the other.",
    example: "`-> List[Path]` became `-> Iterator[Path]`.",
};

pub(crate) const OUTPUT_DISPLAY_CHANGED: Rule = Rule {
    code: "SP138",
    name: "output-display-changed",
    severity: Severity::Error,
    summary: "The pieces of the output are now joined, or no longer joined.",
    why: "Everyone who displays the output: one text became several, or several became one.",
    example: "`-> ConcatenateIterator[str]` became `-> Iterator[str]`.",
};

pub(crate) const OUTPUT_VARIANT_ADDED: Rule = Rule {
    code: "SP139",
    name: "output-variant-added",
    severity: Severity::Error,
    summary: "The output may have more types than before.",
    why: "Everyone who handles only the old types.",
    example: "`-> str` became `-> Union[str, Path]`.",
};

pub(crate) const OUTPUT_LIMITS_LOOSENED: Rule = Rule {
    code: "SP140",
    name: "output-limits-loosened",
    severity: Severity::Error,
    summary: "A limit of the output was loosened.",
    why: "Everyone who relies on the range, length, pattern or number of items.",
    example: "`maximum: 1` was removed from `score`.",
};

pub(crate) const OUTPUT_TYPE_FIXED: Rule = Rule {
    code: "SP141",
    name: "output-type-fixed",
    severity: Severity::Warning,
    summary: "The output could be anything and now has a type.",
    why: "Perhaps those who relied on what the model returned before, if that had another type.",
    example: "`-> Any` became `-> str`.",
};

pub(crate) const OUTPUT_MEMBER_ADDED: Rule = Rule {
    code: "SP142",
    name: "output-member-added",
    severity: Severity::Note,
    summary: "An output object has a new member.",
    why: "Only callers that reject unknown fields.",
    example: "The output model had `{text}` and now has `{text, score}`.",
};

pub(crate) const STREAMING_REMOVED: Rule = Rule {
    code: "SP144",
    name: "streaming-removed",
    severity: Severity::Error,
    summary: "The output can no longer be streamed.",
    why: "Everyone who asks for server-sent events, which the model then refuses.",
    example: "`@cog.streaming` was removed.",
};

pub(crate) const OUTPUT_LIST_CHANGED: Rule = Rule {
    code: "SP143",
    name: "output-list-changed",
    severity: Severity::Error,
    summary: "The output changed between a list and a single value.",
    why: "Everyone who reads the output.",
    example: "`-> Path` became `-> List[Path]`.",
};
