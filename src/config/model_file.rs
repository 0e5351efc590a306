//! The configuration file of cog-safe-push.
//!
//! Types are exactly those of the file. Unknown keys are errors, as they are there. Inputs may be of any type, which cog-safe-push
//! refuses: `docs/reference/cog-safe-push.md#configuration-and-command-line`.

use std::collections::BTreeMap;

use cog_findings::{Finding, Location};
use cog_source::yaml::{Node, Value, read};

use crate::config::model_keys::{DEPLOYMENT, FUZZ, PREDICT, ROOT, TEST_CASE, TRAIN};
use crate::config::reader::Reader;
use crate::config::rules;
use crate::domain::case::{Expectation, TestCase};
use crate::domain::identity::ModelRef;
use crate::domain::prediction::Inputs;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ModelFile {
    /// The file, relative to the repository.
    pub(super) file: String,
    /// `model`.
    pub(super) model: Option<ModelRef>,
    /// `test_model`.
    pub(super) test_model: Option<ModelRef>,
    /// `test_hardware`.
    pub(super) test_hardware: Option<String>,
    /// `predict`.
    pub(super) predict: Option<PredictSection>,
    /// `train`.
    pub(super) train: Option<TrainSection>,
    /// `deployment`.
    pub(super) deployment: Option<DeploymentSection>,
    /// `dockerfile`.
    pub(super) dockerfile: Option<String>,
    /// `parallel`.
    pub(super) parallel: Option<u64>,
    /// `use_cog_base_image`.
    pub(super) use_cog_base_image: Option<bool>,
    /// `ignore_schema_compatibility`.
    pub(super) ignore_schema_compatibility: Option<bool>,
    /// `official_model`.
    pub(super) official_model: Option<ModelRef>,
    /// Locations of values by their paths, as in `predict.predict_timeout`.
    pub(super) places: BTreeMap<String, Location>,
}

/// `predict`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct PredictSection {
    /// `compare_outputs`.
    pub(super) compare_outputs: Option<bool>,
    /// `predict_timeout`, in seconds.
    pub(super) predict_timeout: Option<u64>,
    /// `test_cases`.
    pub(super) test_cases: Vec<TestCase>,
    /// `fuzz`.
    pub(super) fuzz: Option<FuzzSection>,
}

/// `train`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TrainSection {
    /// `destination`.
    pub(super) destination: Option<ModelRef>,
    /// `destination_hardware`.
    pub(super) destination_hardware: Option<String>,
    /// `train_timeout`, in seconds.
    pub(super) train_timeout: Option<u64>,
    /// `test_cases`.
    pub(super) test_cases: Vec<TestCase>,
    /// `fuzz`.
    pub(super) fuzz: Option<FuzzSection>,
}

/// `fuzz`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct FuzzSection {
    /// `fixed_inputs`.
    pub(super) fixed_inputs: Inputs,
    /// `disabled_inputs`.
    pub(super) disabled_inputs: Vec<String>,
    /// `iterations`.
    pub(super) iterations: Option<u64>,
    /// `prompt`.
    pub(super) prompt: Option<String>,
    /// The location of the section.
    pub(super) location: Option<Location>,
}

/// `deployment`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DeploymentSection {
    /// `owner`.
    pub(super) owner: Option<String>,
    /// `name`.
    pub(super) name: Option<String>,
    /// `hardware`.
    pub(super) hardware: Option<String>,
}

/// The keys of all sections.
#[cfg(test)]
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    [ROOT, PREDICT, TRAIN, TEST_CASE, FUZZ, DEPLOYMENT].into_iter().flat_map(|section| section.names())
}

/// Reads the text of a file. Yields everything that is correct, and the mistakes; whether to use it despite mistakes is left to the caller.
pub(super) fn parse(text: &str, file: &str) -> (ModelFile, Vec<Finding>) {
    let root = match read(text, file) {
        Ok(root) => root,
        Err(error) => {
            let finding = Finding::new(&rules::UNREADABLE, error.message).at(error.location);
            return (ModelFile::default(), vec![finding]);
        }
    };
    let mut reader = Reader::default();
    let mut config = config(&mut reader, &root, file);
    config.places = reader.places;
    let mut findings = reader.findings;
    findings.sort_by_key(|finding| finding.location.as_ref().map(|location| (location.line, location.column)));
    (config, findings)
}

