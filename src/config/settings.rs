//! The one table of settings: flags, variables, action inputs and `.safe-push.yaml` are made from it.

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On when named; `true` or `false` elsewhere.
    Switch,
    /// Any text.
    Text,
    /// A whole number, not negative.
    Number,
    /// Texts: a flag may be repeated, elsewhere they stand one to a line or in a YAML list.
    List,
    /// One of these.
    Choice(&'static [&'static str]),
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name: the key in `.safe-push.yaml` and, in capitals behind `SAFE_PUSH_`, the variable.
    pub name: &'static str,
    /// The flag without its dashes; `None` when there is none.
    pub flag: Option<&'static str>,
    /// Whether the flag says the opposite (`--no-push`).
    pub negative: bool,
    /// The action's input; `None` when there is none.
    pub input: Option<&'static str>,
    /// Variables beside `SAFE_PUSH_*`, the first that is set counts.
    pub variables: &'static [&'static str],
    /// Whether `.safe-push.yaml` may hold it.
    pub in_repository: bool,
    /// What it looks like.
    pub kind: Kind,
    /// What stands for the value in help.
    pub value_name: &'static str,
    /// What it is when nothing is said, in words.
    pub default: Option<&'static str>,
    /// One line about it.
    pub help: &'static str,
    /// The part of the help that it belongs to.
    pub heading: &'static str,
}

impl Setting {
    /// The variable that sets it.
    pub fn variable(&self) -> String {
        format!("SAFE_PUSH_{}", self.name.to_uppercase())
    }
}

const MODELS: &str = "Models";
const CHECKS: &str = "Checks";
const BUILD: &str = "Build";
const CASES: &str = "Predictions";
const FUZZ: &str = "Fuzz";
const PUBLISH: &str = "Publishing";
const SERVICES: &str = "Services";
const REPORT: &str = "Reports";

macro_rules! setting {
    ($name:literal, $flag:expr, $kind:expr, $value:literal, $heading:expr, $help:literal $(, $field:ident = $given:expr)*) => {
        Setting {
            $($field: $given,)*
            ..Setting {
                name: $name,
                flag: $flag,
                negative: false,
                input: None,
                variables: &[],
                in_repository: false,
                kind: $kind,
                value_name: $value,
                default: None,
                help: $help,
                heading: $heading,
            }
        }
    };
}

