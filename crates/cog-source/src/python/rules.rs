//! The rules for predictors and trainers: SP201 to SP229 where a signature cannot be read, SP230 to SP249 where it is legal but misleading.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

/// The file is not valid Python.
pub const UNPARSABLE: Rule = Rule {
    code: "SP201",
    name: "python-unparsable",
    severity: Error,
    summary: "The Python file is not valid Python.",
    why: "The signature cannot be read, and the model would not start either.",
    example: "```python\ndef predict(self, prompt: str -> str:   # unclosed bracket\n```",
};

pub(super) const UNREADABLE: Rule = Rule {
    code: "SP202",
    name: "python-unreadable",
    severity: Error,
    summary: "A required Python file is missing, outside the project, too large, nested too deeply, or not UTF-8.",
    why: "The signature is defined in that file.",
    example: "```yaml\npredict: predcit.py:Predictor   # the file is called predict.py\n```",
};

pub(super) const REFERENCE_INVALID: Rule = Rule {
    code: "SP203",
    name: "target-reference-invalid",
    severity: Error,
    summary: "`predict`, `run` or `train` in `cog.yaml` is not of the form `file.py:Name`.",
    why: "Cog cannot tell which class or function to run.",
    example: "```yaml\npredict: predict.Predictor   # write predict.py:Predictor\n```",
};

pub(super) const TARGET_NOT_FOUND: Rule = Rule {
    code: "SP204",
    name: "target-not-found",
    severity: Error,
    summary: "The file has no class or function of that name at its top level.",
    why: "Cog looks for a class or function defined in the file itself. It does not find one that is imported, aliased or defined inside an `if`.",
    example: "```python\nif True:\n    class Predictor: ...   # not at the top level\n```",
};

pub(super) const METHOD_NOT_FOUND: Rule = Rule {
    code: "SP205",
    name: "method-not-found",
    severity: Error,
    summary: "The class has no method that Cog can run.",
    why: "A predictor needs `run` or `predict`, defined in the class or in a base class of the project. A trainer class has to define `train` itself.",
    example: "```python\nclass Predictor:\n    def setup(self): ...\n```",
};

pub(super) const RETURN_MISSING: Rule = Rule {
    code: "SP206",
    name: "return-annotation-missing",
    severity: Error,
    summary: "The method has no return annotation.",
    why: "The type of the output is part of the schema, and Cog refuses to build without it.",
    example: "```python\ndef predict(self, prompt: str):   # add -> str\n```",
};

pub(super) const ANNOTATION_MISSING: Rule = Rule {
    code: "SP207",
    name: "parameter-annotation-missing",
    severity: Error,
    summary: "A parameter with a default has no type annotation.",
    why: "The type of the input is part of the schema.",
    example: "```python\ndef predict(self, steps=20) -> str:   # write steps: int = 20\n```",
};

pub(super) const INPUT_UNSUPPORTED: Rule = Rule {
    code: "SP208",
    name: "input-type-unsupported",
    severity: Error,
    summary: "The type of a parameter cannot be an input.",
    why: "Inputs are sent as JSON. Cog accepts `str`, `int`, `float`, `bool`, `Path`, `File`, `Secret`, `Any`, `dict`, lists of these, `Optional`, and unions of JSON types.",
    example: "```python\ndef predict(self, size: tuple[int, int]) -> str:   # write list[int]\n```",
};

pub(super) const OUTPUT_UNSUPPORTED: Rule = Rule {
    code: "SP209",
    name: "output-type-unsupported",
    severity: Error,
    summary: "Cog cannot describe the return type.",
    why: "Outputs are sent as JSON. Cog accepts scalars, files, lists, dictionaries, iterators, and classes that derive from `BaseModel` or `TypedDict`.",
    example: "```python\ndef predict(self) -> tuple[Path, float]:   # write a BaseModel\n```",
};

pub(super) const OUTPUT_OPTIONAL: Rule = Rule {
    code: "SP210",
    name: "output-optional",
    severity: Error,
    summary: "The return type may be `None`.",
    why: "Cog 0.17 and later reject optional outputs. A member of a `BaseModel` may be optional.",
    example: "```python\ndef predict(self) -> Optional[Path]: ...\n```",
};

