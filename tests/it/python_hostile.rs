//! Hostile sources end in errors: no panic, no stack overflow, no endless work.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Error;
use std::time::{Duration, Instant};

use cog_source::python::{Description, MAX_FILE_BYTES, Options, SignatureError, SourceTree, Target, describe, describe_like_cog};
use proptest::prelude::*;

/// Files in memory.
struct Files(BTreeMap<String, String>);

impl SourceTree for Files {
    fn read(&self, path: &str) -> Result<Option<String>, Error> {
        Ok(self.0.get(path).cloned())
    }
}

fn read_files<const N: usize>(files: [(&str, String); N]) -> Result<Description, Vec<SignatureError>> {
    let tree = Files(files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect());
    let target = Target { file: "predict.py".to_owned(), name: "Predictor".to_owned() };
    let official = describe_like_cog(&tree, Some(&target), None, &Options::default());
    assert!(official.as_ref().err().is_none_or(|errors| !errors.is_empty()));
    describe(&tree, Some(&target), None, &Options::default())
}

fn read(source: impl Into<String>) -> Result<Description, Vec<SignatureError>> {
    read_files([("predict.py", source.into())])
}

/// The codes of the errors.
fn refused(found: Result<Description, Vec<SignatureError>>) -> Vec<&'static str> {
    found.unwrap_err().iter().map(|error| error.rule().code).collect()
}

fn run(parameters: &str, returns: &str) -> String {
    format!("class Predictor:\n    def run(self, {parameters}) -> {returns}: ...\n")
}

