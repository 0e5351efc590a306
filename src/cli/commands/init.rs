//! `init`: a first configuration for the model in this folder.

use std::fmt::Write as _;
use std::fs;

use anyhow::Context as _;
use cog_schema::{InputProperty, ShapeKind};
use serde_json::Value;

use crate::cli::arguments::InitArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::source_schema::static_inputs;
use crate::domain::identity::ModelRef;
use crate::domain::verdict::Verdict;

pub(super) async fn run(arguments: &InitArguments, context: &Context) -> Result<Verdict, Failure> {
    let model: ModelRef = arguments
        .model
        .parse()
        .map_err(|error| Failure::new(Verdict::Misconfigured, error).hint("name the live model as OWNER/NAME"))?;
    let repository = context.environment.folder();
    let inputs = static_inputs(repository).await.unwrap_or_default();
    let path = repository.join("cog-safe-push-configs").join(format!("{}.yaml", model.name()));
    if path.exists() && !arguments.force {
        return Err(Failure::request(format!("{} is already there", path.display())).hint("edit it, or replace it with --force"));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    }
    fs::write(&path, configuration(&model, &inputs)).with_context(|| format!("failed to write {}", path.display()))?;
    context.printer.result(&format!("wrote {}", path.display()));
    context.printer.say("next: describe what the test cases expect, then `safe-push check` and `safe-push run --sandbox`");
    Ok(Verdict::Passed)
}

/// A configuration with one test case that sends what has to be sent.
fn configuration(model: &ModelRef, inputs: &[InputProperty]) -> String {
    let test_model = model.with_suffix("-test");
    let mut text = format!(
        "model: {model}\ntest_model: {test_model}\n# What the test model runs on, if it has to be made.\ntest_hardware: cpu\n\npredict:\n  \
         # Whether the first test case has to give the same on the live version.\n  compare_outputs: true\n  predict_timeout: 300\n  test_cases:\n"
    );
    let required: Vec<&InputProperty> = inputs.iter().filter(|input| input.required).collect();
    if required.is_empty() {
        text.push_str("    - inputs: {}\n");
    } else {
        text.push_str("    - inputs:\n");
        for input in required {
            // Writing to a String cannot fail. JSON is YAML.
            let _infallible = writeln!(text, "        {}: {}", input.name, example(input));
        }
    }
    text.push_str(
        "      # One of these says what the output has to be like:\n      # exact_string: \"...\"\n      # jq_query: \".words == 8\"\n      \
         # match_url: https://...\n      # error_contains: \"...\"\n  fuzz:\n    iterations: 6\n\nparallel: 4\n",
    );
    text
}

/// A value that fits where that can be known, and that asks to be replaced.
fn example(input: &InputProperty) -> Value {
    let shape = &input.shape;
    if let Some(choice) = shape.choices.as_ref().and_then(|choices| choices.first()) {
        return choice.clone();
    }
    match &shape.kind {
        ShapeKind::String if shape.format.as_deref() == Some("uri") => "https://example.com/replace-me".into(),
        ShapeKind::String | ShapeKind::Any | ShapeKind::Union(_) => "replace me".into(),
        ShapeKind::Integer => 1.into(),
        ShapeKind::Number => 1.0.into(),
        ShapeKind::Boolean => true.into(),
        ShapeKind::Array(_) => Value::Array(Vec::new()),
        ShapeKind::Object(_) => Value::Object(serde_json::Map::new()),
    }
}