pub(super) const CONCATENATE_NOT_TEXT: Rule = Rule {
    code: "SP211",
    name: "concatenate-iterator-not-text",
    severity: Error,
    summary: "`ConcatenateIterator` is used with a type other than `str`.",
    why: "Its items are joined into one text.",
    example: "```python\ndef predict(self) -> ConcatenateIterator[int]:   # write Iterator[int]\n```",
};

pub(super) const TYPE_UNRESOLVABLE: Rule = Rule {
    code: "SP212",
    name: "type-unresolvable",
    severity: Error,
    summary: "The project does not define a type.",
    why: "Types are read from source without running or installing anything, so classes of installed packages are unknown.",
    example: "```python\nfrom numpy import ndarray\ndef predict(self) -> ndarray: ...\n```",
};

pub(super) const DEFAULT_NOT_STATIC: Rule = Rule {
    code: "SP213",
    name: "default-not-static",
    severity: Error,
    summary: "A default cannot be read from the source.",
    why: "Cog drops such a default silently, which makes the input required, or refuses to build.",
    example: "```python\nseed: int = Input(default=random.randint(0, 99))\n```",
};

pub(super) const CHOICES_NOT_STATIC: Rule = Rule {
    code: "SP214",
    name: "choices-not-static",
    severity: Error,
    summary: "The choices of an input cannot be read from the source.",
    why: "The schema lists every choice. Choices are a list of strings, numbers or booleans.",
    example: "```python\nstyle: str = Input(choices=os.listdir(\"styles\"))\n```",
};

pub(super) const LIMIT_NOT_STATIC: Rule = Rule {
    code: "SP215",
    name: "limit-not-static",
    severity: Error,
    summary: "A limit, a pattern or `accept` cannot be read from the source, or has the wrong type.",
    why: "Cog drops it silently, and the model receives values that it does not expect.",
    example: "```python\nsteps: int = Input(ge=1, le=MAX_STEPS())\n```",
};

pub(super) const DEFAULT_FACTORY: Rule = Rule {
    code: "SP216",
    name: "default-factory",
    severity: Error,
    summary: "`Input(default_factory=...)` cannot be described.",
    why: "The value is only known when the function runs.",
    example: "```python\nseed: int = Input(default_factory=new_seed)\n```",
};

pub(super) const ACCEPT_NOT_FILE: Rule = Rule {
    code: "SP217",
    name: "accept-not-file",
    severity: Error,
    summary: "`Input(accept=...)` is used on an input that is not a file.",
    why: "It restricts file types.",
    example: "```python\nprompt: str = Input(accept=\"image/*\")\n```",
};

pub(super) const UNION_RESTRICTED: Rule = Rule {
    code: "SP218",
    name: "union-restricted",
    severity: Error,
    summary: "A union has limits or choices.",
    why: "Cog cannot tell which type they apply to, and refuses to build.",
    example: "```python\nvalue: int | str = Input(ge=1)\n```",
};

pub(super) const ARGUMENT_UNKNOWN: Rule = Rule {
    code: "SP219",
    name: "input-argument-unknown",
    severity: Error,
    summary: "`Input(...)` has no such argument.",
    why: "Python fails when it loads the file.",
    example: "```python\nsteps: int = Input(min=1)   # write ge=1\n```",
};

pub(super) const STREAMING_INVALID: Rule = Rule {
    code: "SP220",
    name: "streaming-without-iterator",
    severity: Error,
    summary: "`@streaming` is on a method that does not return an iterator.",
    why: "There is nothing to stream.",
    example: "```python\n@streaming\ndef run(self) -> str: ...\n```",
};

pub(super) const CONCURRENT_INVALID: Rule = Rule {
    code: "SP221",
    name: "concurrent-invalid",
    severity: Error,
    summary: "`@concurrent` is not `@concurrent(max=N)` with a whole number from 1, or is on a method that is not `async`.",
    why: "Cog reads the number without running the file. Only an `async` method can serve several predictions at once.",
    example: "```python\n@concurrent(max=4)\ndef run(self) -> str:   # write async def run\n```",
};

