//! Where the annotations of a pull request may go, as GitHub knows it. Asked only where it matters.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::action::event::WorkflowEvent;
use crate::cli::action::step::ActionStep;
use crate::clients::github::{GitHub, GitHubError};
use crate::report::github::AnnotationPlaces;
use crate::report::json::v1::{FindingEntry, Run, Severity};

/// Files whose lines are compared with those of the head commit: each is a request.
const FILES: usize = 3;

/// Larger files are not compared.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where annotations of this run may go. Outside of pull requests, on the lines of the checkout.
pub(super) async fn places(github: &dyn GitHub, step: &ActionStep, event: &WorkflowEvent, run: &Run) -> AnnotationPlaces {
    let mut places = AnnotationPlaces::default();
    let Some(number) = event.pull_request else { return places };
    let found: Vec<&FindingEntry> = run.findings.iter().chain(run.models.iter().flat_map(|model| &model.findings)).collect();
    let on_lines = |finding: &&&FindingEntry| finding.file.is_some() && finding.line.is_some();
    if found.iter().filter(on_lines).any(|finding| finding.severity == Severity::Note) {
        match github.pull_request_files(number).await {
            Ok(files) => {
                for file in &files {
                    places.add_patch(&file.filename, file.patch.as_deref().unwrap_or_default());
                }
            }
            Err(error) => step.excuse(&error),
        }
    }
    let is_annotated = |finding: &&&FindingEntry| on_lines(finding) && finding.severity > Severity::Note;
    let files: BTreeSet<&str> = found.iter().filter(is_annotated).filter_map(|finding| finding.file.as_deref()).collect();
    if let Err(error) = add_moved(github, step, event, &mut places, files.into_iter().take(FILES)).await {
        step.excuse(&error);
    }
    places
}

/// A pull request is checked out as a merge, in which lines may be elsewhere.
async fn add_moved(
    github: &dyn GitHub,
    step: &ActionStep,
    event: &WorkflowEvent,
    places: &mut AnnotationPlaces,
    files: impl Iterator<Item = &str>,
) -> Result<(), GitHubError> {
    let Some((head, workspace)) = event.head_sha.as_deref().filter(|_| event.is_merge).zip(step.workspace()) else { return Ok(()) };
    for file in files {
        let Ok(checked_out) = repository_files::read_text(workspace, Path::new(file), MAX_BYTES) else { continue };
        if let Some(text) = github.file_at(file, head).await? {
            places.add_moved(file, &checked_out, &text);
        }
    }
    Ok(())
}
