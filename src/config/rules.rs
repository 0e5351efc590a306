//! Rules about configuration files, variables and inputs: SP001 to SP049.

use cog_findings::Severity::{Error, Note, Warning};
use cog_findings::rules;

rules! {
    UNREADABLE = "SP001", "config-unreadable", Error,
        "A configuration file is not valid YAML.",
        "Nothing in the file can be used. A duplicate key counts as invalid, because one of its values would be lost.",
        "```yaml\nmodel: acme/hotdog\nmodel: acme/hotdog   # the same key twice\n```";
    UNKNOWN_KEY = "SP002", "config-unknown-key", Error,
        "The file has an unknown key.",
        "A misspelled key would have no effect, and a check would silently be skipped.",
        "```yaml\npredict:\n  test_case: []   # test_cases\n```";
    WRONG_TYPE = "SP003", "config-wrong-type", Error,
        "A value has the wrong type for its key.",
        "The value cannot be used.",
        "```yaml\nparallel: four   # 4\n```";
    MISSING_KEY = "SP004", "config-missing-key", Error,
        "A required key is missing.",
        "Without it there is nothing to test, or nowhere to test it.",
        "```yaml\ntest_model: acme/hotdog-test   # and model?\n```";
    TWO_CHECKERS = "SP005", "two-checkers", Error,
        "A test case has more than one checker.",
        "Only one of `exact_string`, `match_url`, `match_prompt`, `jq_query` and `error_contains` can decide the result.",
        "```yaml\n- inputs: {text: hi}\n  exact_string: hello\n  jq_query: .ok\n```";
    BAD_MODEL = "SP006", "model-name", Error,
        "A model name is not OWNER/NAME.",
        "Replicate identifies a model by its owner and its name.",
        "```yaml\nmodel: https://replicate.com/acme/hotdog   # acme/hotdog\n```";
    SAME_MODEL = "SP007", "same-model", Error,
        "A model is named for two purposes that exclude each other.",
        "The live model, the official model, the test model and the destination of trainings are four models. Otherwise something untested \
         would be published, or something official without proof that it contains no secret. Capitals make no difference. The same holds \
         across the configurations of a repository: nothing is staged to a model that another configuration publishes.",
        "```yaml\nmodel: acme/hotdog\ntest_model: acme/hotdog\n```";
    FIXED_AND_DISABLED = "SP008", "fixed-and-disabled", Error,
        "An input is both fixed and disabled for fuzz inputs.",
        "It cannot always be sent and never be sent.",
        "```yaml\nfuzz:\n  fixed_inputs: {seed: 1}\n  disabled_inputs: [seed]\n```";
    DEPRECATED_KEY = "SP009", "config-deprecated-key", Warning,
        "A key no longer has an effect.",
        "It is accepted so that old configurations work. It can be removed.",
        "```yaml\nfuzz:\n  duration: 300\n```";
    OUT_OF_RANGE = "SP010", "config-out-of-range", Error,
        "A number is too small or too large.",
        "A run would do nothing, or never finish.",
        "```yaml\nparallel: 0\n```";
    BAD_RULE_CODE = "SP011", "rule-code", Error,
        "`.safe-push.yaml` names a rule by something other than its code.",
        "Rules are identified by their codes, which `safe-push rules` lists.",
        "```yaml\nignore: [input-removed]   # SP101\n```";
    EMPTY_CHECKER = "SP012", "empty-checker", Error,
        "A checker is empty.",
        "It would accept every output. Only an empty `exact_string` has a meaning: the output has to be empty.",
        "```yaml\n- inputs: {text: hi}\n  jq_query: \"\"\n```";
    UNKNOWN_MODEL_SECTION = "SP013", "unknown-model-section", Warning,
        "`.safe-push.yaml` has a section for a model that does not exist.",
        "The section has no effect.",
        "```yaml\nmodels:\n  hotdgo:        # hotdog\n    parallel: 2\n```";
    UNKNOWN_VARIABLE = "SP014", "unknown-variable", Warning,
        "A variable has the prefix of safe-push, but safe-push does not know it.",
        "A misspelled variable has no effect.",
        "```sh\nexport SAFE_PUSH_PARALEL=8   # SAFE_PUSH_PARALLEL\n```";
    BAD_FILE_NAME = "SP015", "config-file-name", Error,
        "The name of a configuration file is not a valid model name.",
        "The name becomes an argument of scripts, a part of paths and an item of comma-separated lists. It may have ASCII letters, digits, \
         `.`, `_` and `-`, must not start with `.` or `-`, and must not be `all` or `changed`.",
        "```text\ncog-safe-push-configs/my model.yaml   # my-model.yaml\n```";
    TWO_FILES = "SP016", "config-twice", Error,
        "A model has two configuration files.",
        "It is unclear which of them to use.",
        "```text\ncog-safe-push-configs/hotdog.yaml\ncog-safe-push-configs/hotdog.yml\n```";
    BAD_PATTERN = "SP017", "path-pattern", Error,
        "`paths` has an entry that is not a valid path pattern.",
        "Without it, changed models cannot be found.",
        "```yaml\nmodels:\n  hotdog:\n    paths: [\"src/[\"]   # src/**\n```";
    UNKNOWN_INPUT = "SP018", "unknown-input", Note,
        "An input of the action looks like a misspelled one.",
        "The runner also passes inputs that the action does not know. A misspelled input has no effect.",
        "```yaml\nwith:\n  test_onyl: true   # test_only\n```";
    NO_OFFICIAL_MODEL = "SP019", "no-official-model", Warning,
        "A push to the official model was asked for, but the configuration names none.",
        "The model is skipped: it is not tested, and nothing is pushed.",
        "```sh\nsafe-push --push-official-model   # and official_model?\n```";
    NOT_READ = "SP020", "config-not-read", Warning,
        "A file is called almost like a configuration, but safe-push does not read it.",
        "What it sets has no effect.",
        "```text\n.safe-push.yml   # .safe-push.yaml\n```";
    OUTSIDE = "SP030", "outside-repository", Error,
        "`.safe-push.yaml` names a file or folder outside the repository, or one of git's own.",
        "Whoever can change a file of the repository could otherwise read or overwrite files of the machine.",
        "```yaml\nreport_dir: ../../etc   # safe-push-report\n```";
    SECRET_SOURCE = "SP031", "secret-source", Error,
        "`.safe-push.yaml` takes a build secret from a variable that is not allowed with `--secret-variable`, or a build secret is one of safe-push's own tokens.",
        "Whoever can change a file of the repository could otherwise put any secret of the workflow into an image.",
        "```yaml\ndocker_secrets: [\"id=hf,env=HF_TOKEN\"]   # needs --secret-variable HF_TOKEN\n```";
    FOLDER_UNCLEAR = "SP032", "model-folder-unclear", Warning,
        "The repository has several folders with a `cog.yaml`, and it is not clear which of them holds the model.",
        "Without a `cog.yaml` the model cannot be checked or built.",
        "```yaml\nmodels:\n  hotdog:\n    folder: models/hotdog   # in .safe-push.yaml\n```";
    CONTEXT_BESIDE = "SP033", "context-beside-folder", Error,
        "`context` in `.safe-push.yaml` does not contain the model's folder.",
        "The context is the folder that is built, with `cog.yaml` somewhere in it.",
        "```yaml\nmodels:\n  hotdog:\n    folder: models/hotdog\n    context: shared   # .\n```";
    CASE_SECRET = "SP034", "case-secret", Error,
        "A test case sends a variable that is not allowed, not set, or one of safe-push's own tokens.",
        "Whoever can change a file of the repository could otherwise send any secret of the workflow to a model.",
        "```yaml\ninputs: {hf_token: $(env.HF_TOKEN)}   # needs --secret-variable HF_TOKEN\n```";
    CASE_NAME = "SP035", "case-name", Error,
        "The name of a test case is not valid, or two cases have the same.",
        "Reports, check runs and folders of outputs identify cases by their names.",
        "```yaml\n- name: case-2   # looks like the second case without a name\n```";
    BAD_CHECK = "SP036", "bad-check", Error,
        "A value below `checks` cannot be used.",
        "The check would never pass, or never fail.",
        "```yaml\nchecks: {regex: \"(\"}\n```";
    PLACEHOLDER = "SP037", "placeholder-input", Note,
        "A test case or a fixed input still has the placeholder that `init` wrote.",
        "The case passes if the model accepts any input, so it proves little.",
        "```yaml\n- inputs: {text: replace me}   # an input that users send, and what the output should be\n```";
}