/// Every setting, in the order of the help.
pub const SETTINGS: &[Setting] = &[
    setting!(
        "config",
        Some("config"),
        Kind::Text,
        "FILE",
        MODELS,
        "The model's configuration; else cog-safe-push.yaml, else those in the configuration folder"
    ),
    setting!(
        "models",
        Some("models"),
        Kind::Text,
        "NAMES",
        MODELS,
        "Which models: all, changed, or names separated by commas",
        input = Some("models")
    ),
    setting!(
        "config_dir",
        Some("config-dir"),
        Kind::Text,
        "FOLDER",
        MODELS,
        "The folder with one configuration for each model",
        input = Some("config_dir"),
        in_repository = true,
        default = Some("cog-safe-push-configs")
    ),
    setting!(
        "select_script",
        Some("select-script"),
        Kind::Text,
        "FILE",
        MODELS,
        "The script that knows the repository's models and prepares its files for one of them; none for no script",
        input = Some("select_script"),
        in_repository = true,
        default = Some("script/select-model, else script/select.sh")
    ),
    setting!(
        "base",
        Some("base"),
        Kind::Text,
        "COMMIT",
        MODELS,
        "What `--models changed` compares with; else origin's default branch",
        in_repository = true
    ),
    setting!(
        "working_directory",
        Some("working-directory"),
        Kind::Text,
        "FOLDER",
        MODELS,
        "The folder of the repository",
        input = Some("working_directory")
    ),
    setting!(
        "test_model",
        Some("test-model"),
        Kind::Text,
        "OWNER/NAME",
        MODELS,
        "The private model that is tested on; else the model's name with -test",
        default = Some("MODEL-test")
    ),
    setting!(
        "test_hardware",
        Some("test-hardware"),
        Kind::Text,
        "SKU",
        MODELS,
        "What the test model runs on, if it has to be created",
        default = Some("cpu")
    ),
    setting!(
        "ignore_schema_checks",
        Some("ignore-schema-compatibility"),
        Kind::Switch,
        "",
        CHECKS,
        "Report incompatible schemas as warnings",
        input = Some("ignore_schema_checks")
    ),
    setting!("no_lint", Some("no-lint"), Kind::Switch, "", CHECKS, "Leave Ruff out", in_repository = true),
    setting!(
        "cog_version",
        Some("cog-version"),
        Kind::Text,
        "VERSION",
        BUILD,
        "The Cog version to build for; else what cog.yaml says, else the newest",
        input = Some("cog_version"),
        in_repository = true
    ),
    setting!(
        "builder",
        Some("builder"),
        Kind::Choice(&["native", "cog"]),
        "WHO",
        BUILD,
        "Who builds the image: safe-push itself or the official program",
        input = Some("builder"),
        in_repository = true,
        default = Some("native")
    ),
    setting!(
        "cog_binary",
        Some("cog-binary"),
        Kind::Text,
        "FILE",
        BUILD,
        "The official program for builder cog; else cog on PATH, else a download"
    ),
    setting!("dockerfile", Some("dockerfile"), Kind::Text, "FILE", BUILD, "A Dockerfile of the project's own"),
    setting!("image", Some("image"), Kind::Text, "REFERENCE", BUILD, "An image that is already built, instead of building one"),
    setting!(
        "no_cog_base_image",
        Some("no-cog-base-image"),
        Kind::Switch,
        "",
        BUILD,
        "Do not start from a cog-base image",
        in_repository = true
    ),
    setting!(
        "separate_weights",
        Some("separate-weights"),
        Kind::Switch,
        "",
        BUILD,
        "Give weights a layer of their own",
        in_repository = true
    ),
    setting!("strip", Some("strip"), Kind::Switch, "", BUILD, "Remove debug symbols from Python's libraries", in_repository = true),
    setting!("precompile", Some("precompile"), Kind::Switch, "", BUILD, "Compile Python files ahead of time", in_repository = true),
    setting!(
        "docker_secrets",
        Some("secret"),
        Kind::List,
        "ID=..,SRC=..|ENV=..",
        BUILD,
        "A secret that build steps can read; may be repeated",
        input = Some("docker_secrets"),
        in_repository = true
    ),
    setting!("no_cache", Some("no-cache"), Kind::Switch, "", BUILD, "Ignore every cached build step"),
    setting!("fast_push", Some("fast-push"), Kind::Switch, "", BUILD, "Accepted and without effect: Cog no longer has fast pushes"),
    setting!(
        "compare_outputs",
        Some("no-compare-outputs"),
        Kind::Switch,
        "",
        CASES,
        "Do not compare outputs with the live version",
        negative = true
    ),
    setting!(
        "compare",
        Some("compare"),
        Kind::Choice(&["off", "first", "all"]),
        "CASES",
        CASES,
        "Which test cases are compared with the live version",
        in_repository = true,
        default = Some("first")
    ),
    setting!(
        "test_cases",
        Some("test-case"),
        Kind::List,
        "INPUTS[==..|~=..]",
        CASES,
        "A test case as 'key=value;key=value', then ==TEXT, ==URL or ~=DESCRIPTION; may be repeated"
    ),
    setting!(
        "predict_timeout",
        Some("predict-timeout"),
        Kind::Number,
        "SECONDS",
        CASES,
        "The limit of a prediction, from its start",
        in_repository = true,
        default = Some("300")
    ),
    setting!(
        "startup_timeout",
        Some("startup-timeout"),
        Kind::Number,
        "SECONDS",
        CASES,
        "The limit for a prediction to start: queue, boot and setup()",
        in_repository = true,
        default = Some("900")
    ),
    setting!(
        "train_timeout",
        Some("train-timeout"),
        Kind::Number,
        "SECONDS",
        CASES,
        "The limit of a training, from its start",
        in_repository = true,
        default = Some("300")
    ),
    setting!(
        "parallel",
        Some("parallel"),
        Kind::Number,
        "NUMBER",
        CASES,
        "Predictions in flight at one time",
        input = Some("parallel"),
        in_repository = true,
        default = Some("4")
    ),
    setting!("fail_fast", Some("fail-fast"), Kind::Switch, "", CASES, "Stop at the first failure", in_repository = true),
    setting!(
        "health",
        Some("health"),
        Kind::Choice(&["off", "warn", "fail"]),
        "HOW",
        CASES,
        "What an output that is blank, silent or empty means",
        in_repository = true,
        default = Some("warn")
    ),
    setting!(
        "judge_model",
        Some("judge-model"),
        Kind::Text,
        "NAME",
        CASES,
        "The Claude model that judges outputs",
        input = Some("judge_model"),
        in_repository = true
    ),
    setting!(
        "judge_budget",
        Some("judge-budget"),
        Kind::Number,
        "TOKENS",
        CASES,
        "Tokens that questions to Claude may cost in a run",
        in_repository = true,
        default = Some("10000000")
    ),
    setting!(
        "max_predict_seconds",
        Some("max-predict-seconds"),
        Kind::Number,
        "SECONDS",
        CASES,
        "Stop when predictions have run for this long in all",
        in_repository = true
    ),
    setting!(
        "fuzz_iterations",
        Some("fuzz-iterations"),
        Kind::Number,
        "NUMBER",
        FUZZ,
        "How many made inputs are tried",
        default = Some("10")
    ),
    setting!(
        "fuzz_fixed_inputs",
        Some("fuzz-fixed-inputs"),
        Kind::Text,
        "INPUTS",
        FUZZ,
        "Inputs that always have this value, as 'key=value;key=value'"
    ),
    setting!(
        "fuzz_disabled_inputs",
        Some("fuzz-disabled-inputs"),
        Kind::Text,
        "NAMES",
        FUZZ,
        "Inputs that are never sent, as 'key;key'"
    ),
    setting!("fuzz_prompt", Some("fuzz-prompt"), Kind::Text, "TEXT", FUZZ, "Words for the model that invents inputs"),
    setting!("seed", Some("seed"), Kind::Number, "NUMBER", FUZZ, "Repeat the made inputs of an earlier run", in_repository = true),
    setting!(
        "test_only",
        Some("no-push"),
        Kind::Switch,
        "",
        PUBLISH,
        "Stop when everything is verified",
        input = Some("test_only")
    ),
    setting!(
        "push_official_model",
        Some("push-official-model"),
        Kind::Switch,
        "",
        PUBLISH,
        "Push to the official model that the configuration names",
        input = Some("push_official_model")
    ),
    setting!(
        "two_pass",
        Some("two-pass"),
        Kind::Switch,
        "",
        PUBLISH,
        "Test and publish with the key of script/write-api-key, then push to the official model without it",
        input = Some("two_pass"),
        in_repository = true
    ),
    setting!(
        "trigger_type",
        Some("trigger-type"),
        Kind::Choice(&["pull_request", "push", "workflow_dispatch", "schedule", "merge_group"]),
        "EVENT",
        PUBLISH,
        "The event that decides whether a run publishes; else the one that started the workflow",
        input = Some("trigger_type")
    ),
    setting!(
        "comment",
        Some("comment"),
        Kind::Choice(&["update", "off"]),
        "HOW",
        REPORT,
        "Whether the pull request's comment is kept up to date",
        input = Some("comment"),
        in_repository = true,
        default = Some("update")
    ),
    setting!(
        "report_dir",
        Some("report-dir"),
        Kind::Text,
        "FOLDER",
        REPORT,
        "Where reports go",
        input = Some("report_dir"),
        in_repository = true,
        default = Some("safe-push-report")
    ),
    setting!(
        "replicate_registry",
        None,
        Kind::Text,
        "HOST",
        SERVICES,
        "Replicate's registry",
        variables = &["REPLICATE_REGISTRY", "COG_REGISTRY_HOST"],
        default = Some("r8.im")
    ),
    setting!(
        "replicate_base_url",
        None,
        Kind::Text,
        "URL",
        SERVICES,
        "Replicate's API",
        variables = &["REPLICATE_BASE_URL", "REPLICATE_API_BASE_URL"]
    ),
    setting!("anthropic_base_url", None, Kind::Text, "URL", SERVICES, "Claude's API", variables = &["ANTHROPIC_BASE_URL"]),
    setting!("github_api_url", None, Kind::Text, "URL", SERVICES, "GitHub's API", variables = &["GITHUB_API_URL"]),
    setting!("docker_host", None, Kind::Text, "ADDRESS", SERVICES, "The Docker daemon", variables = &["DOCKER_HOST"]),
];

/// A token: never a flag, for arguments can be read by every program of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// The action's input.
    pub input: &'static str,
    /// The variable.
    pub variable: &'static str,
    /// What it is for.
    pub help: &'static str,
}

/// Every token.
pub const SECRETS: [Secret; 4] = [
    Secret { input: "replicate_api_token", variable: "REPLICATE_API_TOKEN", help: "Replicate's API" },
    Secret { input: "cog_token", variable: "COG_TOKEN", help: "Replicate's registry: the CLI token" },
    Secret { input: "anthropic_api_key", variable: "ANTHROPIC_API_KEY", help: "the judge" },
    Secret { input: "github_token", variable: "GITHUB_TOKEN", help: "check runs and comments" },
];

impl Secret {
    /// Whether a variable of this name carries it: its own, or that of the action's input.
    pub fn is_called(&self, variable: &str) -> bool {
        variable == self.variable || variable.strip_prefix("INPUT_").is_some_and(|input| input.eq_ignore_ascii_case(self.input))
    }
}
