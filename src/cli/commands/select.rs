//! `select`: the names of the models that a run would take.

use crate::cli::arguments::SelectArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::printer::Format;
use crate::cli::selection;
use crate::domain::verdict::Verdict;
use crate::report::documents::Selected;
use crate::select::outputs;

pub(super) async fn run(arguments: SelectArguments, context: &Context) -> Result<Verdict, Failure> {
    let configured = load::configured(arguments.settings, context)?;
    let script = load::script(&configured.run, context)?;
    let selection = selection::select(&configured, script.as_ref(), context).await?;
    let findings = load::print_findings(&selection.findings, &configured.run, context);
    let foreign = context.code_of(&configured.run.repository).why_foreign().map(load::foreign_notice);
    for notice in selection.notices.iter().chain(&foreign) {
        context.printer.say(&format!("note: {notice}"));
    }
    let outputs = outputs(&selection.names);
    if let Some(action) = &context.action {
        for (name, value) in outputs.entries() {
            if let Err(undelivered) = action.set_output(name, &value) {
                action.warn(&undelivered);
            }
        }
    }
    if arguments.matrix {
        context.printer.result(&outputs.matrix.to_string());
    } else if context.printer.format == Format::Json {
        context.printer.json(&Selected {
            models: selection.names.iter().map(|name| name.as_str().to_owned()).collect(),
            count: outputs.count,
            any: outputs.any,
            matrix: outputs.matrix,
            reasons: selection.reasons,
            notices: selection.notices.into_iter().chain(foreign).chain(findings).collect(),
        })?;
    } else {
        for name in &selection.names {
            context.printer.result(name.as_str());
        }
    }
    Ok(Verdict::Passed)
}
