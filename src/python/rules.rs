//! Rules of this room: SP201 to SP249.

use crate::domain::finding::Severity::{Error, Warning};
use crate::domain::rule::Rule;

macro_rules! rules {
    ($($name:ident = $code:literal, $short:literal, $severity:expr, $summary:literal, $why:literal, $example:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            code: $code,
            name: $short,
            severity: $severity,
            summary: $summary,
            why: $why,
            example: $example,
        };)*

        /// Every rule of the room, by code.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    UNREADABLE = "SP201", "source-unreadable", Error,
        "A Python file of the model cannot be read.",
        "It is missing, not UTF-8, too large, or has a syntax error; the container would not start either.",
        "```yaml\npredict: \"predictor.py:Predictor\"   # the file is called predict.py\n```";
    TARGET_NOT_FOUND = "SP202", "predictor-not-found", Error,
        "The file has no class or function of the name in `cog.yaml`.",
        "Only what stands at the top level of the file is found: no class inside `if`, and no alias.",
        "```python\nPredictor = MyPredictor   # name MyPredictor in cog.yaml\n```";
    METHOD_NOT_FOUND = "SP203", "method-not-found", Error,
        "The class has no method that can be called.",
        "A predictor needs `run` or `predict`, its own or inherited from a class of the project; a trainer needs `train`.",
        "```python\nclass Predictor(BasePredictor):\n    def forward(self, x: str) -> str: ...\n```";
    MISSING_RETURN = "SP204", "return-annotation-missing", Error,
        "The method has no return annotation.",
        "Without it nothing is known about the output, and Cog refuses to build.",
        "```python\ndef predict(self, text: str):        # write -> str\n```";
    MISSING_ANNOTATION = "SP205", "parameter-annotation-missing", Error,
        "A parameter has no annotation.",
        "Without it nothing is known about the input, and Cog refuses to build.",
        "```python\ndef predict(self, steps=20) -> str:   # write steps: int = 20\n```";
    UNSUPPORTED_TYPE = "SP206", "unsupported-type", Error,
        "An annotation is of a kind that Cog has no schema for.",
        "Cog refuses to build.",
        "```python\ndef predict(self, size: tuple[int, int]) -> str: ...   # two int inputs, or list[int]\n```";
    DEFAULT_FACTORY = "SP207", "default-factory", Error,
        "`Input(default_factory=...)` is not supported.",
        "The default has to be known without running the program.",
        "```python\nseed: int = Input(default_factory=make_seed)   # Optional[int] = Input(default=None)\n```";
    OPTIONAL_OUTPUT = "SP208", "optional-output", Error,
        "The output may be `None`.",
        "Cog has no schema for an output that may be missing.",
        "```python\ndef predict(self) -> Optional[Path]: ...   # raise an error instead of returning None\n```";
    CONCATENATE_ITERATOR = "SP209", "concatenate-iterator-of-text", Error,
        "A `ConcatenateIterator` yields something else than `str`.",
        "Only pieces of text can be joined into one.",
        "```python\ndef predict(self) -> ConcatenateIterator[int]: ...   # Iterator[int]\n```";
    CHOICES_NOT_STATIC = "SP210", "choices-not-static", Error,
        "The choices of an input can only be told by running the program.",
        "They become part of the schema, which is made without running it.",
        "```python\nstyle: str = Input(choices=load_styles())   # a list of literals\n```";
    DEFAULT_NOT_STATIC = "SP211", "default-not-static", Error,
        "The default of an input can only be told by running the program.",
        "It becomes part of the schema, which is made without running it.",
        "```python\ndef predict(self, steps: int = default_steps()) -> str: ...\n```";
    UNKNOWN_TYPE = "SP212", "unknown-type", Error,
        "A type is neither Cog's nor defined in the project.",
        "Nothing is known of its members. `Annotated[T, Opaque]` marks an output as any JSON object.",
        "```python\ndef predict(self) -> PIL.Image: ...   # save it and return a cog.Path\n```";
    ACCEPT_ON_NON_FILE = "SP213", "accept-on-non-file", Error,
        "`accept` is given for an input that is no file.",
        "It names kinds of files; Cog refuses to build.",
        "```python\nname: str = Input(accept=\"image/*\")\n```";
    MISPLACED_CONSTRAINT = "SP214", "constraint-on-union", Error,
        "Choices or limits are given for an input that takes several types.",
        "They would hold for one of the types only; Cog refuses to build.",
        "```python\nsize: int | str = Input(ge=1)\n```";
    DECORATOR = "SP215", "decorator-arguments", Error,
        "A decorator of Cog's has arguments that cannot be read.",
        "`@concurrent` takes a literal `max=` of at least 1, more than 1 only for async methods; `@streaming` needs an iterator as output.",
        "```python\n@cog.concurrent(max=WORKERS)   # max=4\n```";
    KEPT_DEFAULT = "SP231", "default-lost-by-cog", Warning,
        "Cog's own generator would lose this default and make the input required.",
        "The value is in the source, but written in a way that the official tool does not follow. Built with safe-push it is kept; built elsewhere, requests without the input are refused.",
        "```python\nfrom settings import STEPS\ndef predict(self, steps: int = Input(default=STEPS)) -> str: ...\n```";
    LOST_DEFAULT = "SP232", "default-not-known", Warning,
        "The default of an input cannot be told from the source, so the input becomes required.",
        "Cog treats it as if there were none. Whoever leaves the input out gets an error.",
        "```python\nseed: int = Input(default=random.randint(0, 9))\n```";
    KEPT_TEXT = "SP233", "text-lost-by-cog", Warning,
        "Cog's own generator would lose or garble this text.",
        "Adjacent or concatenated literals, escapes and imported names are followed here but not there.",
        "```python\ntext: str = Input(description=(\"a long \" \"sentence\"))\n```";
    LOST_TEXT = "SP234", "argument-not-known", Warning,
        "An argument of `Input()` cannot be told from the source and is left out of the schema.",
        "Cog drops it without a word: users see no description, or the limit is not enforced.",
        "```python\nsteps: int = Input(le=MAX_STEPS * 2)\n```";
    NONE_DEFAULT = "SP235", "none-makes-required", Warning,
        "`None` as the default of an input that cannot be `None` makes the input required.",
        "Until Cog 0.16 such an input could be left out; since 0.19 it is in `required`, and requests without it are refused.",
        "```python\nseed: int = Input(default=None)   # Optional[int] = Input(default=None)\n```";
    POSITIONAL_DEFAULT = "SP236", "positional-default", Warning,
        "A positional argument of `Input()` is not taken as the default.",
        "Cog up to 0.16 took it; since 0.19 it is overlooked.",
        "```python\nname: str = Input(\"world\")   # Input(default=\"world\")\n```";
    CHOICE_NAME = "SP237", "choice-name-taken", Warning,
        "An input with choices has the name of a component of the schema.",
        "Its choices replace that component, and clients read the wrong one.",
        "```python\nStatus: str = Input(choices=[\"on\", \"off\"])\n```";
    DOTTED_INPUT = "SP238", "dotted-input", Warning,
        "`cog.Input(...)` is not recognised by Cog's own generator.",
        "It is read here; built elsewhere the build fails.",
        "```python\ntext: str = cog.Input(description=\"...\")   # from cog import Input\n```";
    IGNORED_PARAMETER = "SP239", "parameter-ignored", Warning,
        "A parameter is not part of the schema.",
        "`*args`, `**kwargs` and parameters with neither annotation nor default are overlooked by Cog: callers cannot set them.",
        "```python\ndef predict(self, text: str, **options) -> str: ...\n```";
}
