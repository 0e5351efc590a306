//! Earlier runs of the models of a report: what a trend needs of them.

use chrono::DateTime;

use super::v1::{EarlierCase, EarlierRun, Model, Run};

/// Splits the models of all runs: the newest run of each model stays with its run, and the older ones become history.
///
/// Jobs of one workflow run may test one model in several ways. These are not earlier runs of each other.
pub(super) fn split(runs: &[Run]) -> (Vec<Vec<Model>>, Vec<EarlierRun>) {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|index| runs.get(*index).map(|run| DateTime::parse_from_rfc3339(&run.started_at).ok()));
    let mut history: Vec<EarlierRun> = runs.first().map(|run| run.history.clone()).unwrap_or_default();
    let is_older = |model: &Model, run: &Run, place: usize| {
        order.iter().skip(place + 1).filter_map(|index| runs.get(*index)).any(|later| {
            is_later(later, run)
                && !is_same_workflow(run, later)
                && later.models.iter().any(|other| other.name == model.name && other.model == model.model)
        })
    };
    let mut kept: Vec<Vec<Model>> = vec![Vec::new(); runs.len()];
    for (place, index) in order.iter().enumerate() {
        let Some(run) = runs.get(*index) else { continue };
        for model in &run.models {
            if is_older(model, run, place) {
                history.push(earlier(model, run));
            } else if let Some(models) = kept.get_mut(*index) {
                models.push(model.clone());
            }
        }
    }
    history.sort_by_key(|entry| DateTime::parse_from_rfc3339(&entry.started_at).ok());
    (kept, history)
}

/// Runs of the same time are parts of one.
fn is_later(one: &Run, other: &Run) -> bool {
    let start = |run: &Run| DateTime::parse_from_rfc3339(&run.started_at).ok();
    start(one) > start(other)
}

fn is_same_workflow(one: &Run, other: &Run) -> bool {
    let page = |run: &Run| run.origin.as_ref().and_then(|origin| origin.ci_run_url.clone());
    page(one).is_some_and(|page_of_one| page(other).as_ref() == Some(&page_of_one))
}

/// What a trend needs of a model's run.
pub(crate) fn earlier(model: &Model, run: &Run) -> EarlierRun {
    let cases = model.cases.iter().map(|case| EarlierCase {
        id: case.id.clone(),
        status: case.status,
        predict_seconds: case.attempts.last().and_then(|attempt| attempt.predict_seconds),
    });
    EarlierRun {
        name: model.name.clone(),
        model: model.model.clone(),
        started_at: run.started_at.clone(),
        commit: run.origin.as_ref().and_then(|origin| origin.commit.clone()),
        verdict: model.verdict,
        duration_ms: model.stages.iter().map(|stage| stage.duration_ms).fold(0, u64::saturating_add),
        cost: model.cost,
        cases: cases.collect(),
    }
}

/// The runs of `old` as the earlier ones of `new`, whose models stay.
pub(crate) fn against(mut new: Run, old: &Run) -> Run {
    let is_ours = |model: &&Model| new.models.iter().any(|ours| ours.name == model.name && ours.model == model.model);
    let earlier: Vec<EarlierRun> = old.models.iter().filter(is_ours).map(|model| earlier(model, old)).collect();
    new.history.extend(earlier);
    new
}
