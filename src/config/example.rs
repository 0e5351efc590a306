//! The files with all that they may hold, annotated, as `--help-config` prints them.

use std::fmt::Write as _;

use crate::config::settings::{Kind, SETTINGS, Setting};

/// A model's configuration with every key.
pub fn model_example() -> &'static str {
    "\
# cog-safe-push.yaml, or cog-safe-push-configs/NAME.yaml for each of several models.
model: acme/hotdog                  # the live model; the only key that has to be there
test_model: acme/hotdog-test        # staged to and tested first; else the model's name with -test
test_hardware: cpu                  # what the test model runs on, if it has to be created
parallel: 4                         # predictions in flight at one time
ignore_schema_compatibility: false  # report incompatible schemas as warnings
use_cog_base_image: true            # false: never start from a cog-base image
# dockerfile: Dockerfile            # a Dockerfile of the project's own
# official_model: acme/hotdog-official  # pushed to with --push-official-model

predict:
  compare_outputs: true             # the first test case, on the live version too
  predict_timeout: 300              # seconds, from the prediction's start
  test_cases:                       # each with one checker, or none: then it has to succeed
    - inputs: {text: hello}
      exact_string: HELLO           # the output is exactly this text
    - inputs: {image: \"https://example.com/in.png\"}
      match_url: https://example.com/out.png  # the output is like the file at this URL
    - inputs: {text: a cat}
      match_prompt: a picture of a cat        # Claude finds that the output fits these words
    - inputs: {text: count me}
      jq_query: .words == 2         # no result of this jq program over the output is false or null
    - inputs: {text: \"\"}
      error_contains: must not be empty       # the prediction fails with these words
  fuzz:                             # made inputs, which have to succeed
    iterations: 10
    fixed_inputs: {seed: 1}         # always sent so
    disabled_inputs: [debug]        # never sent
    prompt: short texts in several languages  # for Claude, which invents inputs

# train:
#   destination: acme/hotdog-trained  # receives trained versions; else the test model's name with -dest
#   destination_hardware: cpu
#   train_timeout: 300              # seconds, from the training's start
#   test_cases:
#     - inputs: {data: \"https://example.com/data.zip\"}

# deployment:                       # created or updated when the live model was pushed to
#   owner: acme
#   name: hotdog-production
#   hardware: gpu-l40s
"
}

/// `.safe-push.yaml` with every key, made from the table of settings.
pub fn repository_example() -> String {
    let mut text = "# .safe-push.yaml: settings of the whole repository. All of them are optional.\n".to_owned();
    for setting in SETTINGS.iter().filter(|setting| setting.in_repository) {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "\n# {}\n{}\n", help(setting), entry(setting));
    }
    text.push_str(
        "\n# Rules that are ignored, and rules that are graver or lighter: safe-push rules\nignore: []    # [SP126]\nseverity: {}  # {SP301: error}\n\n\
         # The files that models are made of, for --models changed. Without any, every file counts but other models' configurations.\n\
         # ! takes back, and the last pattern that matches decides. This file, the select script and the model's configuration always count.\n\
         paths: [\"**\", \"!docs/**\"]\n\n\
         # The same keys for single models, by the names of their configurations.\nmodels:\n  hotdog:\n    parallel: 2\n    paths: \
         [predict.py, cog.yaml, hotdog/]\n",
    );
    text
}

fn help(setting: &Setting) -> String {
    match setting.default_text() {
        Some(default) => format!("{} (default: {default})", setting.help),
        None => setting.help.to_owned(),
    }
}

/// The key with its default. One without a fixed default is commented out.
fn entry(setting: &Setting) -> String {
    let name = setting.name;
    match (setting.kind, setting.default.and_then(|default| default())) {
        (_, Some(default)) => format!("{name}: {default}"),
        (Kind::Switch, None) => format!("{name}: false"),
        (Kind::List, None) => format!("{name}: []"),
        (_, None) => format!("# {name}: {}", setting.value_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{peer, repository_file};

    /// The commented parts too.
    fn uncommented(text: &str) -> String {
        let lines = text.lines().map(|line| match line.strip_prefix("# ") {
            // Keys are commented with one `# `, sentences begin with a capital letter or a file's name.
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains(':') => rest,
            Some(rest) if rest.starts_with("  ") => rest,
            _ => line,
        });
        lines.map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn the_example_of_a_model_is_one() {
        let (config, findings) = peer::parse(model_example(), "example");
        assert_eq!(findings, []);
        assert_eq!(config.predict.unwrap().test_cases.len(), 5);
    }

    #[test]
    fn the_example_of_a_model_has_every_key() {
        let text = uncommented(model_example()).replace("cog-safe-push.yaml, or", "# or");
        let (config, findings) = peer::parse(&text, "example");
        assert_eq!(findings, []);
        assert!(config.train.is_some() && config.deployment.is_some() && config.dockerfile.is_some());
        assert!(config.official_model.is_some());
        for key in peer::keys().filter(|key| !["fast_push", "duration"].contains(key)) {
            assert!(text.contains(&format!("{key}:")), "{key}");
        }
    }

    #[test]
    fn the_example_of_a_repository_is_one() {
        let (config, findings) = repository_file::parse(&repository_example(), ".safe-push.yaml");
        assert_eq!(findings, []);
        assert_eq!(config.all.values.get("parallel").and_then(figment::value::Value::to_u128), Some(4));
        assert!(config.models.contains_key("hotdog") && config.all.paths.is_some());
    }

    #[test]
    fn the_example_of_a_repository_has_every_key() {
        let text = repository_example();
        for setting in SETTINGS.iter().filter(|setting| setting.in_repository) {
            assert!(text.contains(&format!("{}:", setting.name)), "{}", setting.name);
        }
    }
}
