//! The labels that identify an image to Replicate and other readers: `docs/reference/cog.md#labels`.

use serde_json::{Map, Value, json};

use crate::config::{CogConfig, RunCommand, WeightSource};

const NAMESPACE: &str = "run.cog.";

/// The label that makes each push a separate version.
pub const PUSH_ID: &str = "run.cog.push_id";

pub const OPENAPI_SCHEMA: &str = "run.cog.openapi_schema";

/// The last layer of the `cog-base` image that was built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CogBaseLayer {
    /// The image's reference.
    pub image: String,
    pub last_layer_diff_id: String,
    /// The index of that layer, from 0.
    pub last_layer_index: usize,
}

/// The values of the labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelInputs {
    /// The Cog version that the image is compatible with, without `v`.
    pub cog_version: String,
    /// The configuration, from [`config_json`].
    pub config: String,
    /// The schema as in the image; `None` when the user disabled it.
    pub openapi_schema: Option<String>,
    /// The output of `python -m pip freeze` in the image.
    pub pip_freeze: Option<String>,
    /// The base image's last layer, for builds on `cog-base`.
    pub cog_base: Option<CogBaseLayer>,
    /// The commit.
    pub git_revision: Option<String>,
    /// The branch, tag or description of the commit.
    pub git_version: Option<String>,
    /// The push; `None` for a build alone.
    pub push_id: Option<String>,
    /// Models on Replicate that this one calls, as a JSON list; only Cog 0.15.1 to 0.16 wrote it.
    pub model_dependencies: Option<String>,
}

/// The labels, in a fixed order.
///
/// ```
/// use cog_source::labels::{LabelInputs, labels};
///
/// let inputs = LabelInputs { cog_version: "0.22.0".to_owned(), config: "{}".to_owned(), ..LabelInputs::default() };
/// assert_eq!(labels(&inputs)[0], ("run.cog.version".to_owned(), "0.22.0".to_owned()));
/// ```
pub fn labels(inputs: &LabelInputs) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut cog = |name: &str, value: &str| labels.push((format!("{NAMESPACE}{name}"), value.to_owned()));
    cog("version", &inputs.cog_version);
    cog("config", &inputs.config);
    // Set even for a Dockerfile of the project. Readers take it as "starts through an init process or handles signals itself".
    cog("has_init", "true");
    for (name, value) in [
        ("openapi_schema", &inputs.openapi_schema),
        ("pip_freeze", &inputs.pip_freeze),
        ("push_id", &inputs.push_id),
        ("r8_model_dependencies", &inputs.model_dependencies),
    ] {
        if let Some(value) = value {
            cog(name, value);
        }
    }
    labels.extend(inputs.cog_base.iter().flat_map(cog_base_labels));
    for (name, value) in [("revision", &inputs.git_revision), ("version", &inputs.git_version)] {
        if let Some(value) = value {
            labels.push((format!("org.opencontainers.image.{name}"), value.clone()));
        }
    }
    labels
}

/// The labels about the `cog-base` image, which are known once it is pulled.
pub fn cog_base_labels(base: &CogBaseLayer) -> [(String, String); 3] {
    [
        ("name", base.image.clone()),
        ("last-layer-sha", base.last_layer_diff_id.clone()),
        ("last-layer-idx", base.last_layer_index.to_string()),
    ]
    .map(|(name, value)| (format!("{NAMESPACE}cog-base-image-{name}"), value))
}

/// Values that the build adds to the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// The Python version, when `cog.yaml` has none.
    pub python_version: Option<String>,
    /// CUDA and cuDNN, for GPU models.
    pub cuda: Option<(String, String)>,
    /// The concurrency from a decorator.
    pub concurrency: Option<u32>,
}

/// The completed configuration as compact JSON, with keys in the order of Cog and without empty values except `build`.
pub fn config_json(config: &CogConfig, completion: &Completion) -> String {
    let mut object = Map::new();
    object.insert("build".to_owned(), build_json(config, completion));
    put_text(&mut object, "image", config.image.as_ref().map(|image| image.value.clone()));
    put_text(&mut object, "model", config.model.as_ref().map(|model| model.value.clone()));
    put_text(&mut object, "predict", config.predict.as_ref().map(|target| target.value.to_string()));
    put_text(&mut object, "train", config.train.as_ref().map(|target| target.value.to_string()));
    let concurrency = config.concurrency.as_ref().map(|written| written.max.value).or(completion.concurrency);
    if let Some(max) = concurrency {
        object.insert("concurrency".to_owned(), json!({ "max": max }));
    }
    put_list(&mut object, "environment", config.environment.iter().map(|variable| Value::String(variable.value.to_string())));
    put_list(
        &mut object,
        "weights",
        config
            .weights
            .iter()
            .map(|weights| json!({ "name": weights.name, "target": weights.target, "source": sources_json(&weights.sources) })),
    );
    Value::Object(object).to_string()
}

fn build_json(config: &CogConfig, completion: &Completion) -> Value {
    let build = &config.build;
    let mut object = Map::new();
    if build.gpu {
        object.insert("gpu".to_owned(), Value::Bool(true));
    }
    let python = build.python_version.as_ref().map(|python| python.value.trim().to_owned());
    put_text(&mut object, "python_version", python.or_else(|| completion.python_version.clone()));
    put_text(&mut object, "python_requirements", build.python_requirements.as_ref().map(|file| file.value.clone()));
    put_list(&mut object, "python_packages", build.python_packages.iter().map(|package| Value::String(package.value.clone())));
    put_list(&mut object, "run", build.run.iter().map(command_json));
    put_list(&mut object, "system_packages", build.system_packages.iter().map(|package| Value::String(package.value.clone())));
    put_list(&mut object, "pre_install", build.pre_install.iter().map(|command| Value::String(command.command.clone())));
    let (cuda, cudnn) = match &completion.cuda {
        Some((cuda, cudnn)) => (Some(cuda.clone()), Some(cudnn.clone())),
        None => (build.cuda.as_ref().map(|cuda| cuda.value.clone()), build.cudnn.as_ref().map(|cudnn| cudnn.value.clone())),
    };
    put_text(&mut object, "cuda", cuda);
    put_text(&mut object, "cudnn", cudnn);
    put_text(&mut object, "sdk_version", build.sdk_version.as_ref().map(|sdk| sdk.value.to_string()));
    Value::Object(object)
}

