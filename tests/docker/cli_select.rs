//! Models that share a folder, each built and tested with its own files: images are really built and containers really run.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use test_support::{Repository, docker_is_there};

const PREDICTOR: &str = r#"import os

from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Any text", default="")) -> str:
        with open("variant.txt") as file:
            return f"{os.environ['VARIANT']} {file.read().strip()}"
"#;

const SELECT: &str = r#"#!/bin/bash
set -e
MODEL=$1
if [[ "$MODEL" == "large" ]]; then
    echo "weights of large" > variant.txt
elif [[ "$MODEL" == "small" ]]; then
    echo "weights of small" > variant.txt
else
    echo "unknown model $MODEL" >&2
    exit 1
fi
sed "s/@VARIANT@/$MODEL/" cog.yaml.template > cog.yaml
"#;

#[test]
fn every_model_is_built_and_tested_with_its_own_files() {
    if !docker_is_there() {
        return;
    }
    let ca_file = ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(|name| std::env::var_os(name)?.into_string().ok());
    let repository = Repository::new().variable("COG_CA_CERT", &ca_file.unwrap_or_default());
    repository.write("predict.py", PREDICTOR);
    repository.write("script/select-model", SELECT);
    fs::set_permissions(repository.path().join("script/select-model"), fs::Permissions::from_mode(0o755)).unwrap();
    let template = Repository::example("text-stats").read("cog.yaml");
    repository.write("cog.yaml.template", &format!("{template}environment: [VARIANT=@VARIANT@]\n"));
    for name in ["large", "small"] {
        let config = format!(
            "model: acme/variant-{name}\ntest_hardware: cpu\npredict:\n  compare_outputs: false\n  test_cases:\n    - inputs: {{text: hi}}\n      \
             exact_string: {name} weights of {name}\n"
        );
        repository.write(&format!("cog-safe-push-configs/{name}.yaml"), &config);
    }
    let seen = repository.run("run --sandbox --models small,large");
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = repository.report();
    let models = report["models"].as_array().unwrap();
    assert_eq!(
        (models.len(), &models[0]["model"], &models[1]["model"]),
        (2, &"acme/variant-small".into(), &"acme/variant-large".into())
    );
    for model in models {
        assert!(model["versions"]["live"].is_string(), "{model:#}");
    }
    for file in ["cog.yaml", "variant.txt"] {
        assert!(!repository.path().join(file).exists(), "{file} was not removed");
    }
}
