//! Rules about inputs, which may only widen.

use cog_findings::{Rule, Severity};

pub(crate) const INPUT_REMOVED: Rule = Rule {
    code: "SP101",
    name: "input-removed",
    severity: Severity::Error,
    summary: "An input was removed.",
    why: "Everyone who sends it: Replicate rejects undeclared inputs.",
    example: "`steps: int` was removed from the parameters of `predict()`. Mark it `deprecated=True` first.",
};

pub(crate) const REQUIRED_INPUT_ADDED: Rule = Rule {
    code: "SP102",
    name: "required-input-added",
    severity: Severity::Error,
    summary: "A new input has no default.",
    why: "Everyone: no existing request sends it.",
    example: "`style: str` was added. Give it a default: `style: str = Input(default=\"none\")`.",
};

pub(crate) const INPUT_BECAME_REQUIRED: Rule = Rule {
    code: "SP103",
    name: "input-became-required",
    severity: Severity::Error,
    summary: "An optional input became required.",
    why: "Everyone who leaves it out. Since Cog 0.19 this also happens to an unchanged `Input(default=None)` on a plain type.",
    example: "`seed: int = Input(default=None)` is required since Cog 0.19. Write `seed: Optional[int] = Input(default=None)`.",
};

pub(crate) const INPUT_TYPE_CHANGED: Rule = Rule {
    code: "SP104",
    name: "input-type-changed",
    severity: Severity::Error,
    summary: "An input no longer takes its old type.",
    why: "Everyone who sends the old type. Integer to number is fine, number to integer is not.",
    example: "`scale: float` became `scale: int`: requests with 7.5 are rejected.",
};

pub(crate) const INPUT_FORMAT_CHANGED: Rule = Rule {
    code: "SP105",
    name: "input-format-changed",
    severity: Severity::Error,
    summary: "A text input became a file, or its format changed.",
    why: "Everyone who sends text in another format.",
    example: "`image: str` became `image: Path`: the text is now downloaded as a URL.",
};

pub(crate) const INPUT_CHOICE_REMOVED: Rule = Rule {
    code: "SP106",
    name: "input-choice-removed",
    severity: Severity::Error,
    summary: "A choice is no longer offered.",
    why: "Everyone who sends it.",
    example: "`choices=[\"fast\", \"best\"]` became `choices=[\"fast\"]`.",
};

pub(crate) const INPUT_CHOICES_ADDED: Rule = Rule {
    code: "SP107",
    name: "input-choices-added",
    severity: Severity::Error,
    summary: "An input that took any value now takes only listed ones.",
    why: "Everyone who sends another value.",
    example: "`mode: str` got `choices=[\"fast\", \"best\"]`.",
};

pub(crate) const INPUT_MINIMUM_RAISED: Rule = Rule {
    code: "SP108",
    name: "input-minimum-raised",
    severity: Severity::Error,
    summary: "The minimum of an input was raised.",
    why: "Everyone who sends a value below the new minimum.",
    example: "`Input(ge=1)` became `Input(ge=5)`.",
};

pub(crate) const INPUT_MAXIMUM_LOWERED: Rule = Rule {
    code: "SP109",
    name: "input-maximum-lowered",
    severity: Severity::Error,
    summary: "The maximum of an input was lowered.",
    why: "Everyone who sends a value above the new maximum.",
    example: "`Input(le=100)` became `Input(le=50)`.",
};

pub(crate) const INPUT_LENGTH_TIGHTENED: Rule = Rule {
    code: "SP110",
    name: "input-length-tightened",
    severity: Severity::Error,
    summary: "A text input allows fewer lengths.",
    why: "Everyone whose text is now too short or too long.",
    example: "`Input(max_length=100)` became `Input(max_length=10)`.",
};

pub(crate) const INPUT_PATTERN_TIGHTENED: Rule = Rule {
    code: "SP111",
    name: "input-pattern-tightened",
    severity: Severity::Error,
    summary: "A text input has a new pattern.",
    why: "Everyone whose text does not match the new pattern. safe-push cannot tell whether one pattern includes another.",
    example: "`Input(regex=\"^[a-z0-9]+$\")` became `Input(regex=\"^[a-z]+$\")`.",
};

pub(crate) const INPUT_MULTIPLE_TIGHTENED: Rule = Rule {
    code: "SP112",
    name: "input-multiple-tightened",
    severity: Severity::Error,
    summary: "A number must now be a multiple of a given value.",
    why: "Everyone who sends a number in between.",
    example: "`multipleOf: 8` was added to `width`.",
};

pub(crate) const INPUT_ITEM_COUNT_TIGHTENED: Rule = Rule {
    code: "SP113",
    name: "input-item-count-tightened",
    severity: Severity::Error,
    summary: "A list allows fewer lengths, or no repeated items.",
    why: "Everyone whose list is too short, too long or repeats an item.",
    example: "`maxItems: 2` was added to `images`.",
};

pub(crate) const INPUT_NULL_REFUSED: Rule = Rule {
    code: "SP114",
    name: "input-null-refused",
    severity: Severity::Error,
    summary: "An input no longer takes null.",
    why: "Everyone who sends null, as clients with typed optional fields do.",
    example: "`seed: Optional[int]` became `seed: int`.",
};

