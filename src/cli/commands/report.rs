//! `report`: renders a saved run again.

use std::fs;

use anyhow::Context as _;

use crate::cli::arguments::ReportArguments;
use crate::cli::context::Context;
use crate::cli::execute::findings_of;
use crate::cli::failure::Failure;
use crate::cli::finding_output;
use crate::cli::printer::Format;
use crate::deliver::files;
use crate::domain::verdict::Verdict;
use crate::report::{console, json};

pub(super) fn run(arguments: &ReportArguments, context: &Context) -> Result<Verdict, Failure> {
    let path = &arguments.run;
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let run = json::from_json(&text)
        .map_err(|error| Failure::request(format!("{}: {error}", path.display())).hint("give the run.json of a report folder"))?;
    if let Some(folder) = &arguments.out {
        for written in files::write_report(folder, &run).map_err(|error| Failure::new(Verdict::Misconfigured, error))? {
            context.printer.say(&format!("wrote {}", written.display()));
        }
    }
    match context.printer.format {
        Format::Json => context.printer.json(&run)?,
        Format::Github | Format::Sarif => {
            finding_output::print(&findings_of(&run), context)?;
        }
        Format::Text => context.printer.result(&console::summary(&run, context.printer.result_style())),
    }
    Ok(Verdict::Passed)
}
