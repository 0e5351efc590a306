//! `demo`: an example model is published on the sandbox, changed and published again; then a breaking change is stopped before a build.

mod base_image;
mod story;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::arguments::DemoArguments;
use crate::cli::conclude::{finished_run, print_summary};
use crate::cli::context::Context;
use crate::cli::execute::execute;
use crate::cli::failure::Failure;
use crate::cli::load::{self, CommandInputs};
use crate::cli::prepare::model_run;
use crate::cli::printer::Format;
use crate::cli::services::{self, Connected};
use crate::deliver::files::write_report;
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::domain::report::{LayerProof, RunReport, Stage, StageStatus};
use crate::domain::verdict::Verdict;
use crate::report::json::run_json;
use crate::support::temporary_folder::{Purpose, temporary_folder};

/// One act of the demo, and how it has to end.
struct Act {
    title: &'static str,
    change: fn(&Path) -> std::io::Result<()>,
    /// Where its reports go, below the demo's folder.
    reports: &'static str,
    expected: Verdict,
}

/// The second one shows what safe-push is for, so its reports are at the top level.
const ACTS: [Act; 3] = [
    Act {
        title: "1. The first version of acme/skyline is published",
        change: |_folder| Ok(()),
        reports: "first-version",
        expected: Verdict::Passed,
    },
    Act {
        title: "2. A change that adds an input: compared with live, then published",
        change: story::add_moon,
        reports: "",
        expected: Verdict::Passed,
    },
    Act {
        title: "3. A change that renames an input: stopped before a build",
        change: story::rename_input,
        reports: "breaking-change",
        expected: Verdict::Failed,
    },
];

/// Plays the three acts. Exit code 0 means that each ended as it should.
pub(super) async fn run(arguments: DemoArguments, context: &Context) -> Result<Verdict, Failure> {
    let folder = temporary_folder(Purpose::Demo).context("failed to make a folder for the demo")?;
    story::write_model(folder.path()).context("failed to write the example")?;
    let repository = context.at(folder.path());
    if services::tools(context).ruff.is_none() {
        context.printer.say("Ruff is not installed: the demo goes on without lint.");
    }
    let loaded = load_example(&repository).await?;
    let docker = services::docker(&loaded.run).await?;
    base_image::provide(docker.inspect.as_ref(), &context.printer).await?;
    let plans: Vec<_> = loaded.models.iter().map(|model| model.plan.clone()).collect();
    let connected = services::sandbox(&loaded.run, &plans, &repository).await?;
    let played = play(&connected, loaded, folder.path(), &arguments.report_dir, context, &repository).await;
    connected.close().await;
    played
}

/// A demo needs Docker and nothing else: where Ruff is missing, it is left out.
async fn load_example(repository: &Context) -> Result<CommandInputs, Failure> {
    let mut loaded = load::load_plain(repository).await?;
    if services::tools(repository).ruff.is_none() {
        loaded.models.iter_mut().for_each(|model| model.plan.inspect.no_lint = true);
    }
    Ok(loaded)
}

async fn play(
    connected: &Connected,
    mut loaded: CommandInputs,
    folder: &Path,
    reports: &Path,
    context: &Context,
    repository: &Context,
) -> Result<Verdict, Failure> {
    let mut main_report = None;
    for act in ACTS {
        context.printer.say(&format!("\n{}\n", act.title));
        (act.change)(folder).context("failed to change the example")?;
        let runs = loaded.models.into_iter().map(model_run).collect();
        let report = execute(runs, connected, &*repository.observer(), repository).await;
        let html = conclude_act(&act, &report, reports, context);
        if report.verdict != act.expected || !published_as_expected(&act, &report) {
            return Ok(unexpected(&act, &report, context));
        }
        if act.reports.is_empty() {
            main_report = html;
            if context.printer.format == Format::Json {
                context.printer.json(&run_json(&report))?;
            }
        }
        loaded = load_example(repository).await?;
    }
    if let Some(path) = main_report {
        context.printer.say(&format!("\nAll three ended as they should. Open {} to see the second push.", path.display()));
    }
    Ok(Verdict::Passed)
}

fn conclude_act(act: &Act, report: &RunReport, reports: &Path, context: &Context) -> Option<PathBuf> {
    let run = finished_run(report, context);
    let written = write_report(None, &context.environment.folder().join(reports).join(act.reports), &run);
    for problem in &written.problems {
        context.printer.warn(Undelivered::new(DeliveryTarget::Folder, problem), None);
    }
    if context.printer.format == Format::Text {
        print_summary(&run, None, context);
    }
    written.page().map(Path::to_owned)
}

/// A publication has to be proven by equal layers, and a breaking change must not have reached the build.
fn published_as_expected(act: &Act, report: &RunReport) -> bool {
    report.models.iter().all(|model| match act.expected {
        Verdict::Passed => model.published.is_some() && model.layers.as_ref().is_some_and(LayerProof::holds),
        _ => !model.stages.iter().any(|stage| stage.stage == Stage::Build && stage.status != StageStatus::Skipped),
    })
}

fn unexpected(act: &Act, report: &RunReport, context: &Context) -> Verdict {
    if report.verdict != Verdict::Cancelled {
        context.printer.complain(&format!("error: '{}' ended as {}, not as {}", act.title, report.verdict, act.expected));
    }
    // A change that should have been stopped but was not is a failure too.
    if report.verdict == Verdict::Passed { Verdict::Failed } else { report.verdict }
}
