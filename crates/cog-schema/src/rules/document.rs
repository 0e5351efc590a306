//! Rules about whole documents: methods, reading, and the limits of the comparison.

use cog_findings::{Rule, Severity};

pub(crate) const METHOD_REMOVED: Rule = Rule {
    code: "SP146",
    name: "method-removed",
    severity: Severity::Error,
    summary: "The model can no longer predict, or no longer train.",
    why: "Everyone who uses that method.",
    example: "`train:` was removed from `cog.yaml`.",
};

pub(crate) const OUTPUT_UNDESCRIBED: Rule = Rule {
    code: "SP147",
    name: "output-undescribed",
    severity: Severity::Error,
    summary: "The output is no longer described.",
    why: "Everyone who generates code from the schema, and Replicate's clients, which look for iterators in it.",
    example: "`components.schemas.Output` is missing.",
};

pub(crate) const COMPARISON_INCOMPLETE: Rule = Rule {
    code: "SP148",
    name: "comparison-incomplete",
    severity: Severity::Warning,
    summary: "The schemas are too large to be compared in full.",
    why: "Possibly some callers: differences beyond the limit were not checked.",
    example: "Unions of a hundred objects with a hundred members each, in both versions.",
};

pub(crate) const NOTHING_TO_COMPARE: Rule = Rule {
    code: "SP149",
    name: "nothing-to-compare",
    severity: Severity::Warning,
    summary: "The live version has no schema to compare with.",
    why: "Possibly some callers: the new version may reject what the live one accepts.",
    example: "The live version was pushed by a Cog that did not write a schema.",
};

pub(crate) const SCHEMA_UNREADABLE: Rule = Rule {
    code: "SP150",
    name: "schema-unreadable",
    severity: Severity::Error,
    summary: "The document describes no inputs.",
    why: "Everyone: Replicate cannot check requests, show a form or generate clients.",
    example: "`components.schemas.Input` is missing.",
};

pub(crate) const REFERENCE_CYCLE: Rule = Rule {
    code: "SP151",
    name: "reference-cycle",
    severity: Severity::Warning,
    summary: "A schema refers to itself.",
    why: "Nobody yet, but the parts below it are neither compared nor checked.",
    example: "`Node` has `children: List[Node]`.",
};

pub(crate) const REFERENCE_MISSING: Rule = Rule {
    code: "SP152",
    name: "reference-missing",
    severity: Severity::Error,
    summary: "A reference has no target.",
    why: "Everyone who sends or reads the value: it cannot be validated, and generated clients fail.",
    example: "`$ref: \"#/components/schemas/mode\"` without a component `mode`.",
};

pub(crate) const SCHEMA_TOO_LARGE: Rule = Rule {
    code: "SP153",
    name: "schema-too-large",
    severity: Severity::Error,
    summary: "The schema is too deep or too large to be read.",
    why: "Everyone: the unread part was neither compared nor checked.",
    example: "References that double at each of thirty levels.",
};

pub(crate) const TYPE_UNKNOWN: Rule = Rule {
    code: "SP154",
    name: "type-unknown",
    severity: Severity::Warning,
    summary: "A type is not a JSON type.",
    why: "Nobody yet, but the value is neither compared nor checked.",
    example: "`type: \"text\"` instead of `type: \"string\"`.",
};

pub(crate) const SCHEMA_MALFORMED: Rule = Rule {
    code: "SP155",
    name: "schema-malformed",
    severity: Severity::Warning,
    summary: "A part of the document is not a schema.",
    why: "Nobody yet, but the value is neither compared nor checked.",
    example: "`items: 5` instead of `items: {type: integer}`.",
};
