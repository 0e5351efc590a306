//! Rules of this room: SP801 to SP819.

use cog_findings::Severity::Warning;
use cog_findings::rules;

rules! {
    WITHOUT_CONFIGURATION = "SP801", "model-without-configuration", Warning,
        "The select script lists a model that has no configuration.",
        "`all` skips it, because nothing says which model on Replicate it is.",
        "```sh\nif [[ \"$MODEL\" == \"dev\" ]]; then   # and cog-safe-push-configs/dev.yaml?\n```";
    UNKNOWN_TO_SCRIPT = "SP802", "model-unknown-to-script", Warning,
        "A model has a configuration, but the select script does not seem to know it.",
        "The script decides: if it rejects the name, the model's run ends before the build.",
        "```text\ncog-safe-push-configs/dev.yaml   # and [[ \"$MODEL\" == \"dev\" ]] in script/select-model?\n```";
    LIST_FAILED = "SP803", "script-list-failed", Warning,
        "The select script could not list its models.",
        "Only the names of the configurations are used.",
        "```console\n$ script/select.sh --list\nls: cannot access 'model-cog-configs'\n```";
    NOT_A_NAME = "SP804", "script-name", Warning,
        "The select script lists something that is not a valid model name.",
        "It is skipped.",
        "```console\n$ script/select.sh --list\nUsage: select.sh MODEL\n```";
}