pub(super) const COG_TOO_OLD: Rule = Rule {
    code: "SP222",
    name: "cog-too-old",
    severity: Error,
    summary: "The source uses a feature that the chosen Cog release does not have.",
    why: "That release cannot describe or load the model.",
    example: "```python\ndef run(self) -> str:   # needs Cog 0.20; older releases look for predict\n```",
};

pub(super) const NAME_TAKEN: Rule = Rule {
    code: "SP223",
    name: "choices-name-taken",
    severity: Error,
    summary: "An input with choices has the name of a schema component.",
    why: "Its choices would replace that component, or be replaced by it.",
    example: "```python\nStatus: str = Input(choices=[\"a\", \"b\"])\n```",
};

pub(super) const OUTPUT_TOO_LARGE: Rule = Rule {
    code: "SP224",
    name: "output-too-large",
    severity: Error,
    summary: "The return type has too many members.",
    why: "Classes are expanded wherever they are used, so a few nested ones can make a huge schema.",
    example: "```python\nclass Deep(BaseModel):\n    a: Wide\n    b: Wide   # every level doubles the document\n```",
};

pub(super) const OLD_INPUT: Rule = Rule {
    code: "SP226",
    name: "input-too-new",
    severity: Error,
    summary: "An input has a type or choices that the chosen Cog release rejects.",
    why: "Releases before 0.17 refuse to load the model. Later ones accept dictionaries, and choices of every type.",
    example: "```python\nscale: float = Input(choices=[0.5, 1.0])   # before Cog 0.17\n```",
};

pub(super) const SYNTAX_TOO_NEW: Rule = Rule {
    code: "SP225",
    name: "syntax-too-new",
    severity: Error,
    summary: "A file uses syntax that the model's Python does not know.",
    why: "The model fails when it loads the file. The Python version is that of `cog.yaml`, not that of your machine.",
    example: "```python\ngreeting = f\"{names[\"first\"]}\"   # Python 3.12 and later\n```",
};

pub(super) const DEFAULT_NONE: Rule = Rule {
    code: "SP230",
    name: "default-none-required",
    severity: Warning,
    summary: "An input whose type excludes `None` has the default `None`, which counts as no default.",
    why: "Cog 0.19 and later list the input as required and reject requests without it. Older releases did not.",
    example: "```python\nseed: int = Input(default=None)   # write Optional[int]\n```",
};

pub(super) const PARAMETER_IGNORED: Rule = Rule {
    code: "SP231",
    name: "parameter-ignored",
    severity: Warning,
    summary: "A parameter without a type, `*args` or `**kwargs` is not part of the schema.",
    why: "Users cannot set it. Without a default, every prediction fails.",
    example: "```python\ndef predict(self, prompt) -> str:   # write prompt: str\n```",
};

pub(super) const BEYOND_COG: Rule = Rule {
    code: "SP232",
    name: "beyond-cog",
    severity: Warning,
    summary: "Cog's own schema generator loses or rejects something that is plain in the source.",
    why: "A build with the Cog CLI would give a different schema, or fail.",
    example: "```python\nfrom cog import Input as I   # fine\nimport cog\ntext: str = cog.Input(description=\"Text\")   # not seen by Cog\n```",
};

pub(super) const PATH_NOT_COG: Rule = Rule {
    code: "SP233",
    name: "type-not-of-cog",
    severity: Warning,
    summary: "A type has the name of one of Cog's types but comes from another module.",
    why: "Cog goes by the name alone and describes a file, so the method may receive another type than it expects.",
    example: "```python\nfrom pathlib import Path   # write from cog import Path\n```",
};

pub(super) const TEXT_NOT_STATIC: Rule = Rule {
    code: "SP234",
    name: "description-not-static",
    severity: Warning,
    summary: "A description cannot be read from the source and is omitted.",
    why: "Users see the input without a description.",
    example: "```python\nprompt: str = Input(description=describe(\"prompt\"))\n```",
};

