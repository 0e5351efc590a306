//! From the YAML tree to values: types, known keys and the form of single values. Rules between values are in `check`.

use cog_findings::{Finding, Location, Severity};

use super::build;
use super::keys;
use super::reader::ConfigReader;
use super::types::{CogConfig, Concurrency};
use super::weights;
use crate::environment::{Variable, VariableError};
use crate::rules;
use crate::sdk::SdkVersion;
use crate::target::Target;
use crate::yaml::{Entry, Located, Mapping, Node, Value};

/// Reads the document. `None` when it is not a mapping.
pub(super) fn read(root: &Node, file: &str, sdk: Option<&SdkVersion>) -> (Option<CogConfig>, Vec<Finding>) {
    let sdk = sdk.cloned().or_else(|| sdk_in(root)).unwrap_or_default();
    let mut reader = ConfigReader::new(sdk);
    let config = document(&mut reader, root, file);
    (config, reader.yaml.finish().0)
}

/// The SDK that the document requests. It decides what is reported about other keys.
fn sdk_in(root: &Node) -> Option<SdkVersion> {
    match &member(member(root, "build")?, "sdk_version")?.value {
        Value::Text(text) | Value::Number(text) => SdkVersion::parse(text),
        _ => None,
    }
}

fn member<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value),
        _ => None,
    }
}

fn document(reader: &mut ConfigReader, root: &Node, file: &str) -> Option<CogConfig> {
    let is_empty = root.value == Value::Null;
    let empty = Node { value: Value::Map(Vec::new()), location: root.location.clone() };
    let root = match &root.value {
        Value::Null => &empty,
        Value::Map(_) => root,
        _ => {
            reader.report(&rules::UNREADABLE, "the document is not a mapping", &root.location);
            return None;
        }
    };
    let root = reader.section(&Entry::root(root), &keys::ROOT)?;
    let mut build = root.get("build").map(|entry| build::read(reader, &entry)).unwrap_or_default();
    build.legacy_keys.extend(root.key("tests").map(|key| Located::new(key.name.clone(), key.location.clone())));
    let is_named = |name| root.get(name).is_some_and(|entry| !is_blank(&entry));
    if !["run", "predict", "train"].into_iter().any(is_named) {
        let hint = "add `predict: predict.py:Predictor`";
        let start = Location::at(file, 1, 1);
        let message = "none of `run`, `predict` and `train` is set";
        let message = if is_empty { format!("the file is empty: {message}") } else { message.to_owned() };
        reader.report_with_hint(&rules::TARGET_MISSING, message, hint, &start);
    }
    Some(CogConfig {
        file: file.to_owned(),
        build,
        image: reader.text(root.get("image").as_ref()),
        model: reader.text(root.get("model").as_ref()),
        predict: run_or_predict(reader, &root),
        train: target(reader, &root, "train", "train.py:Trainer"),
        concurrency: concurrency(reader, &root),
        environment: environment(reader, &root),
        weights: weights::read(reader, &root),
    })
}

fn is_blank(entry: &Entry<'_>) -> bool {
    matches!(&entry.node().value, Value::Text(text) if text.trim().is_empty())
}

fn run_or_predict(reader: &mut ConfigReader, root: &Mapping<'_>) -> Option<Located<Target>> {
    let run = target(reader, root, "run", "run.py:Runner");
    let predict = target(reader, root, "predict", "predict.py:Predictor");
    let (run_key, predict_key) = (root.key("run"), root.key("predict"));
    if let (Some(key), Some(_), Some(_)) = (run_key, &run, &predict) {
        reader.report(&rules::TARGET_TWICE, "only one of `run` and `predict` can be set", &key.location);
    }
    if let (Some(key), Some(_)) = (run_key, &run) {
        reader.require((0, 20), key, "use `predict`");
    } else if let (Some(key), Some(_)) = (predict_key, &predict)
        && reader.sdk.is_at_least(0, 20)
    {
        // A note only: most models say `predict`, and Cog itself still writes it into the labels.
        let finding = Finding::new(&rules::DEPRECATED_KEY, "`predict` is called `run` since Cog 0.20")
            .with_severity(Severity::Note)
            .hint("rename it to `run` when you edit the file anyway");
        reader.yaml.report(finding.at(key.location.clone()));
    }
    run.or(predict)
}

fn target(reader: &mut ConfigReader, root: &Mapping<'_>, key: &str, example: &str) -> Option<Located<Target>> {
    let text = reader.text(root.get(key).as_ref())?;
    let target = Target::parse(&text.value);
    if target.is_none() {
        let message = format!("`{key}` is `{}`, which is not of the form file.py:Name", text.value);
        reader.report_with_hint(&rules::TARGET_FORM, message, format!("write it as `{example}`"), &text.location);
    }
    target.map(|target| Located::new(target, text.location))
}

fn concurrency(reader: &mut ConfigReader, root: &Mapping<'_>) -> Option<Concurrency> {
    let (key, entry) = (root.key("concurrency")?, root.get("concurrency")?);
    let section = reader.section(&entry, &keys::CONCURRENCY)?;
    let default_target = reader.yaml.integer(section.get("default_target").as_ref()).and_then(|value| u32::try_from(value).ok());
    let Some(max) = section.get("max") else {
        reader.report(&rules::CONCURRENCY_INVALID, "`concurrency` has no `max`", &key.location);
        return None;
    };
    let value = reader.yaml.integer(Some(&max))?;
    match u32::try_from(value) {
        Ok(value) if value >= 1 => {
            if reader.sdk.is_at_least(0, 22) {
                reader.deprecated(key, "concurrency.max", "put `@cog.concurrent(max=…)` on the async method");
            }
            Some(Concurrency { max: Located::new(value, max.location().clone()), default_target })
        }
        _ => {
            let message = format!("`concurrency.max` is {value}; it must be at least 1");
            reader.report(&rules::CONCURRENCY_INVALID, message, max.location());
            None
        }
    }
}

fn environment(reader: &mut ConfigReader, root: &Mapping<'_>) -> Vec<Located<Variable>> {
    let mut variables: Vec<Located<Variable>> = Vec::new();
    for entry in reader.texts(root.get("environment").as_ref()) {
        match Variable::parse(&entry.value) {
            Ok(variable) if variables.iter().any(|known| known.value.name == variable.name) => {
                let message = format!("`{}` is set twice in `environment`", variable.name);
                reader.report(&rules::ENVIRONMENT_INVALID, message, &entry.location);
            }
            Ok(variable) => variables.push(Located::new(variable, entry.location)),
            Err(error @ VariableError::Reserved { .. }) => {
                let message = format!("{error}: Cog or the platform sets it");
                let hint = "set it in the model's own code, or rename it";
                reader.report_with_hint(&rules::ENVIRONMENT_RESERVED, message, hint, &entry.location);
            }
            Err(error) => reader.report(&rules::ENVIRONMENT_INVALID, error.to_string(), &entry.location),
        }
    }
    variables
}