fn command_json(command: &RunCommand) -> Value {
    let mut object = Map::new();
    object.insert("command".to_owned(), Value::String(command.command.clone()));
    let mounts = command.mounts.iter().map(|mount| json!({ "type": "secret", "id": mount.id, "target": mount.target }));
    put_list(&mut object, "mounts", mounts);
    Value::Object(object)
}

/// A single source as itself, several as a list.
fn sources_json(sources: &[WeightSource]) -> Value {
    match sources {
        [single] => source_json(single),
        several => Value::Array(several.iter().map(source_json).collect()),
    }
}

fn source_json(source: &WeightSource) -> Value {
    let mut object = Map::new();
    put_text(&mut object, "uri", source.uri.clone());
    put_list(&mut object, "include", source.include.iter().cloned().map(Value::String));
    put_list(&mut object, "exclude", source.exclude.iter().cloned().map(Value::String));
    Value::Object(object)
}

fn put_text(object: &mut Map<String, Value>, key: &str, value: Option<String>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        object.insert(key.to_owned(), Value::String(value));
    }
}

fn put_list(object: &mut Map<String, Value>, key: &str, items: impl Iterator<Item = Value>) {
    let items: Vec<Value> = items.collect();
    if !items.is_empty() {
        object.insert(key.to_owned(), Value::Array(items));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn config(text: &str) -> CogConfig {
        parse(text, "cog.yaml").config.unwrap()
    }

    #[test]
    fn the_configuration_is_compact_and_completed() {
        let config = config(
            "build:\n  gpu: true\n  python_version: 3.10\n  run: [make]\n  system_packages: [sox]\n  python_requirements: r.txt\n\
             predict: predict.py:Predictor\nimage: r8.im/a/b\nenvironment: [B=1, A=2]\n",
        );
        let completion = Completion { cuda: Some(("12.1".into(), "8".into())), concurrency: Some(2), ..Completion::default() };
        assert_eq!(
            config_json(&config, &completion),
            r#"{"build":{"gpu":true,"python_version":"3.10","python_requirements":"r.txt","run":[{"command":"make"}],"system_packages":["sox"],"cuda":"12.1","cudnn":"8"},"image":"r8.im/a/b","predict":"predict.py:Predictor","concurrency":{"max":2},"environment":["B=1","A=2"]}"#
        );
    }

    #[test]
    fn run_is_labeled_as_predict() {
        let config = config("build: {python_version: '3.12'}\nrun: run.py:Runner\n");
        let expected = r#"{"build":{"python_version":"3.12"},"predict":"run.py:Runner"}"#;
        assert_eq!(config_json(&config, &Completion::default()), expected);
    }

    #[test]
    fn mounts_weights_and_concurrency_are_kept() {
        let config = config(
            "build:\n  python_version: '3.12'\n  run:\n    - command: x\n      mounts: [{type: secret, id: a, target: /b}]\n\
             model: r8.im/a/b\nrun: run.py:Runner\nconcurrency: {max: 3}\n\
             weights:\n  - {name: w, target: /src/w, source: {uri: 'hf://x', include: ['*.bin']}}\n",
        );
        let value: Value =
            serde_json::from_str(&config_json(&config, &Completion { concurrency: Some(9), ..Completion::default() })).unwrap();
        assert_eq!(value["build"]["run"][0], json!({"command": "x", "mounts": [{"type": "secret", "id": "a", "target": "/b"}]}));
        assert_eq!(value["concurrency"]["max"], 3);
        assert_eq!(value["weights"][0]["source"], json!({"uri": "hf://x", "include": ["*.bin"]}));
    }

    #[test]
    fn a_plain_build_has_the_plain_labels() {
        let inputs = LabelInputs { cog_version: "0.22.0".into(), config: "{}".into(), ..LabelInputs::default() };
        let names: Vec<String> = labels(&inputs).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["run.cog.version", "run.cog.config", "run.cog.has_init"]);
    }

    #[test]
    fn a_push_from_a_base_image_has_all_labels() {
        let inputs = LabelInputs {
            cog_version: "0.16.12".into(),
            config: "{}".into(),
            openapi_schema: Some("{\"openapi\":\"3.0.2\"}".into()),
            pip_freeze: Some("cog==0.16.12\n".into()),
            cog_base: Some(CogBaseLayer {
                image: "r8.im/cog-base:python3.12".into(),
                last_layer_diff_id: "sha256:00".into(),
                last_layer_index: 11,
            }),
            git_revision: Some("abc".into()),
            git_version: Some("main".into()),
            push_id: Some("0190".into()),
            model_dependencies: Some("[]".into()),
        };
        let labels = labels(&inputs);
        let value = |name: &str| labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(labels.len(), 12);
        assert_eq!(value(OPENAPI_SCHEMA), Some("{\"openapi\":\"3.0.2\"}"));
        assert_eq!(value(PUSH_ID), Some("0190"));
        assert_eq!(value("run.cog.cog-base-image-last-layer-idx"), Some("11"));
        assert_eq!(value("org.opencontainers.image.revision"), Some("abc"));
        assert_eq!(value("org.opencontainers.image.version"), Some("main"));
    }
}
