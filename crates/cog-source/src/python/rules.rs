//! Every code that this room's findings carry: SP201 to SP229 for what keeps a signature from being read, SP230 to SP249 for what is
//! legal but will surprise.

use cog_findings::Rule;
use cog_findings::Severity::{Error, Note, Warning};

pub(super) const UNPARSABLE: Rule = Rule {
    code: "SP201",
    name: "python-unparsable",
    severity: Error,
    summary: "The Python file is not valid Python.",
    why: "Nothing can be known about a model whose source cannot be parsed, and it would not start either.",
    example: "```python\ndef predict(self, prompt: str -> str:   # the bracket is not closed\n```",
};

pub(super) const UNREADABLE: Rule = Rule {
    code: "SP202",
    name: "python-unreadable",
    severity: Error,
    summary: "A Python file that is needed is missing, lies outside the project, is too large, is nested too deeply, or is not UTF-8.",
    why: "The signature stands in that file.",
    example: "```yaml\npredict: predcit.py:Predictor   # the file is called predict.py\n```",
};

pub(super) const REFERENCE_INVALID: Rule = Rule {
    code: "SP203",
    name: "target-reference-invalid",
    severity: Error,
    summary: "`predict`, `run` or `train` in `cog.yaml` is not of the form `file.py:Name`.",
    why: "Cog cannot tell what to run.",
    example: "```yaml\npredict: predict.Predictor   # write predict.py:Predictor\n```",
};

pub(super) const TARGET_NOT_FOUND: Rule = Rule {
    code: "SP204",
    name: "target-not-found",
    severity: Error,
    summary: "The file has no class or function of that name at its top level.",
    why: "Cog looks for a class or function that is defined in the file itself; one that is imported, aliased or defined inside an `if` is not found.",
    example: "```python\nif True:\n    class Predictor: ...   # not at the top level\n```",
};

pub(super) const METHOD_NOT_FOUND: Rule = Rule {
    code: "SP205",
    name: "method-not-found",
    severity: Error,
    summary: "The class has no method that Cog could run.",
    why: "A predictor needs `run` or `predict`, its own or from a base class of the project; a trainer class needs a `train` of its own.",
    example: "```python\nclass Predictor:\n    def setup(self): ...\n```",
};

pub(super) const RETURN_MISSING: Rule = Rule {
    code: "SP206",
    name: "return-annotation-missing",
    severity: Error,
    summary: "The method has no return annotation.",
    why: "The output's type is part of the schema, and Cog refuses to build without it.",
    example: "```python\ndef predict(self, prompt: str):   # add -> str\n```",
};

pub(super) const ANNOTATION_MISSING: Rule = Rule {
    code: "SP207",
    name: "parameter-annotation-missing",
    severity: Error,
    summary: "A parameter with a default has no type annotation.",
    why: "The input's type is part of the schema.",
    example: "```python\ndef predict(self, steps=20) -> str:   # write steps: int = 20\n```",
};

pub(super) const INPUT_UNSUPPORTED: Rule = Rule {
    code: "SP208",
    name: "input-type-unsupported",
    severity: Error,
    summary: "A parameter's type is not one that Cog takes as an input.",
    why: "Inputs travel as JSON. Cog takes `str`, `int`, `float`, `bool`, `Path`, `File`, `Secret`, `Any`, `dict`, lists of these, `Optional`, and unions of JSON types.",
    example: "```python\ndef predict(self, size: tuple[int, int]) -> str:   # write list[int]\n```",
};

pub(super) const OUTPUT_UNSUPPORTED: Rule = Rule {
    code: "SP209",
    name: "output-type-unsupported",
    severity: Error,
    summary: "The return type is not one that Cog can describe.",
    why: "Outputs travel as JSON. Cog takes scalars, files, lists, dictionaries, iterators, and classes that derive from `BaseModel` or `TypedDict`.",
    example: "```python\ndef predict(self) -> tuple[Path, float]:   # write a BaseModel\n```",
};

pub(super) const OUTPUT_OPTIONAL: Rule = Rule {
    code: "SP210",
    name: "output-optional",
    severity: Error,
    summary: "The return type may be `None`.",
    why: "Cog since 0.17 refuses optional outputs. A member of a `BaseModel` may be optional.",
    example: "```python\ndef predict(self) -> Optional[Path]: ...\n```",
};

