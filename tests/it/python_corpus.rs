//! Every predictor under `tests/predictors` is described as its `expected.json` says, including what Cog's own generator would write.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cog_findings::Finding;
use cog_source::python::{
    Describe, Description, FolderTree, Options, Pydantic, SignatureError, SourceTree, Target, describe, describe_like_cog, foresee,
};
use serde_json::{Map, Value, json};

/// Components that every document has.
const FIXED: &[&str] = &[
    "HTTPValidationError",
    "Input",
    "Output",
    "PredictionRequest",
    "PredictionResponse",
    "Status",
    "TrainingInput",
    "TrainingOutput",
    "TrainingRequest",
    "TrainingResponse",
    "ValidationError",
];

struct Case {
    name: String,
    folder: PathBuf,
    expected: Map<String, Value>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder("predictors")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(folder.join("expected.json")).unwrap();
            let expected = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            cases.push(Case { name, folder, expected });
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

fn target(text: &str) -> Target {
    let (file, name) = text.split_once(':').unwrap();
    Target { file: file.to_owned(), name: name.to_owned() }
}

impl Case {
    fn describe_with(&self, describe: Describe) -> Result<Description, Vec<SignatureError>> {
        let predict = match self.expected.get("predict") {
            None => Some(target("predict.py:Predictor")),
            Some(named) => named.as_str().map(target),
        };
        let train = self.expected.get("train").and_then(Value::as_str).map(target);
        let cog_version = self.expected.get("cog_version").and_then(Value::as_str).map(str::to_owned);
        let tree = FolderTree::new(self.folder.clone());
        describe(&tree, predict.as_ref(), train.as_ref(), &Options { cog_version })
    }
}

fn said<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Value {
    let mut lines: Vec<String> =
        findings.into_iter().map(|finding| format!("{} {}", finding.code, finding.location.as_ref().unwrap())).collect();
    lines.sort();
    json!(lines)
}

/// A description with the keys of `expected.json`.
fn summary(description: &Description) -> Map<String, Value> {
    let document = &description.document;
    let components = document["components"]["schemas"].as_object().unwrap();
    let component = |names: [&str; 2]| names.iter().find_map(|name| components.get(*name)).cloned().unwrap();
    let input = component(["Input", "TrainingInput"]);
    let choices: Map<String, Value> = components
        .iter()
        .filter(|(name, _)| !FIXED.contains(&name.as_str()))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let signature = description.predict.as_ref().or(description.train.as_ref()).unwrap();
    let mut summary = Map::new();
    summary.insert("properties".to_owned(), input["properties"].clone());
    summary.insert("required".to_owned(), input.get("required").cloned().unwrap_or_else(|| json!([])));
    summary.insert("output".to_owned(), component(["Output", "TrainingOutput"]));
    summary.insert("choices".to_owned(), Value::Object(choices));
    let streaming = document["paths"]["/predictions"]["post"].get("x-cog-streaming").cloned();
    summary.insert("streaming".to_owned(), streaming.unwrap_or(Value::Bool(false)));
    summary.insert("concurrency".to_owned(), json!(signature.concurrency));
    summary.insert("version".to_owned(), document["info"]["version"].clone());
    summary
}

/// The keys of `expected` that differ from `found`.
fn wrong(expected: &Map<String, Value>, found: &Map<String, Value>) -> Vec<String> {
    found
        .iter()
        .filter_map(|(key, found)| {
            let absent = match key.as_str() {
                "choices" => json!({}),
                "warnings" => json!([]),
                "streaming" => json!(false),
                "concurrency" => Value::Null,
                _ => found.clone(),
            };
            let mut expected = expected.get(key).cloned().unwrap_or(absent);
            if let (Value::Array(lines), "warnings") = (&mut expected, key.as_str()) {
                lines.sort_by_key(ToString::to_string);
            }
            (expected != *found).then(|| format!("{key}\n  expected {expected}\n  found    {found}"))
        })
        .collect()
}

fn check(case: &Case) -> Vec<String> {
    let errors = case.expected.get("errors");
    match (case.describe_with(describe), errors) {
        (Ok(description), None) => {
            let mut found = summary(&description);
            found.insert("warnings".to_owned(), said(&description.warnings));
            wrong(&case.expected, &found)
        }
        (Err(errors), Some(expected)) => {
            let found: Vec<Finding> = errors.iter().map(SignatureError::finding).collect();
            let mut expected = expected.clone();
            if let Value::Array(lines) = &mut expected {
                lines.sort_by_key(ToString::to_string);
            }
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            if said(&found) == expected {
                Vec::new()
            } else {
                vec![format!("errors\n  expected {expected}\n  found    {} {texts:?}", said(&found))]
            }
        }
        (Ok(description), Some(expected)) => vec![format!("expected {expected}, found {}", json!(summary(&description)))],
        (Err(errors), None) => vec![refusal(&errors)],
    }
}

fn refusal(errors: &[SignatureError]) -> String {
    format!("refused: {:?}", errors.iter().map(SignatureError::finding).collect::<Vec<_>>())
}

/// Checks that Cog's own generator is reproduced.
fn check_like_cog(case: &Case) -> Vec<String> {
    let cog = case.expected.get("cog");
    let found = match (case.describe_with(describe_like_cog), cog) {
        (Err(_), Some(Value::String(said))) if said == "refuses" => return Vec::new(),
        (Ok(description), Some(Value::String(_))) => return vec![format!("not refused: {}", json!(summary(&description)))],
        (Err(_), None) if case.expected.contains_key("errors") => return Vec::new(),
        (Err(errors), _) => {
            return vec![refusal(&errors)];
        }
        (Ok(description), _) => summary(&description),
    };
    let mut expected = case.expected.clone();
    if let Some(Value::Object(differences)) = cog {
        expected.extend(differences.clone());
    } else if case.expected.contains_key("errors") {
        return vec!["an error is expected, but not from Cog's own generator, and `cog` does not say what then".to_owned()];
    }
    wrong(&expected, &found)
}

#[test]
fn every_predictor_is_described_as_expected() {
    let failures: Vec<String> =
        cases().iter().flat_map(|case| check(case).into_iter().map(|wrong| format!("{}: {wrong}", case.name))).collect();
    assert!(failures.is_empty(), "{} wrong\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_predictor_is_described_like_cog_on_request() {
    let failures: Vec<String> =
        cases().iter().flat_map(|case| check_like_cog(case).into_iter().map(|wrong| format!("{}: {wrong}", case.name))).collect();
    assert!(failures.is_empty(), "{} wrong\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_corpus_is_large_and_every_case_has_a_reason() {
    let cases = cases();
    assert!(cases.len() >= 120, "{}", cases.len());
    for case in &cases {
        assert!(case.expected["because"].as_str().is_some_and(|because| because.len() > 5), "{}", case.name);
    }
}

#[test]
fn every_rule_applies_somewhere_in_the_corpus() {
    let mut spoken = BTreeSet::new();
    for case in cases() {
        for key in ["errors", "warnings"] {
            for line in case.expected.get(key).and_then(Value::as_array).into_iter().flatten() {
                spoken.insert(line.as_str().unwrap().split(' ').next().unwrap().to_owned());
            }
        }
    }
    let silent: Vec<&str> = cog_source::python::RULES.iter().map(|rule| rule.code).filter(|code| !spoken.contains(*code)).collect();
    // An output that is too large needs a generated file: see `tests/it/python_hostile.rs`. New syntax is not part of a description.
    assert_eq!(silent, ["SP224", "SP225", "SP226", "SP239"]);
}

#[test]
fn every_finding_has_a_one_line_hint() {
    for case in cases() {
        let findings = match case.describe_with(describe) {
            Ok(description) => description.warnings,
            Err(errors) => errors.iter().map(SignatureError::finding).collect(),
        };
        for finding in findings {
            assert!(finding.hint.as_ref().is_some_and(|hint| hint.len() > 5 && !hint.ends_with('.')), "{}: {finding:?}", case.name);
            assert!(!finding.message.ends_with('.') && !finding.message.contains('\n'), "{}: {finding:?}", case.name);
        }
    }
}

#[test]
fn documents_equal_those_of_the_reference_exactly() {
    let documents: Map<String, Value> =
        serde_json::from_str(&fs::read_to_string(folder("schema/dialects/0.22.0-static.json")).unwrap()).unwrap();
    let tree = FolderTree::new(folder("schema/predictors"));
    for (name, expected) in documents {
        let file = format!("{name}.py");
        let source = fs::read_to_string(folder("schema/predictors").join(&file)).unwrap();
        let train = source.contains("def train(").then(|| target(&format!("{file}:train")));
        let predict = source.contains("class Predictor").then(|| target(&format!("{file}:Predictor")));
        let mut found = describe(&tree, predict.as_ref(), train.as_ref(), &Options::default()).unwrap().document;
        for body in found["paths"].as_object_mut().unwrap().values_mut() {
            *body = json!({});
        }
        assert_eq!(found, expected, "{name}");
    }
}

/// Components of the server, which are the same for every model.
const OF_SERVER: &[&str] = &[
    "HTTPValidationError",
    "PredictionRequest",
    "PredictionResponse",
    "Status",
    "TrainingRequest",
    "TrainingResponse",
    "ValidationError",
    "WebhookEvent",
];

/// Files in which `run` is called `predict`, as releases before 0.20 know it.
struct Older(FolderTree);

impl SourceTree for Older {
    fn read(&self, path: &str) -> std::io::Result<Option<String>> {
        Ok(self.0.read(path)?.map(|text| text.replace("def run(", "def predict(")))
    }
}

/// A document's value with numbers by their value, and without what says nothing, which pydantic 2.11 began to write.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(object) => {
            let says_nothing = |key: &str, value: &Value| match key {
                "required" => *value == json!([]),
                "additionalProperties" => *value == json!(true),
                _ => false,
            };
            let kept = object.iter().filter(|(key, value)| !says_nothing(key, value));
            Value::Object(kept.map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn what_older_releases_will_describe_is_foreseen() {
    // What these lose or change is not the source's fault: no choices, choices twice, and the names of members as choices.
    const EXEMPT: [&str; 3] = ["choices-empty", "choices-comprehension-constant", "choices-enum"];
    let cases = cases();
    for release in ["0.9.20", "0.16.12"] {
        let text = fs::read_to_string(folder("predictors").join(format!("runtime-{release}.json"))).unwrap();
        let documents: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let (mut equal, mut wrong) = (0, Vec::new());
        for (name, expected) in documents.iter().filter(|(name, _)| !EXEMPT.contains(&name.as_str())) {
            let case = cases.iter().find(|case| case.name == *name).unwrap();
            let predict = case.expected.get("predict").map_or(Some("predict.py:Predictor"), Value::as_str).map(target);
            let train = case.expected.get("train").and_then(Value::as_str).map(target);
            let tree = Older(FolderTree::new(case.folder.clone()));
            let options = Options { cog_version: Some(release.to_owned()) };
            let found = foresee(&tree, predict.as_ref(), train.as_ref(), &options, Pydantic::Two);
            match &found.document {
                Some(document) if plain(&document["components"]["schemas"]) == plain(expected) => equal += 1,
                Some(document) => {
                    wrong.push(format!("{name}\n  expected {expected}\n  found    {}", document["components"]["schemas"]));
                }
                // What cannot be read is never a mistake of a model that loads.
                None => assert!(!found.findings.iter().any(Finding::is_error), "{release} {name}: {:?}", found.findings),
            }
        }
        assert!(wrong.is_empty(), "{release}: {}", wrong.join("\n"));
        assert!(equal >= 100, "{release}: only {equal}");
    }
}

/// What the server of Cog 0.19.3 says of a case differently than its builds, which write the label: the part, and why.
const OF_SERVER_0_19: &[(&str, &str)] = &[
    // It reads the class that was loaded, without the fields of its bases.
    ("beyond-model-inherited", "Output"),
    ("typed-dict-inherited", "Output"),
    ("typed-dict-not-required", "Output"),
    ("typed-dict-total", "Output"),
    ("output-dict-types", "Output"),
    // A build lets a secret be left out, and writes no `deprecated: false`.
    ("default-none-secret", "Input"),
    ("deprecated-false", "Input"),
    // It writes the rest of a word in lower case.
    ("titles", "Input"),
    // It titles the input of a training as that of a prediction.
    ("train-function", "Input"),
];

/// Sources that a build of 0.19 refuses because nothing runs, while its server, which runs them, takes them.
const RUN_BY_SERVER_0_19: &[&str] = &[
    "choices-not-a-list",
    "default-call",
    "default-changed",
    "default-plain-call",
    "import-external-name",
    "input-bare-list",
    "target-alias",
    "target-imported",
    "target-in-if",
];

#[test]
fn what_0_19_describes_equals_what_its_server_says() {
    let text = fs::read_to_string(folder("predictors/runtime-0.19.3.json")).unwrap();
    let documents: Map<String, Value> = serde_json::from_str(&text).unwrap();
    let cases = cases();
    let (mut equal, mut differing, mut refused) = (0, Vec::new(), Vec::new());
    for (name, expected) in &documents {
        let case = cases.iter().find(|case| case.name == *name).unwrap();
        let predict = case.expected.get("predict").map_or(Some("predict.py:Predictor"), Value::as_str).map(target);
        let train = case.expected.get("train").and_then(Value::as_str).map(target);
        let options = Options { cog_version: Some("0.19.3".to_owned()) };
        let tree = Older(FolderTree::new(case.folder.clone()));
        let Ok(description) = describe(&tree, predict.as_ref(), train.as_ref(), &options) else {
            refused.push(name.as_str());
            continue;
        };
        assert_eq!(description.document["info"]["version"], "0.1.0", "{name}");
        let mut found = description.document["components"]["schemas"].clone();
        found.as_object_mut().unwrap().retain(|name, _| !OF_SERVER.contains(&name.as_str()));
        if predict.is_none() {
            // The server describes what it was started for, whatever that is.
            let renamed = found.as_object().unwrap().iter();
            found = renamed.map(|(name, part)| (name.trim_start_matches("Training").to_owned(), part.clone())).collect();
        }
        let (found, expected) = (plain(&found), plain(expected));
        let parts: BTreeSet<&String> = found.as_object().unwrap().keys().chain(expected.as_object().unwrap().keys()).collect();
        let wrong = parts.into_iter().filter(|part| found.get(part) != expected.get(part));
        let before = differing.len();
        differing.extend(wrong.map(|part| (name.as_str(), part.clone())));
        equal += usize::from(differing.len() == before);
    }
    let mut known: Vec<_> = OF_SERVER_0_19.iter().map(|(name, part)| (*name, (*part).to_owned())).collect();
    known.sort();
    assert_eq!((differing, refused), (known, RUN_BY_SERVER_0_19.to_vec()));
    assert!(equal >= 95, "only {equal}");
}

#[test]
fn every_generation_of_pydantic_is_foreseen() {
    for (file, release, pydantic) in [
        ("0.9.20-pydantic-1.10", "0.9.20", Pydantic::One),
        ("0.14.12-pydantic-1.10", "0.14.12", Pydantic::One),
        ("0.14.12-pydantic-2.10", "0.14.12", Pydantic::Two),
        ("0.15.8-pydantic-2.10", "0.15.8", Pydantic::Two),
        ("0.16.12-pydantic-1.10", "0.16.12", Pydantic::One),
        ("0.16.12-pydantic-2.11", "0.16.12", Pydantic::Two),
    ] {
        let text = fs::read_to_string(folder("schema/dialects").join(format!("{file}.json"))).unwrap();
        let documents: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let tree = FolderTree::new(folder("schema/predictors"));
        for (name, expected) in documents {
            let source = fs::read_to_string(folder("schema/predictors").join(format!("{name}.py"))).unwrap();
            let train = source.contains("def train(").then(|| target(&format!("{name}.py:train")));
            let predict = source.contains("class Predictor").then(|| target(&format!("{name}.py:Predictor")));
            let options = Options { cog_version: Some(release.to_owned()) };
            let found = foresee(&tree, predict.as_ref(), train.as_ref(), &options, pydantic);
            let mut expected = expected["components"]["schemas"].clone();
            expected.as_object_mut().unwrap().retain(|name, _| !OF_SERVER.contains(&name.as_str()));
            let document = found.document.unwrap_or_else(|| panic!("{file} {name}: {:?}", found.findings));
            assert_eq!(plain(&document["components"]["schemas"]), plain(&expected), "{file} {name}");
        }
    }
}

#[test]
fn the_document_has_cogs_order() {
    let source = "class Predictor:\n    def run(self, b: str, a: int) -> str: ...\n";
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("predict.py"), source).unwrap();
    let tree = FolderTree::new(root.path().to_owned());
    let predict = target("predict.py:Predictor");
    let document = describe(&tree, Some(&predict), None, &Options::default()).unwrap().document;
    insta::assert_json_snapshot!("document", document);
}

#[test]
fn both_methods_are_one_document_with_sorted_keys() {
    let root = tempfile::tempdir().unwrap();
    let predict =
        "from cog import Input\n\n\nclass Predictor:\n    def run(self, size: str = Input(choices=['b', 'a'])) -> str: ...\n";
    let train =
        "from cog import Input\n\n\ndef train(size: int = Input(choices=[1]), other: int = Input(choices=[2])) -> str: ...\n";
    fs::write(root.path().join("predict.py"), predict).unwrap();
    fs::write(root.path().join("train.py"), train).unwrap();
    let tree = FolderTree::new(root.path().to_owned());
    let (predict, train) = (target("predict.py:Predictor"), target("train.py:train"));
    let description = describe(&tree, Some(&predict), Some(&train), &Options::default()).unwrap();
    let schemas = description.document["components"]["schemas"].as_object().unwrap();
    let names: Vec<&str> = schemas.keys().map(String::as_str).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    assert_eq!(schemas["size"]["enum"], json!(["b", "a"]), "what predict has is kept");
    assert_eq!(schemas["other"]["enum"], json!([2]));
    assert_eq!(schemas["TrainingOutput"]["title"], json!("Output"));
    assert_eq!(schemas.len(), FIXED.len() + 2);
    let paths: Vec<&String> = description.document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/",
            "/health-check",
            "/predictions",
            "/predictions/{prediction_id}/cancel",
            "/trainings",
            "/trainings/{training_id}/cancel"
        ]
    );
    assert_eq!(description.predict_places.input("size").unwrap().to_string(), "predict.py:5:19");
    assert_eq!(description.train_places.input("other").unwrap().to_string(), "train.py:4:43");
    assert_eq!(description.train_places.output().unwrap().to_string(), "train.py:4:79");
    assert_eq!(description.predict_places.input("gone").unwrap().to_string(), "predict.py:5:9", "the method");
}
