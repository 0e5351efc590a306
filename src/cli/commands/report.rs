//! `report`: renders saved runs again, or ends what the jobs of a workflow left open.

use std::path::Path;

use crate::cli::arguments::ReportArguments;
use crate::cli::browser;
use crate::cli::conclude::{print_summary, without_secrets};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::finding_output;
use crate::cli::load;
use crate::cli::named_file;
use crate::cli::printer::Format;
use crate::cli::setting_flags::SettingFlags;
use crate::deliver::files;
use crate::deliver::github::JobResult;
use crate::domain::verdict::Verdict;
use crate::report::json;

/// A larger file is not the run.json of any run.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

pub(super) async fn run(arguments: &ReportArguments, context: &Context) -> Result<Verdict, Failure> {
    let mut runs = Vec::new();
    for path in &arguments.runs {
        runs.push(read(path).await?);
    }
    let Some(run) = json::merged(runs) else {
        return if arguments.open { open_last(context) } else { last_job(context).await };
    };
    let run = match &arguments.against {
        Some(path) => {
            let run = json::against(run, &read(path).await?);
            if run.history.is_empty() {
                context.printer.warn(format!("{} has none of these models", path.display()), None);
            }
            run
        }
        None => run,
    };
    let run = without_secrets(run, &context.printer);
    if let Some(folder) = &arguments.out {
        let written = files::write_report(None, folder, &run);
        for file in &written.files {
            context.printer.say(&format!("wrote {}", file.display()));
        }
        if let Some(problem) = written.problems.into_iter().next() {
            return Err(Failure::new(Verdict::Misconfigured, problem));
        }
    }
    if arguments.open {
        let beside = arguments.runs.first().and_then(|path| path.parent());
        let folder = arguments.out.as_deref().or(beside.filter(|_| arguments.runs.len() == 1));
        open_page(folder, context)?;
    }
    match context.printer.format {
        Format::Json => context.printer.json(&*run)?,
        Format::Github | Format::Sarif => {
            finding_output::print_run(&run, &context.printer)?;
        }
        Format::Text => print_summary(&run, None, context),
    }
    Ok(Verdict::Passed)
}

/// Opens the report of the last run.
fn open_last(context: &Context) -> Result<Verdict, Failure> {
    let run = load::settings_only(SettingFlags::default(), context)?;
    open_page(Some(&run.repository.join(&run.settings.report_dir)), context)?;
    Ok(Verdict::Passed)
}

fn open_page(folder: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let Some(folder) = folder else {
        return Err(Failure::request("no page to open for several runs").hint("write one with --out FOLDER"));
    };
    let page = context.environment.folder().join(folder).join("report.html");
    if !page.is_file() {
        let missing = Failure::request(format!("{} does not exist", page.display()));
        return Err(missing.hint("run safe-push first, or write the page of a saved run with --out FOLDER"));
    }
    context.printer.say(&format!("opening {}", page.display()));
    browser::open(&page, &context.environment)
}

async fn read(path: &Path) -> Result<json::v1::Run, Failure> {
    let text = named_file::read_text(path, &path.display().to_string(), MAX_BYTES).await?;
    json::from_json(&text)
        .map_err(|error| Failure::request(format!("{}: {error}", path.display())).hint("give the run.json of a report folder"))
}

/// The last job of a workflow: closes check runs that jobs left open, brings the comment up to date, and returns the verdict of all models.
async fn last_job(context: &Context) -> Result<Verdict, Failure> {
    let Some(action) = &context.action else {
        return Err(Failure::request("no run given").hint("give the run.json of a report folder"));
    };
    let run = load::settings_only(SettingFlags::default(), context)?;
    let github = action.github(run.tokens.github.clone(), run.settings.github_api_url.clone())?;
    let expected = run.settings.expected.as_deref().unwrap_or_default().split([',', '\n']).map(str::trim);
    let expected: Vec<String> = expected.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let jobs = JobResult::of_needs(run.settings.needs.as_deref().unwrap_or_default());
    let verdict = action.finish(github.as_deref(), &expected, jobs, run.settings.comment).await;
    let verdict = verdict.ok_or_else(|| {
        Failure::new(Verdict::ServiceError, anyhow::Error::msg("nothing says how the models did: GitHub lists no check runs"))
            .hint("pass the results of the other jobs with the input needs: ${{ toJSON(needs) }}")
    })?;
    action.leave();
    Ok(verdict)
}