pub(super) const CONCATENATE_NOT_TEXT: Rule = Rule {
    code: "SP211",
    name: "concatenate-iterator-not-text",
    severity: Error,
    summary: "`ConcatenateIterator` is used for something else than `str`.",
    why: "Its pieces are shown as one text.",
    example: "```python\ndef predict(self) -> ConcatenateIterator[int]:   # write Iterator[int]\n```",
};

pub(super) const TYPE_UNRESOLVABLE: Rule = Rule {
    code: "SP212",
    name: "type-unresolvable",
    severity: Error,
    summary: "A type's definition is not found in the project.",
    why: "Types are read from source without running or installing anything, so a class of an installed package is unknown.",
    example: "```python\nfrom numpy import ndarray\ndef predict(self) -> ndarray: ...\n```",
};

pub(super) const DEFAULT_NOT_STATIC: Rule = Rule {
    code: "SP213",
    name: "default-not-static",
    severity: Error,
    summary: "A default's value cannot be read from the source.",
    why: "Cog drops such a default in silence, or refuses to build; users then must give the input.",
    example: "```python\nseed: int = Input(default=random.randint(0, 99))\n```",
};

pub(super) const CHOICES_NOT_STATIC: Rule = Rule {
    code: "SP214",
    name: "choices-not-static",
    severity: Error,
    summary: "The choices of an input cannot be read from the source.",
    why: "The schema lists every choice. Choices are texts, numbers or booleans in a list.",
    example: "```python\nstyle: str = Input(choices=os.listdir(\"styles\"))\n```",
};

pub(super) const LIMIT_NOT_STATIC: Rule = Rule {
    code: "SP215",
    name: "limit-not-static",
    severity: Error,
    summary: "A limit, pattern or list of accepted files cannot be read from the source, or is of the wrong kind.",
    why: "Cog drops it in silence, and the model then gets values it does not expect.",
    example: "```python\nsteps: int = Input(ge=1, le=MAX_STEPS())\n```",
};

pub(super) const DEFAULT_FACTORY: Rule = Rule {
    code: "SP216",
    name: "default-factory",
    severity: Error,
    summary: "`Input(default_factory=...)` cannot be described.",
    why: "What a function returns is only known when it runs.",
    example: "```python\nseed: int = Input(default_factory=new_seed)\n```",
};

pub(super) const ACCEPT_NOT_FILE: Rule = Rule {
    code: "SP217",
    name: "accept-not-file",
    severity: Error,
    summary: "`Input(accept=...)` is used for something else than a file.",
    why: "It restricts the types of files.",
    example: "```python\nprompt: str = Input(accept=\"image/*\")\n```",
};

pub(super) const UNION_RESTRICTED: Rule = Rule {
    code: "SP218",
    name: "union-restricted",
    severity: Error,
    summary: "A union has limits or choices.",
    why: "Cog cannot tell to which of the types they apply, and refuses to build.",
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
    summary: "`@streaming` stands on a method that returns no iterator.",
    why: "There is nothing to stream.",
    example: "```python\n@streaming\ndef run(self) -> str: ...\n```",
};

pub(super) const CONCURRENT_INVALID: Rule = Rule {
    code: "SP221",
    name: "concurrent-invalid",
    severity: Error,
    summary: "`@concurrent` is not `@concurrent(max=N)` with a whole number from 1, or stands on a method that is not `async`.",
    why: "Cog reads the number without running the file, and only an `async` method can serve several predictions at once.",
    example: "```python\n@concurrent(max=4)\ndef run(self) -> str:   # write async def run\n```",
};

pub(super) const COG_TOO_OLD: Rule = Rule {
    code: "SP222",
    name: "cog-too-old",
    severity: Error,
    summary: "The source uses something that the chosen Cog release does not know.",
    why: "That release fails to describe or to load the model.",
    example: "```python\ndef run(self) -> str:   # needs Cog 0.20; older ones look for predict\n```",
};

pub(super) const NAME_TAKEN: Rule = Rule {
    code: "SP223",
    name: "choices-name-taken",
    severity: Error,
    summary: "An input with choices is named like a part of the document.",
    why: "Its list of choices would replace that part, or be replaced by it.",
    example: "```python\nStatus: str = Input(choices=[\"a\", \"b\"])\n```",
};