fn config(reader: &mut Reader, root: &Node, file: &str) -> ModelFile {
    let Some(entries) = reader.mapping(root, "", &ROOT.names()) else { return ModelFile::default() };
    if entries.get("model").is_none() {
        reader.missing("model", Location::at(file, 1, 1), "name the live model, as in `model: acme/hotdog`");
    }
    if let Some(node) = entries.get("fast_push")
        && reader.boolean(Some(node), "fast_push") == Some(true)
    {
        deprecated(reader, node, "fast_push", "Cog no longer has fast pushes; remove it");
    }
    ModelFile {
        file: file.to_owned(),
        model: reader.model(entries.get("model"), "model"),
        test_model: reader.model(entries.get("test_model"), "test_model"),
        test_hardware: reader.text(entries.get("test_hardware"), "test_hardware"),
        predict: entries.get("predict").and_then(|node| predict(reader, node)),
        train: entries.get("train").and_then(|node| train(reader, node)),
        deployment: entries.get("deployment").and_then(|node| deployment(reader, node)),
        dockerfile: reader.text(entries.get("dockerfile"), "dockerfile"),
        parallel: reader.number(entries.get("parallel"), "parallel"),
        use_cog_base_image: reader.boolean(entries.get("use_cog_base_image"), "use_cog_base_image"),
        ignore_schema_compatibility: reader.boolean(entries.get("ignore_schema_compatibility"), "ignore_schema_compatibility"),
        official_model: reader.model(entries.get("official_model"), "official_model"),
        places: BTreeMap::new(),
    }
}

fn deprecated(reader: &mut Reader, node: &Node, key: &str, hint: &str) {
    let finding = Finding::new(&rules::DEPRECATED_KEY, format!("'{key}' has no effect")).at(node.location.clone()).hint(hint);
    reader.findings.push(finding);
}

fn predict(reader: &mut Reader, node: &Node) -> Option<PredictSection> {
    let entries = reader.mapping(node, "predict", &PREDICT.names())?;
    Some(PredictSection {
        compare_outputs: reader.boolean(entries.get("compare_outputs"), "predict.compare_outputs"),
        predict_timeout: reader.number(entries.get("predict_timeout"), "predict.predict_timeout"),
        test_cases: test_cases(reader, entries.get("test_cases"), "predict.test_cases"),
        fuzz: entries.get("fuzz").and_then(|node| fuzz(reader, node, "predict.fuzz")),
    })
}

fn train(reader: &mut Reader, node: &Node) -> Option<TrainSection> {
    let entries = reader.mapping(node, "train", &TRAIN.names())?;
    Some(TrainSection {
        destination: reader.model(entries.get("destination"), "train.destination"),
        destination_hardware: reader.text(entries.get("destination_hardware"), "train.destination_hardware"),
        train_timeout: reader.number(entries.get("train_timeout"), "train.train_timeout"),
        test_cases: test_cases(reader, entries.get("test_cases"), "train.test_cases"),
        fuzz: entries.get("fuzz").and_then(|node| fuzz(reader, node, "train.fuzz")),
    })
}

fn test_cases(reader: &mut Reader, node: Option<&Node>, path: &str) -> Vec<TestCase> {
    let items = reader.list(node, path);
    items.into_iter().enumerate().filter_map(|(index, item)| test_case(reader, item, &format!("{path}[{index}]"))).collect()
}

