//! Annotated examples of the configuration files, as `--help-config` prints them.

use std::fmt::Write as _;

use crate::config::settings::{SETTINGS, Setting, ValueKind};

/// A model's configuration with every key.
pub fn model_example() -> &'static str {
    "\
# cog-safe-push.yaml, or cog-safe-push-configs/NAME.yaml for each of several models.
model: acme/hotdog                  # live model; the only required key
test_model: acme/hotdog-test        # private model to test on (default: MODEL-test)
test_hardware: cpu                  # hardware of the test model, if it is created
parallel: 4                         # number of concurrent predictions
ignore_schema_compatibility: false  # report incompatible schemas as warnings
use_cog_base_image: true            # false: never start from a cog-base image
# dockerfile: Dockerfile            # Dockerfile of the project
# official_model: acme/hotdog-official  # pushed to with --push-official-model

predict:
  compare_outputs: true             # also run the first test case on the live version
  predict_timeout: 300              # seconds, from the start of the prediction
  test_cases:                       # each with at most one checker; without, it has to succeed
    - inputs: {text: hello}
      exact_string: HELLO           # the output is exactly this text
    - inputs: {image: \"https://example.com/in.png\"}
      match_url: https://example.com/out.png  # the output is like the file at this URL
    - inputs: {text: a cat}
      match_prompt: an image of a cat         # Claude finds that the output fits this description
    - inputs: {text: count me}
      jq_query: .words == 2         # no result of this jq program on the output is false or null
    - inputs: {text: \"\"}
      error_contains: must not be empty       # the prediction fails with an error that contains this
    - inputs: {image: \"https://example.com/in.png\", seed: 1}
      name: a cat with a hat        # ours, like everything below: shown in reports instead of a number
      timeout: 60                   # seconds, from the start of this prediction
      only_on: [test, live]         # test: before publishing; live: when the live version is verified
      skip: false                   # true, or the reason
      checks:                       # several at once: those above, and
        contains: cat
        regex: \"^a\"
        json_schema: {type: string}
        count: 1                    # items of a list, or files; also {min: 1, max: 4}
        image: {format: png, width: 512, height: {min: 256}, like: expected/cat.png, min_ssim: 0.9}
        audio: {duration: 4.0, channels: 1}
        video: {duration: {max: 10}, fps: 24}
        max_predict_seconds: 10
        max_cost: 0.01              # dollars
        first_output_seconds: 1     # of streaming models
    - inputs: {image: \"@input/cat.png\", hf_token: $(env.HF_TOKEN)}  # a file of the repository; a variable that the workflow allows
      match_file: expected/cat.png  # the output is like this file of the repository
    - inputs: {image: \"https://example.com/in.png\", seed: 2}
      compare:                      # how much the output may differ; .safe-push.yaml has the same keys for all cases
        mean_color_distance: 8     # images: 0 to 510
        worst_tile_distance: 64     # images: within the worst tile of 16 x 16 pixels
        ssim: 0.9                   # images: at least this similar, up to 1
        relative_number: 0.001      # numbers in JSON; integers have to be equal
        absolute_number: 0.000001
        duration_difference_secs: 0.1  # audio and video
        loudness_difference: 0.02   # audio
        spectral_distance: 0.25     # audio
        shift_secs: 0.05            # audio
        clipped_percent_difference: 1  # audio
        size_factor: 10             # video
        ignore_paths: [.timings, \"[*].id\"]  # values that do not count
  fuzz:                             # generated inputs, which have to succeed
    iterations: 10
    fixed_inputs: {seed: 1}         # always sent with this value
    disabled_inputs: [debug]        # never sent
    files: {image: [\"https://example.com/a.png\", \"https://example.com/b.png\"]}  # instead of samples
    prompt: short texts in several languages  # instructions for Claude, which invents inputs

# train:
#   destination: acme/hotdog-trained  # receives trained versions (default: TEST_MODEL-dest)
#   destination_hardware: cpu
#   train_timeout: 300              # seconds, from the start of the training
#   test_cases:
#     - inputs: {data: \"https://example.com/data.zip\"}

# deployment:                       # created or updated after a push to the live model
#   owner: acme
#   name: hotdog-production
#   hardware: gpu-l40s
"
}

/// `.safe-push.yaml` with every key, from the declaration of settings.
pub fn repository_example() -> String {
    let mut text = "# .safe-push.yaml: settings of the whole repository. All are optional.\n".to_owned();
    for setting in SETTINGS.iter().filter(|setting| setting.in_repository) {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "\n# {}\n{}\n", help(setting), entry(setting));
    }
    text.push_str(
        "\n# Instead of a word, `compare` can hold thresholds, with the keys of `compare` in a test case, and the word as `cases`:\n\
         # compare: {cases: all, mean_color_distance: 4, ignore_paths: [.timings]}\n\n\
         # Changes against the live version that are errors, as ratios. Without a limit they are warnings.\n\
         regressions: {}  # {predict_time: 1.3, boot: 1.5, image_size: 1.2, cost: 1.2}\n\
         \n# Rules to ignore, and severities of rules: safe-push rules lists them\nignore: []    # [SP126]\nseverity: {}  # {SP301: error}\n\n\
         # Files that affect models, for --models changed. By default every file does, except the configurations of other models.\n\
         # ! excludes, and the last matching pattern decides. This file, the select script and the model's configuration always count.\n\
         paths: [\"**\", \"!docs/**\"]\n\n\
         # The same keys for single models, by the name of the configuration.\nmodels:\n  hotdog:\n    parallel: 2\n    paths: \
         [predict.py, cog.yaml, hotdog/]\n\n    # Folder with its cog.yaml. Without it: the configuration's own folder, else the repository's, else the \
         only one\n    # that has a cog.yaml or is called like the model.\n    folder: models/hotdog\n\n    # Folder to build instead, if \
         the model needs files outside its own. Paths in cog.yaml are then relative to\n    # it, as with `cog build --file \
         models/hotdog/cog.yaml`.\n    context: .\n",
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
    match (setting.kind, setting.fixed_default()) {
        (_, Some(default)) => format!("{name}: {default}"),
        (ValueKind::Switch, None) => format!("{name}: false"),
        (ValueKind::List, None) => format!("{name}: []"),
        (_, None) => format!("# {name}: {}", setting.value_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{model_file, repository_file};

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
        let (config, findings) = model_file::parse(model_example(), "example");
        assert_eq!(findings, []);
        assert_eq!(config.predict.unwrap().test_cases.len(), 8);
    }

    #[test]
    fn the_example_of_a_model_has_every_key() {
        let text = uncommented(model_example()).replace("cog-safe-push.yaml, or", "# or");
        let (config, findings) = model_file::parse(&text, "example");
        assert_eq!(findings, []);
        assert!(config.train.is_some() && config.deployment.is_some() && config.dockerfile.is_some());
        assert!(config.official_model.is_some());
        for key in model_file::keys().filter(|key| !["fast_push", "duration"].contains(key)) {
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