pub(super) const OUTPUT_TOO_LARGE: Rule = Rule {
    code: "SP224",
    name: "output-too-large",
    severity: Error,
    summary: "The return type has more members than are read.",
    why: "Classes are written out wherever they are used, so a few nested ones can grow beyond any use.",
    example: "```python\nclass Deep(BaseModel):\n    a: Wide\n    b: Wide   # every level doubles the document\n```",
};

pub(super) const DEFAULT_NONE: Rule = Rule {
    code: "SP230",
    name: "default-none-required",
    severity: Warning,
    summary: "A plain type has the default `None`, which is no default.",
    why: "Cog since 0.19 lists the input as required and refuses requests without it. Older releases did not.",
    example: "```python\nseed: int = Input(default=None)   # write Optional[int]\n```",
};

pub(super) const PARAMETER_IGNORED: Rule = Rule {
    code: "SP231",
    name: "parameter-ignored",
    severity: Warning,
    summary: "A parameter without a type, or one that takes any number of values, is not part of the schema.",
    why: "Users cannot give it. A call without it fails when it has no default.",
    example: "```python\ndef predict(self, prompt) -> str:   # write prompt: str\n```",
};

pub(super) const BEYOND_COG: Rule = Rule {
    code: "SP232",
    name: "beyond-cog",
    severity: Warning,
    summary: "The source says plainly what is meant, but Cog's own generator loses or refuses it.",
    why: "A build with Cog's own tools would give another schema, or none.",
    example: "```python\nfrom cog import Input as I   # fine\nimport cog\ntext: str = cog.Input(description=\"Text\")   # not seen by Cog\n```",
};

pub(super) const PATH_NOT_COG: Rule = Rule {
    code: "SP233",
    name: "type-not-of-cog",
    severity: Warning,
    summary: "A type is called like one of Cog's but comes from elsewhere.",
    why: "Cog goes by the name and describes a file, while the method may get something else than it expects.",
    example: "```python\nfrom pathlib import Path   # write from cog import Path\n```",
};

pub(super) const TEXT_NOT_STATIC: Rule = Rule {
    code: "SP234",
    name: "description-not-static",
    severity: Warning,
    summary: "A description cannot be read from the source and is left out.",
    why: "Users see the input without it.",
    example: "```python\nprompt: str = Input(description=describe(\"prompt\"))\n```",
};

pub(super) const CHOICES_ON_LIST: Rule = Rule {
    code: "SP235",
    name: "choices-on-list",
    severity: Warning,
    summary: "A list has choices.",
    why: "Cog describes such an input as one of the choices, so requests with a list do not fit the schema.",
    example: "```python\nstyles: list[str] = Input(choices=[\"a\", \"b\"])\n```",
};

pub(super) const FUNCTION_FALLBACK: Rule = Rule {
    code: "SP236",
    name: "target-fallback",
    severity: Warning,
    summary: "There is nothing of the name in `cog.yaml`, so Cog takes the function `predict` or `train`.",
    why: "Probably the name is misspelt.",
    example: "```yaml\npredict: predict.py:Predcitor   # the file has a function predict\n```",
};

pub(super) const PREDICT_DEPRECATED: Rule = Rule {
    code: "SP237",
    name: "predict-deprecated",
    severity: Note,
    summary: "The method is called `predict`; newer Cog releases prefer `run`.",
    why: "Cog since 0.20 prints a deprecation note. Both work.",
    example: "```python\ndef predict(self, prompt: str) -> str:   # later: def run\n```",
};

pub(super) const POSITIONAL_ONLY: Rule = Rule {
    code: "SP238",
    name: "positional-only",
    severity: Warning,
    summary: "A parameter can only be given by position.",
    why: "Cog calls the method with named arguments, so every prediction fails.",
    example: "```python\ndef predict(self, prompt: str, /) -> str: ...\n```",
};

/// Every rule of the room, by code.
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
    DEFAULT_NONE,
    PARAMETER_IGNORED,
    BEYOND_COG,
    PATH_NOT_COG,
    TEXT_NOT_STATIC,
    CHOICES_ON_LIST,
    FUNCTION_FALLBACK,
    PREDICT_DEPRECATED,
    POSITIONAL_ONLY,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;

    #[test]
    fn codes_are_unique_sorted_and_within_the_range_of_the_room() {
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
