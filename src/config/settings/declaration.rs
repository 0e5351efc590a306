//! The settings. `docs/development/adding-a-setting.md` shows how to add one.

use std::path::PathBuf;

use crate::config::choices::{CommentMode, VerifyMode};
use crate::config::settings::Action::{Push, Report, Select, Workflow};
use crate::config::settings::defaults::{FUZZ_ITERATIONS, GRAFT_DAYS, HARDWARE, REGISTRY};
use crate::domain::identity::ModelRef;
use crate::domain::plan::{Builder, Comparison, DEFAULT_JUDGE_MODEL, GraftMode, HealthMode, Limits, MEBIBYTE, PromoteMode};
use crate::settings;

/// The longest time limit, in seconds: a week.
const WEEK: u64 = 7 * 24 * 3600;

settings! {
    "Models" {
        /// Configuration file of the model
        #[flag = "config", value = "FILE", otherwise = "cog-safe-push.yaml, else the only file in --config-dir"]
        config: String,

        /// Models to run: all, changed, or comma-separated names
        #[flag = "models", value = "NAMES", inputs = &[Push, Select, Workflow],
          otherwise = "all to check or select, else the only one"]
        models: String,

        /// Folder with one configuration per model
        #[flag = "config-dir", value = "FOLDER", inputs = &[Push, Select, Workflow], repository]
        config_dir: String = "cog-safe-push-configs".to_owned(),

        /// Script that prepares the repository for a model, or none
        #[flag = "select-script", value = "FILE", inputs = &[Push, Select, Workflow], repository,
          otherwise = "script/select-model, else script/select.sh"]
        select_script: String,

        /// Commit to compare with for `--models changed`
        #[flag = "base", value = "COMMIT", repository, otherwise = "origin's default branch"]
        base: String,

        /// Folder of the repository
        #[value = "FOLDER", inputs = &[Push, Select, Workflow]]
        working_directory: PathBuf,

        /// Private model to test on
        #[flag = "test-model", value = "OWNER/NAME", otherwise = "MODEL-test", model_key = "test_model"]
        test_model: ModelRef,

        /// Hardware of the test model, if it is created
        #[flag = "test-hardware", value = "SKU", model_key = "test_hardware"]
        test_hardware: String = HARDWARE.to_owned(),
    }

    "Checks" {
        /// Report incompatible schemas as warnings
        #[flag = "ignore-schema-compatibility", inputs = &[Push, Workflow], model_key = "ignore_schema_compatibility"]
        ignore_schema_checks: bool = false,

        /// Fail if there is no live version to compare with
        #[flag = "require-live", inputs = &[Push], repository]
        require_live: bool = false,

        /// Skip Ruff
        #[flag = "no-lint", repository]
        no_lint: bool = false,

        /// Fail without Ruff, as in CI
        #[flag = "require-lint", repository]
        require_lint: bool = false,
    }

    "Build" {
        /// Cog version to build for
        #[flag = "cog-version", value = "VERSION", inputs = &[Push, Workflow], repository,
          otherwise = "the version in cog.yaml, else the newest"]
        cog_version: String,

        /// Builder: `native` (safe-push) or `cog` (the Cog CLI)
        #[flag = "builder", value = "BUILDER", inputs = &[Push], repository]
        builder: Builder = Builder::Native,

        /// Cog CLI for `--builder cog`
        #[flag = "cog-binary", value = "FILE", otherwise = "cog on PATH, else a download"]
        cog_binary: PathBuf,

        /// Dockerfile of the project
        #[flag = "dockerfile", value = "FILE", model_key = "dockerfile"]
        dockerfile: PathBuf,

        /// Existing image to use instead of building one
        #[flag = "image", value = "REFERENCE"]
        image: String,

        /// Do not start from a cog-base image
        #[flag = "no-cog-base-image", repository, model_key = "use_cog_base_image"]
        no_cog_base_image: bool = false,

        /// Put weights in a layer of their own
        #[flag = "separate-weights", repository]
        separate_weights: bool = false,

        /// Strip debug symbols from Python libraries
        #[flag = "strip", repository]
        strip: bool = false,

        /// Compile Python files to bytecode
        #[flag = "precompile", repository]
        precompile: bool = false,

        /// Secret for build steps: id=NAME,env=NAME or id=NAME,src=FILE
        #[flag = "secret", value = "SECRET", inputs = &[Push, Workflow], repository]
        docker_secrets: Vec<String> = Vec::new(),

        /// Secret for scripts and builds, as NAME=JSON
        #[value = "NAME=JSON", inputs = &[Push], only_in_action]
        extra_secrets: Vec<String> = Vec::new(),

        /// Variable that .safe-push.yaml may use as a build secret
        #[flag = "secret-variable", value = "NAME", inputs = &[Push]]
        secret_variables: Vec<String> = Vec::new(),

        /// Ignore cached build steps
        #[flag = "no-cache"]
        no_cache: bool = false,

        /// Reuse layers of an earlier version, or always build
        #[flag = "graft", value = "MODE", inputs = &[Push], repository]
        graft: GraftMode = GraftMode::Auto,

        /// Maximum age of a grafted build in days; 0 disables
        #[flag = "graft-days", value = "DAYS", range = 0..=365, inputs = &[Push], repository]
        graft_days: u64 = GRAFT_DAYS,

        /// Accepted for compatibility, without effect
        #[flag = "fast-push"]
        fast_push: bool = false,
    }

    "Predictions" {
        /// Whether to test the live version, without building anything
        #[value = "MODE", inputs = &[Push, Workflow], only_in_action]
        verify: VerifyMode = VerifyMode::Off,

        /// Compare outputs with the live version
        #[flag = "no-compare-outputs", negated = "Do not compare outputs with the live version", model_key = "predict.compare_outputs"]
        compare_outputs: bool = true,

        /// Test cases to compare with the live version
        #[flag = "compare", value = "CASES", repository]
        compare: Comparison = Comparison::First,

        /// Times to repeat paired inputs, to measure their run time
        #[flag = "benchmark", value = "NUMBER", range = 0..=100, repository]
        benchmark: u64 = 0,

        /// Hardware of the live model, for speed and cost
        #[flag = "live-hardware", value = "SKU", repository, otherwise = "that of the test model"]
        live_hardware: String,

        /// Test case as `key=value;...`, then ==TEXT, ==URL or ~=DESCRIPTION
        #[flag = "test-case", value = "INPUTS[==..|~=..]"]
        test_cases: Vec<String>,

        /// Time limit of a prediction, from its start
        #[flag = "predict-timeout", value = "SECONDS", range = 1..=WEEK, repository, model_key = "predict.predict_timeout"]
        predict_timeout: u64 = Limits::DEFAULT.predict.as_secs(),

        /// Time limit for a prediction to start, including setup()
        #[flag = "startup-timeout", value = "SECONDS", range = 1..=WEEK, repository]
        startup_timeout: u64 = Limits::DEFAULT.startup.as_secs(),

        /// Time limit of a training, from its start
        #[flag = "train-timeout", value = "SECONDS", range = 1..=WEEK, repository, model_key = "train.train_timeout"]
        train_timeout: u64 = Limits::DEFAULT.train.as_secs(),

        /// Number of concurrent predictions
        #[flag = "parallel", value = "NUMBER", range = 1..=256, inputs = &[Push, Workflow], repository, model_key = "parallel"]
        parallel: u64 = 4,

        /// Stop at the first failure
        #[flag = "fail-fast", repository]
        fail_fast: bool = false,

        /// How to treat blank, silent or empty outputs
        #[flag = "health", value = "MODE", repository]
        health: HealthMode = HealthMode::Warn,

        /// Claude model that judges outputs
        #[flag = "judge-model", value = "NAME", inputs = &[Push], repository, otherwise = DEFAULT_JUDGE_MODEL]
        judge_model: String,

        /// Claude tokens that a run may use
        #[flag = "judge-budget", value = "TOKENS", repository]
        judge_budget: u64 = 10_000_000,

        /// Largest output file to decode; larger ones compare by hash
        #[flag = "max-decoded-mb", value = "MIB", range = 1..=4096, repository]
        max_decoded_mb: u64 = Limits::DEFAULT.decoded_file_bytes / MEBIBYTE,

        /// Largest output file to download
        #[flag = "max-output-mb", value = "MIB", range = 1..=1_048_576, repository]
        max_output_mb: u64 = Limits::DEFAULT.output_file_bytes / MEBIBYTE,

        /// Stop after this much total prediction time
        #[flag = "max-predict-seconds", value = "SECONDS", range = 1..=WEEK, repository]
        max_predict_seconds: u64,
    }

    "Fuzz" {
        /// Number of fuzz inputs
        #[flag = "fuzz-iterations", value = "NUMBER", range = 0..=10_000, model_key = "predict.fuzz.iterations"]
        fuzz_iterations: u64 = FUZZ_ITERATIONS,

        /// Inputs that always have this value, as `key=value;key=value`
        #[flag = "fuzz-fixed-inputs", value = "INPUTS"]
        fuzz_fixed_inputs: String,

        /// Inputs that are never sent, as `key;key`
        #[flag = "fuzz-disabled-inputs", value = "NAMES"]
        fuzz_disabled_inputs: String,

        /// Instructions for Claude, which invents fuzz inputs
        #[flag = "fuzz-prompt", value = "TEXT", model_key = "predict.fuzz.prompt"]
        fuzz_prompt: String,

        /// Seed of an earlier run, to repeat its fuzz inputs
        #[flag = "seed", value = "NUMBER", repository]
        seed: u64,
    }

    "Sandbox" {
        /// GPUs for models in the sandbox: all, or numbers
        #[flag = "gpus", value = "GPUS", otherwise = "all if cog.yaml asks for one and Docker has the NVIDIA runtime"]
        gpus: String,

        /// Folder that keeps large layers for later sandboxes
        #[flag = "sandbox-layers", value = "FOLDER"]
        sandbox_layers: PathBuf,
    }

    "Publishing" {
        /// Stop after verification, without publishing
        #[flag = "no-push", inputs = &[Push, Workflow]]
        test_only: bool = false,

        /// Also push to the configured official model
        #[flag = "push-official-model", inputs = &[Push, Workflow]]
        push_official_model: bool = false,

        /// Push to the official model without the tests' key
        #[flag = "two-pass", inputs = &[Push, Workflow], repository]
        two_pass: bool = false,

        /// File whose text becomes the README of the model's page
        #[flag = "readme", value = "FILE", inputs = &[Push, Workflow], repository]
        readme: String,

        /// Event that can restrict what a run may do
        #[flag = "trigger-type", value = "EVENT", inputs = &[Push, Workflow], otherwise = "the event that started the workflow"]
        trigger_type: String,

        /// Branch that may publish, beside the default one
        #[flag = "publish-branch", value = "BRANCH", inputs = &[Push, Workflow]]
        publish_branches: Vec<String> = Vec::new(),

        /// Test and publish even if nothing changed
        #[flag = "always", inputs = &[Push, Workflow], repository]
        always: bool = false,

        /// Publish the version that a merged pull request tested
        #[flag = "promote", value = "MODE", inputs = &[Push, Workflow], repository]
        promote: PromoteMode = PromoteMode::Auto,

        /// Send one test case through the deployment after a change
        #[flag = "no-deployment-check", negated = "Do not test the deployment after a change", repository]
        deployment_check: bool = true,

        /// Publish even if the live version changed since the comparison
        #[flag = "allow-moved-live", inputs = &[Push]]
        allow_moved_live: bool = false,

        /// Allow a public test model
        #[flag = "allow-public-test-model", inputs = &[Push]]
        allow_public_test_model: bool = false,
    }

    "Reports" {
        /// Whether to keep a comment on the pull request
        #[flag = "comment", value = "MODE", inputs = &[Push, Report], repository, only_in_action]
        comment: CommentMode = CommentMode::Update,

        /// Branch for images in the comment; needs contents: write
        #[value = "NAME", inputs = &[Push, Workflow], only_in_action]
        preview_branch: String,

        /// Folder for reports
        #[flag = "report-dir", value = "FOLDER", inputs = &[Push], repository]
        report_dir: PathBuf = "safe-push-report".into(),

        /// Models that the workflow ran, separated by commas
        #[value = "NAMES", inputs = &[Report], only_in_action]
        expected: String,

        /// Results of the jobs before this one: toJSON(needs)
        #[value = "JSON", inputs = &[Report], only_in_action]
        needs: String,

        /// Name that tells apart jobs that run the same model
        #[value = "NAME", inputs = &[Push, Select, Report, Workflow], only_in_action, otherwise = "the job's other matrix values"]
        variant: String,

        /// Inputs of the calling workflow, which tell its calls apart
        #[value = "JSON", inputs = &[Push, Select, Report], only_in_action]
        job_call: String,

        /// Matrix values of the job
        #[value = "JSON", inputs = &[Push, Select], only_in_action, default_input = "${{ toJSON(matrix) }}"]
        job_matrix: String,

        /// Place of the job in its matrix
        #[value = "JSON", inputs = &[Push, Select], only_in_action, default_input = "${{ toJSON(strategy) }}"]
        job_strategy: String,
    }

    "Services" {
        /// Host of Replicate's registry
        #[value = "HOST", variables = &["REPLICATE_REGISTRY", "COG_REGISTRY_HOST"]]
        replicate_registry: String = REGISTRY.to_owned(),

        /// URL of Replicate's API
        #[value = "URL", variables = &["REPLICATE_BASE_URL", "REPLICATE_API_BASE_URL"]]
        replicate_base_url: String,

        /// URL of Claude's API
        #[value = "URL", variables = &["ANTHROPIC_BASE_URL"]]
        anthropic_base_url: String,

        /// URL of GitHub's API
        #[value = "URL", variables = &["GITHUB_API_URL"]]
        github_api_url: String,

        /// Address of the Docker daemon
        #[value = "ADDRESS", variables = &["DOCKER_HOST"]]
        docker_host: String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::ValueKind;

    #[test]
    fn help_is_short() {
        for setting in SETTINGS {
            for help in [Some(setting.help), setting.negated].into_iter().flatten() {
                let words = help.split_whitespace().count();
                assert!((2..=10).contains(&words) && !help.ends_with('.'), "{}: {help}", setting.name);
            }
        }
    }

    #[test]
    fn a_value_has_a_name_in_help_unless_it_is_a_switch() {
        for setting in SETTINGS {
            assert_eq!(setting.value_name.is_empty(), setting.kind == ValueKind::Switch, "{}", setting.name);
        }
    }

    #[test]
    fn a_flag_is_used_once() {
        let mut flags: Vec<&str> = SETTINGS.iter().filter_map(|setting| setting.flag).collect();
        flags.sort_unstable();
        let all = flags.len();
        flags.dedup();
        assert_eq!(flags.len(), all, "{flags:?}");
    }

    #[test]
    fn a_key_names_its_setting() {
        for (key, setting) in Key::ALL.iter().zip(SETTINGS) {
            assert_eq!(format!("{key:?}"), setting.name);
            assert_eq!(key.setting().name, setting.name);
        }
    }
}
