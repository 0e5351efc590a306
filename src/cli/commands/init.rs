//! `init`: a first configuration for the model in this folder, or for each model of the repository.

use std::fmt::Write as _;

use cog_findings::Severity;
use cog_source::python;
use serde_json::{Map, Value};

use crate::cli::arguments::InitArguments;
use crate::cli::commands::init_projects::{self, Existing};
use crate::cli::commands::init_workflow;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::source_schema::describe_project_at;
use crate::config::UnconfiguredModel;
use crate::domain::identity::ModelRef;
use crate::domain::project_place::{COG_YAML, ProjectPlace, SELECT_SCRIPTS};
use crate::domain::verdict::Verdict;
use crate::report::console;
use crate::verify::{FirstInputs, first_inputs};

pub(super) async fn run(arguments: &InitArguments, context: &Context) -> Result<Verdict, Failure> {
    let projects = init_projects::find(context.environment.folder());
    // Who asks for a workflow has often edited the configuration by then.
    let existing = match (arguments.force, arguments.github) {
        (true, _) => Existing::Replace,
        (false, true) => Existing::Keep,
        (false, false) => Existing::Refuse("edit it, or replace it with --force"),
    };
    if let Some(named) = &arguments.model {
        if named.contains('/') {
            one(named, &projects, existing, context).await?;
        } else {
            each(named, &projects, existing, context).await?;
        }
    }
    if arguments.github {
        init_workflow::write(arguments, context)?;
    }
    context.printer.say("next: describe what the test cases expect, then `safe-push check` and `safe-push run --sandbox`");
    Ok(Verdict::Passed)
}

/// The configuration of one model.
async fn one(named: &str, projects: &[String], existing: Existing, context: &Context) -> Result<(), Failure> {
    let model = parse(named)?;
    let new = load::new_model(&model, context)?;
    if let Err(failure) = refuse_without_project(&new, context) {
        return Err(match projects {
            [] => failure,
            _ => failure.hint(format!(
                "name the owner alone to configure {}: `safe-push init {}`",
                projects.join(", "),
                model.owner()
            )),
        });
    }
    let inputs = match describe_project_at(&new.project, &new.place, None, python::describe).await {
        Ok(described) => first_inputs(&described.document),
        Err(failure) => {
            context.printer.say(&format!("note: the inputs were left out: {}", failure.message()));
            FirstInputs::default()
        }
    };
    init_projects::write_new(&new.repository, &new.path, &configuration(&model, &inputs), existing, context)
}

/// A configuration beside each `cog.yaml`, for a model that is called like its folder.
async fn each(owner: &str, projects: &[String], existing: Existing, context: &Context) -> Result<(), Failure> {
    if projects.is_empty() {
        let problem = match context.environment.folder().join(COG_YAML).is_file() {
            true => "but the cog.yaml of this folder needs the name of one model",
            false => "and no folder below this one has a cog.yaml",
        };
        let none = Failure::request(format!("'{owner}' is not OWNER/NAME, {problem}"));
        return Err(none.hint(format!("name the model, as in `safe-push init {owner}/hotdog`")));
    }
    for project in projects {
        let name = project.rsplit('/').next().unwrap_or(project);
        let model = parse(&format!("{owner}/{}", name.to_lowercase()))?;
        let folder = context.environment.folder().join(project);
        let described = describe_project_at(&folder, &ProjectPlace::default(), None, python::describe).await;
        let inputs = described.map(|described| first_inputs(&described.document)).unwrap_or_default();
        init_projects::write_new(
            context.environment.folder(),
            &folder.join("cog-safe-push.yaml"),
            &configuration(&model, &inputs),
            existing,
            context,
        )?;
    }
    Ok(())
}

fn parse(named: &str) -> Result<ModelRef, Failure> {
    named.parse().map_err(|error| Failure::new(Verdict::Misconfigured, error).hint("name the live model as OWNER/NAME"))
}

/// A configuration without a project would be useless. A select script may write `cog.yaml` later.
fn refuse_without_project(new: &UnconfiguredModel, context: &Context) -> Result<(), Failure> {
    let is_prepared = SELECT_SCRIPTS.iter().any(|path| new.repository.join(path).is_file());
    if is_prepared || new.project.join(new.place.config_name()).is_file() {
        return Ok(());
    }
    for finding in new.findings.iter().filter(|finding| finding.severity > Severity::Note) {
        context.printer.say(&console::finding(finding, context.printer.progress_style()));
    }
    let message = format!("no {COG_YAML} found in {}, so there is nothing to test", new.project.display());
    Err(Failure::request(message).hint("run `safe-push init` in the repository of a Cog model, or write cog.yaml first"))
}

/// A configuration with one test case that sends the required inputs.
fn configuration(model: &ModelRef, inputs: &FirstInputs) -> String {
    let test_model = model.with_suffix("-test");
    let mut text = format!(
        "{}model: {model}\ntest_model: {test_model}\n# What the test model runs on, if it has to be made.\ntest_hardware: cpu\n\npredict:\n  \
         # Whether the first test case has to give the same on the live version.\n  compare_outputs: true\n  predict_timeout: 300\n  test_cases:\n",
        schema_line(),
    );
    push_inputs(&mut text, "    - inputs:", 8, &inputs.required);
    for name in &inputs.missing {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "        # {name}: no value was found for it");
    }
    text.push_str(
        "      # One of these says what the output has to be like:\n      # exact_string: \"...\"\n      # jq_query: \".words == 8\"\n      \
         # match_url: https://...\n      # error_contains: \"...\"\n  fuzz:\n    iterations: 6\n",
    );
    if !inputs.fixed.is_empty() {
        text.push_str("    # Inputs that cannot be made up.\n");
        push_inputs(&mut text, "    fixed_inputs:", 6, &inputs.fixed);
    }
    text.push_str("\nparallel: 4\n");
    text
}

/// The line from which editors learn the keys and their meaning.
fn schema_line() -> String {
    let files = env!("CARGO_PKG_REPOSITORY").replace("https://github.com/", "https://raw.githubusercontent.com/");
    format!("# yaml-language-server: $schema={files}/main/schemas/cog-safe-push.schema.json\n")
}

/// Inputs below a key. JSON is YAML.
fn push_inputs(text: &mut String, key: &str, indent: usize, inputs: &Map<String, Value>) {
    text.push_str(key);
    text.push_str(if inputs.is_empty() { " {}\n" } else { "\n" });
    for (name, value) in inputs {
        let _infallible = writeln!(text, "{:indent$}{}: {value}", "", written(name));
    }
}

/// A name as a key. Some parameters are words that YAML takes for something else.
fn written(name: &str) -> String {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if WORDS.contains(&name.to_ascii_lowercase().as_str()) { Value::from(name).to_string() } else { name.to_owned() }
}
