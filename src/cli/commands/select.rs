//! `select`: the names of the models that a run would take.

use crate::cli::arguments::SelectArguments;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::printer::Format;
use crate::domain::verdict::Verdict;
use crate::select::{SelectError, choose, matrix, names};

pub(super) fn run(arguments: SelectArguments, context: &Context) -> Result<Verdict, Failure> {
    let settings = load::settings_only(arguments.settings, context)?;
    let known = names(&settings.repository, &settings.config_dir);
    let chosen = choose(settings.models.as_deref().unwrap_or("all"), &known).map_err(wrong)?;
    if let Some(action) = &context.action {
        action.output("matrix", &matrix(&chosen).map_err(wrong)?.to_string());
        action.output("models", &chosen.join(","));
        action.output("count", &chosen.len().to_string());
        action.output("any", if chosen.is_empty() { "false" } else { "true" });
    }
    if arguments.matrix {
        context.printer.result(&matrix(&chosen).map_err(wrong)?.to_string());
    } else if context.printer.format == Format::Json {
        context.printer.json(&chosen)?;
    } else {
        for name in chosen {
            context.printer.result(&name);
        }
    }
    Ok(Verdict::Passed)
}

fn wrong(error: SelectError) -> Failure {
    let hint = error.hint();
    Failure::new(Verdict::Misconfigured, error).maybe_hint(hint)
}
