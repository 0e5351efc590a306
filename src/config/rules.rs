//! Rules of this room: SP001 to SP049.

use cog_findings::Severity::{Error, Note, Warning};
use cog_findings::rules;

rules! {
    UNREADABLE = "SP001", "config-unreadable", Error,
        "A configuration file is not YAML that can be read.",
        "Nothing is known about what to test. A key that is there twice counts as unreadable: one of its values would be lost.",
        "```yaml\nmodel: acme/hotdog\nmodel: acme/hotdog   # the same key twice\n```";
    UNKNOWN_KEY = "SP002", "config-unknown-key", Error,
        "A key is not one that the file may have.",
        "A misspelt key would have no effect, and a check would silently not happen.",
        "```yaml\npredict:\n  test_case: []   # test_cases\n```";
    WRONG_TYPE = "SP003", "config-wrong-type", Error,
        "A value is of another kind than its key needs.",
        "It cannot be used as it stands.",
        "```yaml\nparallel: four   # 4\n```";
    MISSING_KEY = "SP004", "config-missing-key", Error,
        "A key that has to be there is missing.",
        "Without it there is nothing to do, or nowhere to do it.",
        "```yaml\ntest_model: acme/hotdog-test   # and model?\n```";
    TWO_CHECKERS = "SP005", "two-checkers", Error,
        "A test case has more than one checker.",
        "Only one of `exact_string`, `match_url`, `match_prompt`, `jq_query` and `error_contains` can decide.",
        "```yaml\n- inputs: {text: hi}\n  exact_string: hello\n  jq_query: .ok\n```";
    BAD_MODEL = "SP006", "model-name", Error,
        "A model is not named as OWNER/NAME.",
        "Replicate knows models by these two words.",
        "```yaml\nmodel: https://replicate.com/acme/hotdog   # acme/hotdog\n```";
    SAME_MODEL = "SP007", "test-model-is-live", Error,
        "The test model is the live model.",
        "Staging would publish what was not tested.",
        "```yaml\nmodel: acme/hotdog\ntest_model: acme/hotdog\n```";
    FIXED_AND_DISABLED = "SP008", "fixed-and-disabled", Error,
        "An input is both fixed and disabled for made inputs.",
        "It cannot be sent always and never.",
        "```yaml\nfuzz:\n  fixed_inputs: {seed: 1}\n  disabled_inputs: [seed]\n```";
    DEPRECATED_KEY = "SP009", "config-deprecated-key", Warning,
        "A key has no effect any more.",
        "It is accepted, so that old configurations work, and can be removed.",
        "```yaml\nfuzz:\n  duration: 300\n```";
    OUT_OF_RANGE = "SP010", "config-out-of-range", Error,
        "A number is too small or too large.",
        "It would mean that nothing is done, or that it never ends.",
        "```yaml\nparallel: 0\n```";
    BAD_RULE_CODE = "SP011", "rule-code", Error,
        "`.safe-push.yaml` names a rule by something that is no code.",
        "Rules are named by their codes; `safe-push rules` lists them.",
        "```yaml\nignore: [input-removed]   # SP101\n```";
    EMPTY_CHECKER = "SP012", "empty-checker", Error,
        "A checker is there and empty.",
        "It would judge nothing, or fit everything. An empty `exact_string` is meant: the output has to be empty.",
        "```yaml\n- inputs: {text: hi}\n  jq_query: \"\"\n```";
    UNKNOWN_MODEL_SECTION = "SP013", "unknown-model-section", Warning,
        "`.safe-push.yaml` has a section for a model that is not there.",
        "What it says has no effect.",
        "```yaml\nmodels:\n  hotdgo:        # hotdog\n    parallel: 2\n```";
    UNKNOWN_VARIABLE = "SP014", "unknown-variable", Warning,
        "A variable is named like one of safe-push, and is none.",
        "A misspelt variable has no effect.",
        "```sh\nexport SAFE_PUSH_PARALEL=8   # SAFE_PUSH_PARALLEL\n```";
    BAD_FILE_NAME = "SP015", "config-file-name", Error,
        "A configuration file's name cannot be a model's name.",
        "The name becomes an argument of scripts, a part of paths and a member of lists separated by commas. It has to consist of ASCII \
         letters, digits, `.`, `_` and `-`, must not begin with `.` or `-`, and must not be `all` or `changed`.",
        "```text\ncog-safe-push-configs/my model.yaml   # my-model.yaml\n```";
    TWO_FILES = "SP016", "config-twice", Error,
        "A model has two configuration files.",
        "Which of them is meant cannot be known.",
        "```text\ncog-safe-push-configs/hotdog.yaml\ncog-safe-push-configs/hotdog.yml\n```";
    BAD_PATTERN = "SP017", "path-pattern", Error,
        "`paths` has an entry that is no pattern.",
        "Which files change a model could not be decided.",
        "```yaml\nmodels:\n  hotdog:\n    paths: [\"src/[\"]   # src/**\n```";
    UNKNOWN_INPUT = "SP018", "unknown-input", Note,
        "An input of the action is named almost like one that it has.",
        "The runner passes inputs on that the action does not know. A misspelt one has no effect.",
        "```yaml\nwith:\n  test_onyl: true   # test_only\n```";
}
