//! The inputs and secrets of the reusable workflow.

use anyhow::Result;
use safe_push::reference::{Action, SETTINGS, TOKENS};

use crate::actions::{description, quoted};
use crate::section::below;

/// Inputs of the workflow that no setting has: they are about its jobs.
const OF_JOBS: &[(&str, &str)] = &[
    ("runs_on", "Runner of the models' jobs: a label, or a JSON list of labels (default: ubuntu-latest)"),
    ("submodules", "Whether to check out submodules (true, recursive)"),
    ("lfs", "Whether to download files of Git LFS (true)"),
    ("setup", "Shell commands on the runner before each model, with MODEL set"),
    ("select_on_runner", "Run the select script on the runner, with the runner's programs (true)"),
    ("extra_secrets", "Names of up to four more secrets for scripts and builds, separated by commas; needs secrets: inherit"),
    ("max_parallel", "Number of jobs at the same time (default: 16)"),
    ("timeout_minutes", "Time limit of a model's job (default: 330)"),
    ("environment", "GitHub environment of the models' jobs, with its secrets and reviewers"),
];

/// The workflow's file with its inputs and secrets.
pub(crate) fn with_inputs(text: &str) -> Result<String> {
    let of_settings = SETTINGS.iter().filter(|setting| setting.inputs.contains(&Action::Workflow));
    let of_settings = of_settings.map(|setting| input(setting.name, &description(setting)));
    let inputs: String = of_settings.chain(OF_JOBS.iter().map(|(name, help)| input(name, help))).collect();
    let secrets = TOKENS.iter().filter(|token| token.inputs.contains(&Action::Workflow));
    let secrets = secrets
        .map(|token| format!("      {}:\n        description: {}\n        required: false\n", token.variable, quoted(token.help)));
    below(&below(text, "    inputs:", &inputs)?, "    secrets:", &secrets.collect::<String>())
}

/// Every input is a text: an event without inputs passes an empty one, which is neither true nor a number.
fn input(name: &str, description: &str) -> String {
    let description = quoted(description);
    format!(
        "      {name}:\n        description: {description}\n        type: string\n        required: false\n        default: \"\"\n"
    )
}
