//! Rules of this room: SP801 to SP819.

use cog_findings::Severity::Warning;
use cog_findings::rules;

rules! {
    WITHOUT_CONFIGURATION = "SP801", "model-without-configuration", Warning,
        "The select script knows a model that has no configuration.",
        "`all` leaves it out: nothing says which model on Replicate it is.",
        "```sh\nif [[ \"$MODEL\" == \"dev\" ]]; then   # and cog-safe-push-configs/dev.yaml?\n```";
    UNKNOWN_TO_SCRIPT = "SP802", "model-unknown-to-script", Warning,
        "A model has a configuration, and the select script does not seem to know it.",
        "The script decides in the end: where it refuses the name, the model's run ends before anything is built.",
        "```text\ncog-safe-push-configs/dev.yaml   # and [[ \"$MODEL\" == \"dev\" ]] in script/select-model?\n```";
    LIST_FAILED = "SP803", "script-list-failed", Warning,
        "The select script could not list its models.",
        "Names are taken from the configurations alone.",
        "```console\n$ script/select.sh --list\nls: cannot access 'model-cog-configs'\n```";
    NOT_A_NAME = "SP804", "script-name", Warning,
        "The select script lists something that cannot be a model's name.",
        "It is left out.",
        "```console\n$ script/select.sh --list\nUsage: select.sh MODEL\n```";
}
