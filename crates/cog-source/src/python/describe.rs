//! From files to a document.

use cog_findings::{Finding, Location, SourceMap};
use serde_json::Value;

use super::document::{document, input_value, merged, output_schema};
use super::error::SignatureError;
use super::options::{Mode, Options, Release, Target};
use super::reader::{Failure, Reader};
use super::rules;
use super::signature::Signature;
use super::source::SourceTree;

/// What the source says about a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The OpenAPI document of both.
    pub document: Value,
    /// What a prediction takes and gives.
    pub predict: Option<Signature>,
    /// What a training takes and gives.
    pub train: Option<Signature>,
    /// Where the parts of `predict` are written.
    pub predict_places: SourceMap,
    /// Where the parts of `train` are written.
    pub train_places: SourceMap,
    /// What is legal but will surprise.
    pub warnings: Vec<Finding>,
}

/// One of the two, read.
type Part = (Signature, SourceMap);

/// Describes a model from its source. Nothing is run, and only files of the tree are read.
///
/// # Errors
/// Everything that keeps the signatures from being read, each at its place. Never empty.
pub fn describe(
    tree: &dyn SourceTree,
    predict: Option<&Target>,
    train: Option<&Target>,
    options: &Options,
) -> Result<Description, Vec<SignatureError>> {
    let release = options.cog_version.as_deref().and_then(Release::parse).unwrap_or(Release::NEWEST);
    let reader = Reader::new(tree, release, options.peer_exact);
    let targets = [(predict, Mode::Predict), (train, Mode::Train)];
    let mut parts = [None, None];
    let mut errors = Vec::new();
    for ((target, mode), part) in targets.into_iter().zip(&mut parts) {
        match target.map(|target| read(&reader, target, mode)).transpose() {
            Ok(found) => *part = found,
            Err(more) => errors.extend(more),
        }
    }
    let cog = reader.as_cog();
    let mut warnings = reader.into_warnings();
    if !options.peer_exact && errors.is_empty() {
        for ((target, mode), part) in targets.into_iter().zip(&parts) {
            if let (Some(target), Some(part)) = (target, part) {
                warnings.extend(differences(part, read(&cog, target, mode)));
            }
        }
    }
    errors.dedup();
    let [predict, train] = parts;
    let document = match (&predict, &train) {
        _ if !errors.is_empty() => return Err(errors),
        (Some((predict, _)), Some((train, _))) => merged(document(predict, release), &document(train, release)),
        (Some((one, _)), None) | (None, Some((one, _))) => document(one, release),
        (None, None) => {
            let message = "neither predict nor train is named";
            let error = SignatureError::new(&rules::REFERENCE_INVALID, Location::file("cog.yaml"), message);
            return Err(vec![error.with_hint("add run: \"predict.py:Predictor\" to cog.yaml")]);
        }
    };
    let (predict, predict_places) = predict.map_or((None, SourceMap::default()), |(one, places)| (Some(one), places));
    let (train, train_places) = train.map_or((None, SourceMap::default()), |(one, places)| (Some(one), places));
    Ok(Description { document, predict, train, predict_places, train_places, warnings })
}

fn read(reader: &Reader<'_>, target: &Target, mode: Mode) -> Result<Part, Failure> {
    let found = reader.find(target, mode)?;
    reader.signature(&found, mode)
}

/// Where Cog's own generator says something else than the source, or refuses it.
fn differences((ours, places): &Part, cog: Result<Part, Failure>) -> Vec<Finding> {
    let hint = "write it the way that Cog reads: literal values, names of the same file, types by their own names";
    let finding = |message: String, place: Option<&Location>| {
        let finding = Finding::new(&rules::BEYOND_COG, message).hint(hint);
        match place {
            Some(place) => finding.at(place.clone()),
            None => finding,
        }
    };
    let (cog, _) = match cog {
        Ok(part) => part,
        Err(errors) => {
            let refused =
                |error: &SignatureError| finding(format!("cog's own generator refuses this: {error}"), Some(error.location()));
            return errors.iter().map(refused).collect();
        }
    };
    let mut found = Vec::new();
    for input in &ours.inputs {
        let (name, place) = (&input.name, places.input(&input.name));
        let Some(other) = cog.inputs.iter().find(|other| other.name == *name) else {
            found.push(finding(format!("cog's own generator leaves out {name}"), place));
            continue;
        };
        let (here, there) = (input_value(input), input_value(other));
        if here != there {
            let message = format!("cog's own generator describes {name} otherwise: it loses or changes {}", changed(&here, &there));
            found.push(finding(message, place).detail("source", here.to_string()).detail("cog", there.to_string()));
        }
    }
    for other in cog.inputs.iter().filter(|other| ours.inputs.iter().all(|input| input.name != other.name)) {
        found.push(finding(format!("cog's own generator adds {}", other.name), places.target.as_ref()));
    }
    let (here, there) = (output_schema(&ours.output), output_schema(&cog.output));
    if here != there {
        let message = "cog's own generator describes the output otherwise".to_owned();
        found.push(finding(message, places.output()).detail("source", here.to_string()).detail("cog", there.to_string()));
    }
    found
}

/// The keys in which two schemas differ.
fn changed(here: &Value, there: &Value) -> String {
    let (Value::Object(here), Value::Object(there)) = (here, there) else { return "it".to_owned() };
    let mut keys: Vec<&str> =
        here.iter().filter(|(key, value)| there.get(*key) != Some(value)).map(|(key, _)| key.as_str()).collect();
    keys.extend(there.keys().filter(|key| !here.contains_key(*key)).map(String::as_str));
    keys.join(", ")
}