fn test_case(reader: &mut Reader, node: &Node, path: &str) -> Option<TestCase> {
    let entries = reader.mapping(node, path, &TEST_CASE.names())?;
    if entries.get("inputs").is_none() {
        reader.missing("inputs", node.location.clone(), "write `inputs: {}` for a case without inputs");
    }
    let checkers: [(&str, Make); 5] = [
        ("exact_string", Expectation::ExactString),
        ("match_url", Expectation::MatchUrl),
        ("match_prompt", Expectation::MatchPrompt),
        ("jq_query", Expectation::JqQuery),
        ("error_contains", Expectation::ErrorContains),
    ];
    let mut given = Vec::new();
    for (key, make) in checkers {
        if let Some(node) = entries.get(key)
            && let Some(text) = reader.text(Some(node), &format!("{path}.{key}"))
        {
            let expectation = make(text);
            if is_empty(&expectation) {
                let finding = Finding::new(&rules::EMPTY_CHECKER, format!("{path}.{key} is empty")).at(node.location.clone());
                reader.findings.push(finding.hint("write what is expected, or remove the key"));
            }
            given.push((key, node, expectation));
        }
    }
    if let [(first, ..), (second, node, _), ..] = given.as_slice() {
        let message = format!("a test case has both {first} and {second}");
        let finding = Finding::new(&rules::TWO_CHECKERS, message).at(node.location.clone());
        reader.findings.push(finding.hint("make it two test cases"));
    }
    let expectation = given.into_iter().next().map_or(Expectation::Succeeds, |(_, _, expectation)| expectation);
    let inputs = reader.inputs(entries.get("inputs"), &format!("{path}.inputs"));
    Some(TestCase { inputs, expectation, location: Some(node.location.clone()) })
}

/// Whether an expectation is empty. An empty `exact_string` is not: the output may have to be empty.
pub(super) fn is_empty(expectation: &Expectation) -> bool {
    !matches!(expectation, Expectation::ExactString(_)) && expectation.wanted().is_some_and(|wanted| wanted.trim().is_empty())
}

fn fuzz(reader: &mut Reader, node: &Node, path: &str) -> Option<FuzzSection> {
    let entries = reader.mapping(node, path, &FUZZ.names())?;
    if let Some(duration) = entries.get("duration") {
        deprecated(reader, duration, "duration", "the number of iterations decides; remove it");
    }
    let section = FuzzSection {
        fixed_inputs: reader.inputs(entries.get("fixed_inputs"), &format!("{path}.fixed_inputs")),
        disabled_inputs: reader.texts(entries.get("disabled_inputs"), &format!("{path}.disabled_inputs")),
        iterations: reader.number(entries.get("iterations"), &format!("{path}.iterations")),
        prompt: reader.text(entries.get("prompt"), &format!("{path}.prompt")),
        location: Some(node.location.clone()),
    };
    for name in section.disabled_inputs.iter().filter(|name| section.fixed_inputs.contains_key(*name)) {
        let items = entries.get("disabled_inputs").map(|list| &list.value);
        let item = match items {
            Some(Value::List(items)) => items.iter().find(|item| item.value == Value::Text(name.clone())),
            _ => None,
        };
        let place = item.unwrap_or(node).location.clone();
        reader.findings.push(fixed_and_disabled(name).at(place));
    }
    Some(section)
}

/// An input that is fixed and disabled at once.
pub(super) fn fixed_and_disabled(name: &str) -> Finding {
    Finding::new(&rules::FIXED_AND_DISABLED, format!("'{name}' is both fixed and disabled")).hint("remove it from one of the two")
}

fn deployment(reader: &mut Reader, node: &Node) -> Option<DeploymentSection> {
    let entries = reader.mapping(node, "deployment", &DEPLOYMENT.names())?;
    if entries.get("name").is_none() {
        reader.missing("deployment.name", node.location.clone(), "name the deployment, or remove the section");
    }
    Some(DeploymentSection {
        owner: reader.text(entries.get("owner"), "deployment.owner"),
        name: reader.text(entries.get("name"), "deployment.name"),
        hardware: reader.text(entries.get("hardware"), "deployment.hardware"),
    })
}

/// Makes an expectation from the value of a checker's key.
type Make = fn(String) -> Expectation;