pub(super) const CHOICES_ON_LIST: Rule = Rule {
    code: "SP235",
    name: "choices-on-list",
    severity: Warning,
    summary: "A list input has choices.",
    why: "Cog describes such an input as one of the choices, so requests with a list do not match the schema.",
    example: "```python\nstyles: list[str] = Input(choices=[\"a\", \"b\"])\n```",
};

pub(super) const FUNCTION_FALLBACK: Rule = Rule {
    code: "SP236",
    name: "target-fallback",
    severity: Warning,
    summary: "Cog falls back to the function `predict` or `train`, because the file does not define the name in `cog.yaml`.",
    why: "The name is probably misspelled.",
    example: "```yaml\npredict: predict.py:Predcitor   # the file has a function predict\n```",
};

pub(super) const PREDICT_DEPRECATED: Rule = Rule {
    code: "SP237",
    name: "predict-deprecated",
    severity: Note,
    summary: "The method is named `predict`; newer Cog releases prefer `run`.",
    why: "Cog 0.20 and later print a deprecation note. Both names work.",
    example: "```python\ndef predict(self, prompt: str) -> str:   # later: def run\n```",
};

pub(super) const POSITIONAL_ONLY: Rule = Rule {
    code: "SP238",
    name: "positional-only",
    severity: Warning,
    summary: "A parameter can only be passed by position.",
    why: "Cog passes inputs by name, so every prediction fails.",
    example: "```python\ndef predict(self, prompt: str, /) -> str: ...\n```",
};

pub(super) const AT_RUN_TIME: Rule = Rule {
    code: "SP239",
    name: "signature-at-run-time",
    severity: Note,
    summary: "With this Cog release, only the built image has the schema of the model.",
    why: "Releases before 0.19 load the predictor to describe it. What cannot be read from the source is checked after the build.",
    example: "```python\ndef predict(self, size: tuple[int, int]) -> str: ...   # before Cog 0.17\n```",
};

/// All rules, by code.
pub const RULES: &[Rule] = &[
    UNPARSABLE,
    UNREADABLE,
    REFERENCE_INVALID,
    TARGET_NOT_FOUND,
    METHOD_NOT_FOUND,
    RETURN_MISSING,
    ANNOTATION_MISSING,
    INPUT_UNSUPPORTED,
    OUTPUT_UNSUPPORTED,
    OUTPUT_OPTIONAL,
    CONCATENATE_NOT_TEXT,
    TYPE_UNRESOLVABLE,
    DEFAULT_NOT_STATIC,
    CHOICES_NOT_STATIC,
    LIMIT_NOT_STATIC,
    DEFAULT_FACTORY,
    ACCEPT_NOT_FILE,
    UNION_RESTRICTED,
    ARGUMENT_UNKNOWN,
    STREAMING_INVALID,
    CONCURRENT_INVALID,
    COG_TOO_OLD,
    NAME_TAKEN,
    OUTPUT_TOO_LARGE,
    SYNTAX_TOO_NEW,
    OLD_INPUT,
    DEFAULT_NONE,
    PARAMETER_IGNORED,
    BEYOND_COG,
    PATH_NOT_COG,
    TEXT_NOT_STATIC,
    CHOICES_ON_LIST,
    FUNCTION_FALLBACK,
    PREDICT_DEPRECATED,
    POSITIONAL_ONLY,
    AT_RUN_TIME,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;

    #[test]
    fn codes_are_unique_sorted_and_within_their_range() {
        let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        let sorted: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(codes, sorted.into_iter().collect::<Vec<_>>());
        assert!(codes.iter().all(|code| ("SP201"..="SP249").contains(code)));
    }

    #[test]
    fn names_are_unique_and_every_rule_explains_itself() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        for rule in RULES {
            for text in [rule.summary, rule.why, rule.example] {
                assert!(
                    text.len() > 15 && text.is_ascii() && !text.contains("\u{20}\u{20}\u{20}\u{20}\u{20}"),
                    "{}: {text}",
                    rule.code
                );
            }
            for text in [rule.summary, rule.why] {
                assert!(text.ends_with('.'), "{}: {text}", rule.code);
            }
        }
    }
}
