//! The head of the page: where the run comes from, and what it did to the models.

use super::cut::{Cut, is_web_address};
use crate::domain::report::{Stage, StageStatus};
use crate::report::json::v1;
use crate::report::label;

/// Characters of a commit's id that people read.
const COMMIT_CHARACTERS: usize = 9;

/// Models whose outcome the head lists.
const OUTCOMES: usize = 20;

/// A fact about where the run comes from, perhaps with a page.
pub(crate) struct OriginPart {
    pub(crate) label: &'static str,
    pub(crate) text: String,
    pub(crate) page: Option<String>,
}

/// What the run did to a model.
pub(crate) struct ModelOutcome {
    pub(crate) model: String,
    pub(crate) text: String,
    /// The version that is live now, or would be.
    pub(crate) version: Option<String>,
    /// The command that takes it back.
    pub(crate) rollback: Option<String>,
}

pub(super) fn origin(origin: Option<&v1::Origin>, cut: Cut) -> Vec<OriginPart> {
    let Some(origin) = origin else { return Vec::new() };
    let part = |label, text: Option<String>, page: Option<&String>| {
        let page = page.filter(|page| is_web_address(page)).cloned();
        text.map(|text| OriginPart { label, text: cut.line(&text), page })
    };
    let commit = origin.commit.as_ref().map(|commit| commit.chars().take(COMMIT_CHARACTERS).collect());
    let parts = [
        part("repository", origin.repository.clone(), None),
        part("commit", commit, origin.commit_url.as_ref()),
        part("branch", origin.branch.clone(), None),
        part("pull request", origin.pull_request.map(|number| format!("#{number}")), origin.pull_request_url.as_ref()),
        part(
            "CI run",
            origin.ci_run_url.as_ref().and_then(|url| url.rsplit('/').next()).map(str::to_owned),
            origin.ci_run_url.as_ref(),
        ),
        part("started by", origin.author.clone(), None),
    ];
    parts.into_iter().flatten().collect()
}

/// What happened to each model that got as far as a version.
pub(super) fn outcomes(run: &v1::Run, cut: Cut) -> Vec<ModelOutcome> {
    let outcome = |model: &v1::Model| {
        let (text, version) = match (&model.versions.live, &model.versions.test) {
            (Some(live), _) => ("published".to_owned(), Some(live)),
            (None, Some(test)) => {
                let publish = model.stages.iter().find(|stage| stage.name == Stage::Publish);
                let why = publish.filter(|stage| stage.status == StageStatus::Skipped).and_then(|stage| stage.note.as_ref());
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                (format!("tested, not published{why}"), Some(test))
            }
            (None, None) => return None,
        };
        Some(ModelOutcome {
            model: cut.line(&model.model),
            text: cut.line(&text),
            version: version.map(|version| cut.line(version)),
            rollback: label::rollback(model).map(|command| cut.line(&command)),
        })
    };
    run.models.iter().filter_map(outcome).take(OUTCOMES).collect()
}
