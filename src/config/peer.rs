//! The configuration file of cog-safe-push.
//!
//! Types are exactly those of the file. Unknown keys are errors, as they are there. Inputs may be of any type, which cog-safe-push
//! refuses: `docs/reference/cog-safe-push.md#configuration-and-command-line`.

use std::collections::BTreeMap;

use cog_findings::{Finding, Location};
use cog_source::yaml::{Entry, Reader, read};

use crate::config::{reader, rules};
use crate::domain::case::{Expectation, TestCase};
use crate::domain::identity::ModelRef;
use crate::domain::prediction::Inputs;

const ROOT: [&str; 12] = [
    "model",
    "test_model",
    "test_hardware",
    "predict",
    "train",
    "deployment",
    "dockerfile",
    "parallel",
    "fast_push",
    "use_cog_base_image",
    "ignore_schema_compatibility",
    "official_model",
];
const PREDICT: [&str; 4] = ["compare_outputs", "predict_timeout", "test_cases", "fuzz"];
const TRAIN: [&str; 5] = ["destination", "destination_hardware", "train_timeout", "test_cases", "fuzz"];
const TEST_CASE: [&str; 6] = ["inputs", "exact_string", "match_url", "match_prompt", "jq_query", "error_contains"];
const FUZZ: [&str; 5] = ["fixed_inputs", "disabled_inputs", "iterations", "duration", "prompt"];
const DEPLOYMENT: [&str; 3] = ["owner", "name", "hardware"];

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PeerConfig {
    /// The file, relative to the repository.
    pub file: String,
    /// `model`.
    pub model: Option<ModelRef>,
    /// `test_model`.
    pub test_model: Option<ModelRef>,
    /// `test_hardware`.
    pub test_hardware: Option<String>,
    /// `predict`.
    pub predict: Option<PredictSection>,
    /// `train`.
    pub train: Option<TrainSection>,
    /// `deployment`.
    pub deployment: Option<DeploymentSection>,
    /// `dockerfile`.
    pub dockerfile: Option<String>,
    /// `parallel`.
    pub parallel: Option<u64>,
    /// `use_cog_base_image`.
    pub use_cog_base_image: Option<bool>,
    /// `ignore_schema_compatibility`.
    pub ignore_schema_compatibility: Option<bool>,
    /// `official_model`.
    pub official_model: Option<ModelRef>,
    /// Where values stand, by their paths: `predict.predict_timeout`.
    pub places: BTreeMap<String, Location>,
}

/// `predict`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictSection {
    /// `compare_outputs`.
    pub compare_outputs: Option<bool>,
    /// `predict_timeout`, in seconds.
    pub predict_timeout: Option<u64>,
    /// `test_cases`.
    pub test_cases: Vec<TestCase>,
    /// `fuzz`.
    pub fuzz: Option<FuzzSection>,
}

/// `train`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainSection {
    /// `destination`.
    pub destination: Option<ModelRef>,
    /// `destination_hardware`.
    pub destination_hardware: Option<String>,
    /// `train_timeout`, in seconds.
    pub train_timeout: Option<u64>,
    /// `test_cases`.
    pub test_cases: Vec<TestCase>,
    /// `fuzz`.
    pub fuzz: Option<FuzzSection>,
}

/// `fuzz`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FuzzSection {
    /// `fixed_inputs`.
    pub fixed_inputs: Inputs,
    /// `disabled_inputs`.
    pub disabled_inputs: Vec<String>,
    /// `iterations`.
    pub iterations: Option<u64>,
    /// `prompt`.
    pub prompt: Option<String>,
    /// Where the section stands.
    pub location: Option<Location>,
}

/// `deployment`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeploymentSection {
    /// `owner`.
    pub owner: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `hardware`.
    pub hardware: Option<String>,
}

/// Every key, of all sections.
#[cfg(test)]
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    [&ROOT[..], &PREDICT, &TRAIN, &TEST_CASE, &FUZZ, &DEPLOYMENT].into_iter().flatten().copied()
}

/// Reads a file's text. What is right is used, what is wrong is told; whether it may be used with mistakes is for the caller.
pub fn parse(text: &str, file: &str) -> (PeerConfig, Vec<Finding>) {
    let root = match read(text, file) {
        Ok(root) => root,
        Err(error) => {
            let finding = Finding::new(&rules::UNREADABLE, error.message).at(error.location);
            return (PeerConfig::default(), vec![finding]);
        }
    };
    let mut reader = reader::new();
    let mut config = config(&mut reader, &Entry::root(&root), file);
    let (mut findings, places) = reader.finish();
    config.places = places;
    findings.sort_by_key(|finding| finding.location.as_ref().map(|location| (location.line, location.column)));
    (config, findings)
}

fn config(reader: &mut Reader, root: &Entry<'_>, file: &str) -> PeerConfig {
    let Some(entries) = reader.mapping(root, &ROOT) else { return PeerConfig::default() };
    if entries.get("model").is_none() {
        reader::missing(reader, "model", Location::at(file, 1, 1), "name the live model, as in `model: acme/hotdog`");
    }
    if let Some(entry) = entries.get("fast_push")
        && reader.lenient_boolean(Some(&entry)) == Some(true)
    {
        deprecated(reader, &entry, "fast_push", "Cog no longer has fast pushes; remove it");
    }
    PeerConfig {
        file: file.to_owned(),
        model: reader::model(reader, entries.get("model").as_ref()),
        test_model: reader::model(reader, entries.get("test_model").as_ref()),
        test_hardware: reader.text(entries.get("test_hardware").as_ref()),
        predict: entries.get("predict").and_then(|entry| predict(reader, &entry)),
        train: entries.get("train").and_then(|entry| train(reader, &entry)),
        deployment: entries.get("deployment").and_then(|entry| deployment(reader, &entry)),
        dockerfile: reader.text(entries.get("dockerfile").as_ref()),
        parallel: reader.lenient_count(entries.get("parallel").as_ref()),
        use_cog_base_image: reader.lenient_boolean(entries.get("use_cog_base_image").as_ref()),
        ignore_schema_compatibility: reader.lenient_boolean(entries.get("ignore_schema_compatibility").as_ref()),
        official_model: reader::model(reader, entries.get("official_model").as_ref()),
        places: BTreeMap::new(),
    }
}

