//! Lint rules: problems of one version, without comparing it with another.

use cog_findings::{Rule, Severity};

pub(crate) const DESCRIPTION_MISSING: Rule = Rule {
    code: "SP301",
    name: "description-missing",
    severity: Severity::Error,
    summary: "An input has no description.",
    why: "People who fill in the form on the model's page.",
    example: "`steps: int` should be `steps: int = Input(description=\"Denoising steps\")`.",
};

pub(crate) const DEFAULT_OUT_OF_RANGE: Rule = Rule {
    code: "SP302",
    name: "default-out-of-range",
    severity: Severity::Warning,
    summary: "A default is outside the range of its input.",
    why: "Everyone who leaves the input out; since Cog 0.19 the build fails.",
    example: "`Input(default=0, ge=1)`.",
};

pub(crate) const DEFAULT_NOT_A_URL: Rule = Rule {
    code: "SP315",
    name: "default-not-a-url",
    severity: Severity::Error,
    summary: "The default of a file is not a URL.",
    why: "Files are sent as URLs. Replicate and clients that fill in defaults send this one as it is, and the prediction is refused.",
    example: "`image: Path = Input(default=\"image.png\")` should be Optional, with the file chosen in the method.",
};

pub(crate) const DEFAULT_NOT_A_CHOICE: Rule = Rule {
    code: "SP303",
    name: "default-not-a-choice",
    severity: Severity::Warning,
    summary: "A default is not one of the choices of its input.",
    why: "Everyone who leaves the input out; since Cog 0.19 the build fails.",
    example: "`Input(default=\"slow\", choices=[\"fast\", \"best\"])`.",
};

pub(crate) const DEFAULT_LENGTH: Rule = Rule {
    code: "SP304",
    name: "default-length",
    severity: Severity::Warning,
    summary: "A default is shorter or longer than its input allows.",
    why: "Everyone who leaves the input out; since Cog 0.19 the build fails.",
    example: "`Input(default=\"\", min_length=1)`.",
};

pub(crate) const DEFAULT_PATTERN: Rule = Rule {
    code: "SP305",
    name: "default-pattern",
    severity: Severity::Warning,
    summary: "A default does not match the pattern of its input.",
    why: "Everyone who leaves the input out; since Cog 0.19 the build fails.",
    example: "`Input(default=\"A\", regex=\"^[a-z]+$\")`.",
};

pub(crate) const DEFAULT_TYPE: Rule = Rule {
    code: "SP306",
    name: "default-type",
    severity: Severity::Warning,
    summary: "A default does not have the type of its input.",
    why: "Everyone who leaves the input out; since Cog 0.19 the build fails.",
    example: "`steps: int = Input(default=\"20\")`.",
};

pub(crate) const CHOICES_MIXED: Rule = Rule {
    code: "SP307",
    name: "choices-mixed",
    severity: Severity::Warning,
    summary: "Choices have several types.",
    why: "People whose client sends every choice as text.",
    example: "`choices=[1, \"2\"]`.",
};

pub(crate) const CHOICES_REPEATED: Rule = Rule {
    code: "SP308",
    name: "choices-repeated",
    severity: Severity::Warning,
    summary: "A choice is listed twice.",
    why: "People who see it twice in the form.",
    example: "`choices=[\"fast\", \"fast\"]`.",
};

pub(crate) const NAMES_COLLIDE: Rule = Rule {
    code: "SP309",
    name: "names-collide",
    severity: Severity::Warning,
    summary: "Two inputs differ only in upper and lower case.",
    why: "People who mix them up, and languages whose generated clients cannot tell them apart.",
    example: "`seed` and `Seed`.",
};

pub(crate) const NAME_TAKEN: Rule = Rule {
    code: "SP310",
    name: "name-taken",
    severity: Severity::Warning,
    summary: "An input with choices has the name of a component of the document.",
    why: "Everyone: the choices and the other component overwrite each other.",
    example: "`Output: str = Input(choices=[...])`.",
};

pub(crate) const OUTPUT_UNTITLED: Rule = Rule {
    code: "SP311",
    name: "output-untitled",
    severity: Severity::Warning,
    summary: "The output has no title.",
    why: "Tools that generate a type name from it.",
    example: "`components.schemas.Output` without `title`; Cog always writes one.",
};

pub(crate) const SECRET_WITH_DEFAULT: Rule = Rule {
    code: "SP312",
    name: "secret-with-default",
    severity: Severity::Warning,
    summary: "A secret has a default.",
    why: "Its owner: the schema, and with it the default, is public for a public model.",
    example: "`token: Secret = Input(default=\"abc\")`.",
};

pub(crate) const RANGE_EMPTY: Rule = Rule {
    code: "SP313",
    name: "range-empty",
    severity: Severity::Warning,
    summary: "The lower end of a range is above its upper end.",
    why: "Everyone: no value fits.",
    example: "`Input(ge=10, le=1)`.",
};

pub(crate) const PATTERN_INVALID: Rule = Rule {
    code: "SP314",
    name: "pattern-invalid",
    severity: Severity::Warning,
    summary: "A pattern is not a portable regular expression: look-around and back-references are not supported.",
    why: "Everyone with a client in another language; the build probably fails since Cog 0.19.",
    example: "`Input(regex=\"(?=a)\")`.",
};
