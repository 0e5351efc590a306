//! The configuration file of cog-safe-push.
//!
//! Types are exactly those of the file. Unknown keys are errors, as in cog-safe-push. Inputs may have any type, which cog-safe-push
//! rejects: `docs/reference/cog-safe-push.md#configuration-and-command-line`.

use std::collections::BTreeMap;

use cog_findings::{Finding, Location};
use cog_source::yaml::{Entry, Reader, Value, read};

#[cfg(test)]
use crate::config::model_keys::{AUDIO_CHECK, CHECKS, COMPARE, IMAGE_CHECK, TEST_CASE, VIDEO_CHECK};
use crate::config::model_keys::{DEPLOYMENT, FUZZ, PREDICT, ROOT, TRAIN};
use crate::config::{reader, rules, test_case};
use crate::domain::case::TestCase;
use crate::domain::identity::ModelRef;
use crate::domain::prediction::Inputs;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ModelFile {
    /// The file, relative to the repository.
    pub(super) file: String,
    pub(super) model: Option<ModelRef>,
    pub(super) test_model: Option<ModelRef>,
    pub(super) test_hardware: Option<String>,
    pub(super) predict: Option<PredictSection>,
    pub(super) train: Option<TrainSection>,
    pub(super) deployment: Option<DeploymentSection>,
    pub(super) dockerfile: Option<String>,
    pub(super) parallel: Option<u64>,
    pub(super) use_cog_base_image: Option<bool>,
    pub(super) ignore_schema_compatibility: Option<bool>,
    pub(super) official_model: Option<ModelRef>,
    /// Locations of values by their paths, as in `predict.predict_timeout`.
    pub(super) places: BTreeMap<String, Location>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct PredictSection {
    pub(super) compare_outputs: Option<bool>,
    /// `predict_timeout`, in seconds.
    pub(super) predict_timeout: Option<u64>,
    pub(super) test_cases: Vec<TestCase>,
    pub(super) fuzz: Option<FuzzSection>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TrainSection {
    pub(super) destination: Option<ModelRef>,
    pub(super) destination_hardware: Option<String>,
    /// `train_timeout`, in seconds.
    pub(super) train_timeout: Option<u64>,
    pub(super) test_cases: Vec<TestCase>,
    pub(super) fuzz: Option<FuzzSection>,
}

impl TrainSection {
    /// The model that receives trained versions.
    pub(super) fn destination_of(&self, test_model: &ModelRef) -> ModelRef {
        self.destination.clone().unwrap_or_else(|| test_model.with_suffix("-dest"))
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct FuzzSection {
    pub(super) fixed_inputs: Inputs,
    pub(super) disabled_inputs: Vec<String>,
    pub(super) files: BTreeMap<String, Vec<serde_json::Value>>,
    pub(super) iterations: Option<u64>,
    pub(super) prompt: Option<String>,
    /// The location of the section.
    pub(super) location: Option<Location>,
    /// The locations of the names of fixed and disabled inputs.
    pub(super) input_places: BTreeMap<String, Location>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DeploymentSection {
    pub(super) owner: Option<String>,
    pub(super) name: Option<String>,
    pub(super) hardware: Option<String>,
}

/// The keys of all sections.
#[cfg(test)]
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    [ROOT, PREDICT, TRAIN, TEST_CASE, CHECKS, IMAGE_CHECK, AUDIO_CHECK, VIDEO_CHECK, COMPARE, FUZZ, DEPLOYMENT]
        .into_iter()
        .flat_map(|section| section.names())
}

/// Reads the text of a file. Yields everything that is correct, and the mistakes; whether to use it despite mistakes is left to the caller.
pub(super) fn parse(text: &str, file: &str) -> (ModelFile, Vec<Finding>) {
    let root = match read(text, file) {
        Ok(root) => root,
        Err(error) => {
            let finding = Finding::new(&rules::UNREADABLE, error.message).at(error.location).hint(error.hint);
            return (ModelFile::default(), vec![finding]);
        }
    };
    let mut reader = reader::new();
    let mut config = config(&mut reader, &Entry::root(&root), file);
    let (mut findings, places) = reader.finish();
    config.places = places;
    findings.sort_by_key(|finding| finding.location.as_ref().map(|location| (location.line, location.column)));
    (config, findings)
}

fn config(reader: &mut Reader, root: &Entry<'_>, file: &str) -> ModelFile {
    if root.node().value == Value::Null {
        let finding = Finding::new(&rules::MISSING_KEY, "the file is empty").at(Location::at(file, 1, 1));
        reader.report(finding.hint("write `model: OWNER/NAME`, or replace the file with `safe-push init OWNER/NAME --force`"));
        return ModelFile::default();
    }
    let Some(entries) = reader.mapping(root, &ROOT.names()) else { return ModelFile::default() };
    let is_blank = |entry: &Entry<'_>| matches!(&entry.node().value, Value::Text(text) if text.trim().is_empty());
    if entries.get("model").is_none_or(|entry| is_blank(&entry)) {
        reader::missing(reader, "model", Location::at(file, 1, 1), "name the live model, as in `model: acme/hotdog`");
    }
    if let Some(entry) = entries.get("fast_push")
        && reader.lenient_boolean(Some(&entry)) == Some(true)
    {
        deprecated(reader, &entry, "fast_push", "Cog no longer has fast pushes; remove it");
    }
    ModelFile {
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
    let entries = reader.mapping(entry, &PREDICT.names())?;
    Some(PredictSection {
        compare_outputs: reader.lenient_boolean(entries.get("compare_outputs").as_ref()),
        predict_timeout: reader.lenient_count(entries.get("predict_timeout").as_ref()),
        test_cases: test_case::test_cases(reader, entries.get("test_cases").as_ref()),
        fuzz: entries.get("fuzz").and_then(|entry| fuzz(reader, &entry)),
    })
}

fn train(reader: &mut Reader, entry: &Entry<'_>) -> Option<TrainSection> {
    let entries = reader.mapping(entry, &TRAIN.names())?;
    Some(TrainSection {
        destination: reader::model(reader, entries.get("destination").as_ref()),
        destination_hardware: reader.text(entries.get("destination_hardware").as_ref()),
        train_timeout: reader.lenient_count(entries.get("train_timeout").as_ref()),
        test_cases: test_case::test_cases(reader, entries.get("test_cases").as_ref()),
        fuzz: entries.get("fuzz").and_then(|entry| fuzz(reader, &entry)),
    })
}

fn fuzz(reader: &mut Reader, entry: &Entry<'_>) -> Option<FuzzSection> {
    let entries = reader.mapping(entry, &FUZZ.names())?;
    if let Some(duration) = entries.get("duration") {
        deprecated(reader, &duration, "duration", "the number of iterations decides; remove it");
    }
    let disabled = reader.texts(entries.get("disabled_inputs").as_ref());
    let mut input_places = reader::key_places(entries.get("fixed_inputs").as_ref());
    input_places.extend(disabled.iter().map(|name| (name.value.clone(), name.location.clone())));
    let section = FuzzSection {
        fixed_inputs: reader::inputs(reader, entries.get("fixed_inputs").as_ref()),
        disabled_inputs: disabled.iter().map(|name| name.value.clone()).collect(),
        files: files(reader, entries.get("files").as_ref()),
        iterations: reader.lenient_count(entries.get("iterations").as_ref()),
        prompt: reader.text(entries.get("prompt").as_ref()),
        location: Some(entry.location().clone()),
        input_places,
    };
    for name in disabled.into_iter().filter(|name| section.fixed_inputs.contains_key(&name.value)) {
        reader.report(fixed_and_disabled(&name.value).at(name.location));
    }
    reader::placeholders(reader, &section.fixed_inputs, &section.input_places);
    Some(section)
}

/// Files by input: one, or a list.
fn files(reader: &mut Reader, entry: Option<&Entry<'_>>) -> BTreeMap<String, Vec<serde_json::Value>> {
    let offered = reader::inputs(reader, entry).into_iter().map(|(name, value)| match value {
        serde_json::Value::Array(files) => (name, files),
        file => (name, vec![file]),
    });
    offered.collect()
}

/// An input that is fixed and disabled at once.
pub(super) fn fixed_and_disabled(name: &str) -> Finding {
    Finding::new(&rules::FIXED_AND_DISABLED, format!("'{name}' is both fixed and disabled")).hint("remove it from one of the two")
}

fn deployment(reader: &mut Reader, entry: &Entry<'_>) -> Option<DeploymentSection> {
    let entries = reader.mapping(entry, &DEPLOYMENT.names())?;
    if entries.get("name").is_none() {
        reader::missing(reader, "deployment.name", entry.location().clone(), "name the deployment, or remove the section");
    }
    Some(DeploymentSection {
        owner: reader.text(entries.get("owner").as_ref()),
        name: reader.text(entries.get("name").as_ref()),
        hardware: reader.text(entries.get("hardware").as_ref()),
    })
}
