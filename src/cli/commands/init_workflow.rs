//! Workflows for GitHub Actions, from the templates of this repository.

use std::fs;
use std::time::Duration;

use crate::cli::arguments::InitArguments;
use crate::cli::commands::init_projects::{self, Existing, write_new};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::support::process::Bounds;
use crate::support::untrusted::git;

const SINGLE: &str = include_str!("../../../workflows-templates/single-model.yaml");
const SEVERAL: &str = include_str!("../../../workflows-templates/model-ci.yaml");
const CANARY: &str = include_str!("../../../workflows-templates/canary.yaml");

/// What the templates have in place of the branch that is published.
const BRANCH: &str = "$default-branch";

/// Git answers in milliseconds.
const TIME_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn write(arguments: &InitArguments, context: &Context) -> Result<(), Failure> {
    let repository = context.environment.folder();
    let branch = default_branch(context);
    // Without a model, so that no configuration is replaced.
    let refuse = Existing::Refuse("edit it, or replace it with `safe-push init --github --force`");
    let existing = if arguments.force { Existing::Replace } else { refuse };
    let template = if has_several_models(context) { SEVERAL } else { SINGLE };
    let canary = arguments.canary.then_some(("safe-push-canary.yaml", CANARY));
    for (name, template) in [("safe-push.yaml", template)].into_iter().chain(canary) {
        let path = repository.join(".github/workflows").join(name);
        write_new(repository, &path, &template.replace(BRANCH, &branch), existing, context)?;
    }
    context
        .printer
        .say("next: add the secrets COG_TOKEN and REPLICATE_API_TOKEN to the repository, and pin the action to a release");
    Ok(())
}

fn has_several_models(context: &Context) -> bool {
    let repository = context.environment.folder();
    let entries = fs::read_dir(repository.join("cog-safe-push-configs")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let configured = names.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")).count();
    configured > 1 || init_projects::find(repository).len() > 1
}

/// The branch that origin's HEAD names, else `main`.
fn default_branch(context: &Context) -> String {
    let arguments = ["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"];
    let program = git(context.environment.folder(), |name| context.environment.get(name), &arguments);
    let ended = context.launcher.run(&program, Bounds { time: TIME_LIMIT, bytes: 1_000, cancelled: &|| false }).ok();
    let named = ended.filter(|ended| ended.status.success()).map(|ended| ended.stdout.text().trim().to_owned());
    let branch = named.and_then(|name| name.strip_prefix("origin/").map(str::to_owned));
    // What is written into YAML is a plain word.
    let is_plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.'));
    branch.filter(is_plain).unwrap_or_else(|| "main".to_owned())
}