#[test]
fn deep_nesting_is_rejected_everywhere() {
    let deep = 50_000;
    for source in [
        format!("x = {}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("x = {}", "[".repeat(deep)),
        format!("x = {}1", "-".repeat(deep)),
        format!("x = {}1", "1 + ".repeat(deep)),
        format!("x = y{}", ".a".repeat(deep)),
        format!("x = y{}", "()".repeat(deep)),
        format!("x = {}1", "lambda a, b: ".repeat(deep)),
        format!("x = {}", "f'{".repeat(deep)),
        (0..200).fold(String::new(), |mut text, depth| {
            writeln!(text, "{}if x:", " ".repeat(depth)).unwrap();
            text
        }),
        run(&format!("a: {}int{}", "list[".repeat(deep), "]".repeat(deep)), "str"),
        run("", &format!("{}str", "int | ".repeat(deep))),
    ] {
        assert_eq!(refused(read(source)), ["SP202"]);
    }
}

#[test]
fn types_nested_within_the_limit_are_rejected_by_name() {
    let nested = format!("{}int{}", "list[".repeat(500), "]".repeat(500));
    assert_eq!(refused(read(run(&format!("a: {nested}"), "str"))), ["SP208"]);
    assert_eq!(refused(read(run("", &nested))), ["SP209"]);
    assert_eq!(refused(read(run("", &format!("'{nested}'")))), ["SP209"]);
    let quoted = format!("'{}'", "(".repeat(100_000));
    assert_eq!(refused(read(run(&format!("a: {quoted}"), "str"))), ["SP208"]);
}

#[test]
fn large_files_are_rejected() {
    let size = usize::try_from(MAX_FILE_BYTES).unwrap();
    assert_eq!(refused(read("#".repeat(size + 1))), ["SP202"]);
    assert_eq!(refused(read(format!("x = '{}'\n", "a".repeat(10 * 1024 * 1024)))), ["SP202"]);
}

#[test]
fn odd_characters_are_errors_or_ignored() {
    for source in [
        "\0",
        "x = '\0'\n",
        "\u{feff}",
        "\u{feff}\u{feff}x",
        "\r\r\r",
        "\u{202e}x = 1",
        "class \u{1f600}: ...",
        "?",
        "\\",
        "'",
        "'''",
        "f'{",
    ] {
        assert!(read(source).is_err(), "{source:?}");
    }
    let with_mark = format!("\u{feff}{}", run("a: str", "str"));
    let description = read(with_mark).unwrap();
    assert_eq!(description.predict_places.input("a").unwrap().to_string(), "predict.py:2:19");
}

#[test]
fn cycles_terminate() {
    let predictor = |imports: &str, returns: &str| format!("{imports}\n\n\n{}", run("", returns));
    let circle = read_files([
        ("predict.py", predictor("from a import T", "T")),
        ("a.py", "from b import T\n".to_owned()),
        ("b.py", "from predict import T\n".to_owned()),
    ]);
    assert_eq!(refused(circle), ["SP212"]);
    let own = read_files([("predict.py", predictor("from predict import T", "T"))]);
    assert_eq!(refused(own), ["SP212"]);
    let aliases = read(predictor("A = B\nB = A", "A"));
    assert_eq!(refused(aliases), ["SP212"]);
    let values = read("A = B\nB = A\n".to_owned() + &run("a: int = A", "str"));
    assert_eq!(refused(values), ["SP213"]);
    let classes = read("class A(B): ...\nclass B(A): ...\nclass Predictor(A): ...\n");
    assert_eq!(refused(classes), ["SP205"]);
    let models = "from cog import BaseModel\n\nclass A(BaseModel):\n    b: 'B'\n\nclass B(BaseModel):\n    a: A\n\n";
    assert!(read(models.to_owned() + &run("", "A")).is_ok());
}

#[test]
fn classes_that_double_at_every_level_are_rejected() {
    let mut source = "from cog import BaseModel\n\nclass C0(BaseModel):\n    a: int\n\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        writeln!(source, "class C{level}(BaseModel):\n    a: C{below}\n    b: C{below}\n").unwrap();
    }
    let started = Instant::now();
    let codes = refused(read(source + &run("", "C39")));
    assert!(codes.iter().all(|code| *code == "SP224"), "{codes:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn constants_that_double_at_every_step_are_rejected() {
    let mut source = "A0 = ['a', 'b']\nT0 = 'ab'\n".to_owned();
    for step in 1..60 {
        let below = step - 1;
        writeln!(source, "A{step} = A{below} + A{below}\nT{step} = T{below} + T{below}").unwrap();
    }
    let started = Instant::now();
    let parameters = "a: list = Input(default=A59), b: str = Input(choices=A59), c: str = Input(regex=T59)";
    assert_eq!(refused(read(source + &run(&parameters.replace("list", "list[str]"), "str"))), ["SP213", "SP214", "SP215"]);
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn bases_that_double_at_every_level_terminate() {
    let mut source = "from typing import TypedDict\n\nclass C0(TypedDict):\n    a: int\n\nclass D0(C0): ...\n\n".to_owned();
    for level in 1..30 {
        let below = level - 1;
        writeln!(source, "class C{level}(C{below}, D{below}): ...\nclass D{level}(C{below}, D{below}): ...\n").unwrap();
    }
    let started = Instant::now();
    let _ = read(source + &run("", "C29"));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn huge_numbers_are_rejected() {
    for value in [
        "10 ** 400",
        "9".repeat(400).as_str(),
        "1e999",
        "1e308 * 10.0",
        "9223372036854775807 + 1",
        "-9223372036854775807 - 2",
        "1 // 0",
        "1 / 0",
        "1j",
        "(-9223372036854775807 - 1) // -1",
    ] {
        assert_eq!(refused(read(run(&format!("a: float = Input(default={value})"), "str"))), ["SP213"], "{value}");
    }
    assert_eq!(refused(read(run("a: str = Input(min_length=-1)", "str"))), ["SP215"]);
    assert_eq!(refused(read(run("a: str = Input(max_length=1.5)", "str"))), ["SP215"]);
}

#[test]
fn imports_do_not_leave_the_project() {
    for import in ["from ....etc import T", "from .. import T", "from ...x.y import T", "import etc.passwd as T"] {
        assert!(read(format!("{import}\n\n{}", run("", "T"))).is_err(), "{import}");
    }
}

#[test]
fn a_name_counts_only_with_its_import() {
    for (name, annotation) in
        [("List", "List[str]"), ("Annotated", "Annotated[str, 1]"), ("Opaque", "Opaque"), ("Optional", "Optional[int]")]
    {
        let foreign = format!("from otherlib import {name}\n\n{}", run(&format!("a: {annotation}"), "str"));
        assert!(read(foreign).is_err(), "{name}");
        let module = format!("import otherlib\n\n{}", run(&format!("a: otherlib.{annotation}"), "str"));
        assert!(read(module).is_err(), "otherlib.{name}");
    }
    assert!(
        read(format!("import typing as t\n\n{}", run("a: t.List[str]", "t.Optional[str]"))).is_err(),
        "optional outputs are rejected"
    );
    assert!(read(format!("import typing as t\n\n{}", run("a: t.List[str]", "t.List[str]"))).is_ok());
    assert!(read(format!("from typing import *\n\n{}", run("a: List[str]", "str"))).is_ok(), "a star says nothing against it");
}

#[test]
fn invalid_targets_are_rejected() {
    let tree = Files(BTreeMap::new());
    for (file, name) in [
        ("", ""),
        ("predict.py", ""),
        ("", "P"),
        ("a.py", "P; import os"),
        ("../a.py", "P"),
        ("/a.py", "P"),
        ("x/../../a.py", "P"),
        ("a.txt", "P"),
    ] {
        let target = Target { file: file.to_owned(), name: name.to_owned() };
        let errors = describe(&tree, Some(&target), None, &Options::default()).unwrap_err();
        assert_eq!(errors[0].rule().code, "SP203", "{file}:{name}");
    }
    assert_eq!(describe(&tree, None, None, &Options::default()).unwrap_err()[0].rule().code, "SP203");
}

/// Pieces of predictors, so that arbitrary texts get past the parser.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "class Predictor:\n",
        "    def run(self, ",
        "a: ",
        "int",
        "str",
        "list[",
        "]",
        "Optional[",
        "dict[str, ",
        "Union[",
        " | ",
        "None",
        " = ",
        "Input(",
        "default=",
        "choices=",
        "ge=",
        "regex=",
        "description=",
        "\"x\"",
        "'y'",
        "f'{A}'",
        "1",
        "-2.5",
        "[",
        "{",
        "}",
        "(",
        ")",
        ", ",
        ") -> ",
        ": ...\n",
        "A = ",
        "B",
        "A",
        "\n",
        "\"\"\"",
        "*",
        "/",
        "**",
        "from a import A\n",
        "from . import B\n",
        "import a.b\n",
        "class A(BaseModel):\n",
        "class B(TypedDict, total=False):\n",
        "    x: ",
        "@streaming\n",
        "@concurrent(max=2)\n",
        "Annotated[",
        "Opaque",
        "Literal[",
        "lambda: ",
        "async ",
        "é",
        "\\n",
        "type X = ",
        "Iterator[",
        "ConcatenateIterator[",
    ];
    prop_oneof![9 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = read(text);
    }

    #[test]
    fn no_mixture_of_python_panics(pieces in prop::collection::vec(piece(), 0..60)) {
        let source = pieces.concat();
        let _ = read(source.clone());
        let _ = read_files([("predict.py", run("a: A = B", "A")), ("a.py", source)]);
    }

    #[test]
    fn no_annotation_panics(pieces in prop::collection::vec(piece(), 1..12)) {
        let _ = read(run(&format!("a: {}", pieces.concat()), "str"));
        let _ = read(run("", &pieces.concat()));
    }

    #[test]
    fn every_string_default_is_read_like_in_python(text in "[ -~]{0,40}") {
        let literal = format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        let description = read(run(&format!("a: str = {literal}"), "str")).unwrap();
        prop_assert_eq!(&description.document["components"]["schemas"]["Input"]["properties"]["a"]["default"], &serde_json::json!(text));
    }

    #[test]
    fn every_location_is_inside_the_file(pieces in prop::collection::vec(piece(), 0..40)) {
        let source = pieces.concat();
        let lines = source.lines().count().max(1) + 1;
        for error in read(source.clone()).err().into_iter().flatten() {
            prop_assert!(error.location().line.is_none_or(|line| (1..=lines).contains(&(line as usize))), "{} in {:?}", error.location(), source);
        }
    }
}