fn deprecated(reader: &mut Reader, entry: &Entry<'_>, key: &str, hint: &str) {
    let finding = Finding::new(&rules::DEPRECATED_KEY, format!("'{key}' has no effect")).at(entry.location().clone()).hint(hint);
    reader.report(finding);
}

fn predict(reader: &mut Reader, entry: &Entry<'_>) -> Option<PredictSection> {
    let entries = reader.mapping(entry, &PREDICT)?;
    Some(PredictSection {
        compare_outputs: reader.lenient_boolean(entries.get("compare_outputs").as_ref()),
        predict_timeout: reader.lenient_count(entries.get("predict_timeout").as_ref()),
        test_cases: test_cases(reader, entries.get("test_cases").as_ref()),
        fuzz: entries.get("fuzz").and_then(|entry| fuzz(reader, &entry)),
    })
}

fn train(reader: &mut Reader, entry: &Entry<'_>) -> Option<TrainSection> {
    let entries = reader.mapping(entry, &TRAIN)?;
    Some(TrainSection {
        destination: reader::model(reader, entries.get("destination").as_ref()),
        destination_hardware: reader.text(entries.get("destination_hardware").as_ref()),
        train_timeout: reader.lenient_count(entries.get("train_timeout").as_ref()),
        test_cases: test_cases(reader, entries.get("test_cases").as_ref()),
        fuzz: entries.get("fuzz").and_then(|entry| fuzz(reader, &entry)),
    })
}

fn test_cases(reader: &mut Reader, entry: Option<&Entry<'_>>) -> Vec<TestCase> {
    let items = reader.list(entry);
    items.iter().filter_map(|item| test_case(reader, item)).collect()
}

fn test_case(reader: &mut Reader, entry: &Entry<'_>) -> Option<TestCase> {
    let entries = reader.mapping(entry, &TEST_CASE)?;
    if entries.get("inputs").is_none() {
        reader::missing(reader, "inputs", entry.location().clone(), "write `inputs: {}` for a case without any");
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
        if let Some(checker) = entries.get(key)
            && let Some(text) = reader.text(Some(&checker))
        {
            let expectation = make(text);
            if is_empty(&expectation) {
                let finding =
                    Finding::new(&rules::EMPTY_CHECKER, format!("{} is empty", checker.path())).at(checker.location().clone());
                reader.report(finding.hint("say what is expected, or take the key out"));
            }
            given.push((key, checker.location(), expectation));
        }
    }
    if let [(first, ..), (second, location, _), ..] = given.as_slice() {
        let message = format!("a test case has both {first} and {second}");
        let finding = Finding::new(&rules::TWO_CHECKERS, message).at((*location).clone());
        reader.report(finding.hint("make it two test cases"));
    }
    let expectation = given.into_iter().next().map_or(Expectation::Succeeds, |(_, _, expectation)| expectation);
    let inputs = reader::inputs(reader, entries.get("inputs").as_ref());
    Some(TestCase { inputs, expectation, location: Some(entry.location().clone()) })
}

/// Whether an expectation says nothing. An empty text can be what an output has to be.
pub(super) fn is_empty(expectation: &Expectation) -> bool {
    !matches!(expectation, Expectation::ExactString(_)) && expectation.wanted().is_some_and(|wanted| wanted.trim().is_empty())
}

fn fuzz(reader: &mut Reader, entry: &Entry<'_>) -> Option<FuzzSection> {
    let entries = reader.mapping(entry, &FUZZ)?;
    if let Some(duration) = entries.get("duration") {
        deprecated(reader, &duration, "duration", "the number of iterations decides; remove it");
    }
    let disabled = reader.texts(entries.get("disabled_inputs").as_ref());
    let section = FuzzSection {
        fixed_inputs: reader::inputs(reader, entries.get("fixed_inputs").as_ref()),
        disabled_inputs: disabled.iter().map(|name| name.value.clone()).collect(),
        iterations: reader.lenient_count(entries.get("iterations").as_ref()),
        prompt: reader.text(entries.get("prompt").as_ref()),
        location: Some(entry.location().clone()),
    };
    for name in disabled.into_iter().filter(|name| section.fixed_inputs.contains_key(&name.value)) {
        reader.report(fixed_and_disabled(&name.value).at(name.location));
    }
    Some(section)
}

/// An input that is to be sent always and never.
pub(super) fn fixed_and_disabled(name: &str) -> Finding {
    Finding::new(&rules::FIXED_AND_DISABLED, format!("'{name}' is both fixed and disabled")).hint("take it out of one of the two")
}

fn deployment(reader: &mut Reader, entry: &Entry<'_>) -> Option<DeploymentSection> {
    let entries = reader.mapping(entry, &DEPLOYMENT)?;
    if entries.get("name").is_none() {
        reader::missing(reader, "deployment.name", entry.location().clone(), "name the deployment, or remove the section");
    }
    Some(DeploymentSection {
        owner: reader.text(entries.get("owner").as_ref()),
        name: reader.text(entries.get("name").as_ref()),
        hardware: reader.text(entries.get("hardware").as_ref()),
    })
}

/// Makes an expectation of what a checker's key holds.
type Make = fn(String) -> Expectation;
