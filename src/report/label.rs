//! Statuses and verdicts as text for people. Their names in `run.json` are defined elsewhere.

use cog_findings::text::count;

use crate::domain::page::PageChange;
use crate::domain::report::{CaseStatus, DeploymentChange, PublishRoute, StageStatus};
use crate::domain::verdict::Verdict;
use crate::report::json::v1::{Model, PageEntry, TransferEntry};

/// The command that takes a publication back, if there was one and something to go back to.
pub(super) fn rollback(model: &Model) -> Option<String> {
    model.versions.live.as_ref()?;
    let (model, id) = model.versions.previous.as_ref()?.rsplit_once(':')?;
    Some(format!("safe-push rollback {model} --to {id}"))
}

/// The label of the version that was live when the run started: a run that publishes nothing leaves it live.
pub(super) fn previous(model: &Model) -> &'static str {
    if model.versions.live.is_some() { "Previously live, for a rollback" } else { "Still live" }
}

/// How to publish a model although it is unchanged, if that is why it was not.
pub(super) fn publish_anyway(model: &Model) -> Option<&'static str> {
    model.versions.unchanged.as_ref().map(|_| "--always, in a workflow with the input always: true")
}

/// What became of the README on the model's page, without the reason of a failure, which is untrusted.
pub(super) fn page(page: &PageEntry) -> String {
    let of = |sign: char| page.diff.iter().filter(|line| line.starts_with(sign)).count();
    let (added, removed) = (of('+'), of('-'));
    match page.change {
        PageChange::Unchanged => "unchanged".to_owned(),
        PageChange::Updated => format!("updated, {added} lines added, {removed} removed"),
        PageChange::WouldUpdate => format!("publishing updates it, {added} lines added, {removed} removed"),
        PageChange::Failed => "not updated".to_owned(),
    }
}

/// How a run or a model ended.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::ServiceError => "service error",
        Verdict::Billing => "billing error",
        Verdict::Misconfigured => "misconfigured",
        Verdict::Cancelled => "canceled",
    }
}

/// How a stage ended.
pub(super) fn stage(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Passed => "passed",
        StageStatus::Failed => "failed",
        StageStatus::Errored => "error",
        StageStatus::Cancelled => "canceled",
        StageStatus::Skipped => "skipped",
    }
}

/// How a case ended.
pub(super) fn case(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Passed => "passed",
        CaseStatus::Failed => "failed",
        CaseStatus::Flaky => "flaky",
        CaseStatus::Errored => "error",
        CaseStatus::Cancelled => "canceled",
        CaseStatus::Skipped => "skipped",
    }
}

/// How the layers of the published version reached the live model, without the reason, which is untrusted.
pub(super) fn transfer(transfer: &TransferEntry) -> String {
    let parts = [(transfer.mounted, "mounted"), (transfer.streamed, "streamed"), (transfer.present, "already there")];
    let counts: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    match transfer.route {
        PublishRoute::Daemon => "by the Docker daemon".to_owned(),
        PublishRoute::Mounted | PublishRoute::Streamed => {
            let all = count(transfer.mounted + transfer.streamed + transfer.present, "layer");
            format!("within the registry, {all}: {}", counts.join(", "))
        }
    }
}

/// What happened to a deployment.
pub(super) fn deployment_change(change: DeploymentChange) -> &'static str {
    match change {
        DeploymentChange::Created => "created",
        DeploymentChange::Updated => "updated",
        DeploymentChange::Unchanged => "unchanged",
        DeploymentChange::Restored => "failed, and restored to the previous version",
    }
}