pub(crate) const INPUT_LIST_CHANGED: Rule = Rule {
    code: "SP115",
    name: "input-list-changed",
    severity: Severity::Error,
    summary: "A list became a single value, or a single value a list.",
    why: "Everyone: the old form is rejected.",
    example: "`images: List[Path]` became `images: Path`.",
};

pub(crate) const INPUT_MEMBER_REMOVED: Rule = Rule {
    code: "SP116",
    name: "input-member-removed",
    severity: Severity::Error,
    summary: "A member of an object input was removed.",
    why: "Everyone who sends it: it is rejected or has no effect.",
    example: "`options` had `{width, height}` and now has `{width}`.",
};

pub(crate) const INPUT_MEMBER_REQUIRED: Rule = Rule {
    code: "SP117",
    name: "input-member-required",
    severity: Severity::Error,
    summary: "A member of an object input became required.",
    why: "Everyone who leaves it out.",
    example: "`options.height` lost its default.",
};

pub(crate) const INPUT_VARIANT_REMOVED: Rule = Rule {
    code: "SP118",
    name: "input-variant-removed",
    severity: Severity::Error,
    summary: "An input takes fewer types than before.",
    why: "Everyone who sends that type.",
    example: "`value: Union[str, int]` became `value: str`.",
};

pub(crate) const INPUT_ACCEPT_NARROWED: Rule = Rule {
    code: "SP119",
    name: "input-accept-narrowed",
    severity: Severity::Error,
    summary: "A file input takes fewer kinds of files.",
    why: "Everyone who sends a kind that is no longer accepted.",
    example: "`Input(accept=\"image/*\")` became `Input(accept=\"image/png\")`.",
};

pub(crate) const INPUT_DEFAULT_CHANGED: Rule = Rule {
    code: "SP120",
    name: "input-default-changed",
    severity: Severity::Warning,
    summary: "The default of an input changed.",
    why: "No request fails, but callers who leave the input out get other results.",
    example: "`Input(default=20)` became `Input(default=50)`.",
};

pub(crate) const INPUT_DEFAULT_REMOVED: Rule = Rule {
    code: "SP121",
    name: "input-default-removed",
    severity: Severity::Warning,
    summary: "An optional input lost its default.",
    why: "No request fails, but callers who leave the input out get other results.",
    example: "`Optional[int] = Input(default=3)` became `Optional[int] = Input(default=None)`.",
};

pub(crate) const INPUT_FORMAT_REMOVED: Rule = Rule {
    code: "SP122",
    name: "input-format-removed",
    severity: Severity::Error,
    summary: "A file input became text.",
    why: "Everyone who sends a file: the model receives its URL instead of its content.",
    example: "`image: Path` became `image: str`.",
};

pub(crate) const DEPRECATED_INPUT_REMOVED: Rule = Rule {
    code: "SP123",
    name: "deprecated-input-removed",
    severity: Severity::Warning,
    summary: "A deprecated input was removed.",
    why: "Everyone who still sends it: Replicate rejects undeclared inputs. The removal was announced, so this is only a warning.",
    example: "`steps: int = Input(deprecated=True)` was removed.",
};

pub(crate) const INPUT_SECRECY_CHANGED: Rule = Rule {
    code: "SP124",
    name: "input-secrecy-changed",
    severity: Severity::Warning,
    summary: "A secret input became plain text, or plain text a secret.",
    why: "No request fails, but a secret that became plain text is shown on the prediction's page.",
    example: "`token: Secret` became `token: str`.",
};

pub(crate) const INPUT_DEPRECATED: Rule = Rule {
    code: "SP125",
    name: "input-deprecated",
    severity: Severity::Note,
    summary: "An input is now deprecated.",
    why: "Nobody: it announces that a later version may remove the input.",
    example: "`steps: int` became `steps: int = Input(deprecated=True)`.",
};

pub(crate) const INPUT_DESCRIPTION_CHANGED: Rule = Rule {
    code: "SP126",
    name: "input-description-changed",
    severity: Severity::Note,
    summary: "The description of an input changed.",
    why: "Nobody: only the text on the model's page changes.",
    example: "`Input(description=\"Steps\")` became `Input(description=\"Denoising steps\")`.",
};

pub(crate) const INPUT_ORDER_CHANGED: Rule = Rule {
    code: "SP127",
    name: "input-order-changed",
    severity: Severity::Note,
    summary: "The inputs changed their order.",
    why: "Nobody: the form on the model's page looks different.",
    example: "`predict(prompt, steps)` became `predict(steps, prompt)`.",
};

pub(crate) const INPUT_ADDED: Rule = Rule {
    code: "SP128",
    name: "input-added",
    severity: Severity::Note,
    summary: "An optional input was added.",
    why: "Nobody: requests without it work as before.",
    example: "`tile: bool = Input(default=False)` was added.",
};

pub(crate) const INPUT_MEMBERS_CLOSED: Rule = Rule {
    code: "SP129",
    name: "input-members-closed",
    severity: Severity::Error,
    summary: "An object that took any members now takes only declared ones.",
    why: "Everyone who sends another member: it is rejected or has no effect.",
    example: "`options: dict` became an object with `{width, height}`.",
};
