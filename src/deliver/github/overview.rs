//! The state of a workflow run, read from its check runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::clients::github::CheckRun;
use crate::report::github::{CheckId, CheckState, CommentRow, JobEnd, Row, RunState, row_of_text};

/// The account of a workflow's own token.
const ACTIONS_LOGIN: &str = "github-actions[bot]";

/// The state of a workflow run, as check runs say it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overview {
    pub state: RunState,
    /// Marks of findings that are annotated.
    pub annotated: BTreeSet<String>,
    /// The accounts under which applications with our token write. Whoever created our check runs writes our comment, and creating them
    /// takes `checks: write`.
    pub(super) logins: BTreeSet<String>,
}

impl Overview {
    /// Reads the check runs of a commit. Those by others, and those of other workflow runs, are left out.
    pub fn of(runs: &[CheckRun], run_id: u64) -> Self {
        Self::of_some(runs, |id| id.run.id == run_id)
    }

    /// Reads those check runs that are wanted.
    pub(super) fn of_some(runs: &[CheckRun], is_wanted: impl Fn(&CheckId) -> bool) -> Self {
        let ids = runs.iter().filter_map(|run| Some((CheckId::read(run.external_id.as_deref()?)?, run)));
        let ours: Vec<(CheckId, &CheckRun)> = ids.filter(|(id, _)| is_wanted(id)).collect();
        let mut logins: BTreeSet<String> = ours.iter().filter_map(|(_, run)| login(run)).collect();
        logins.insert(ACTIONS_LOGIN.to_owned());
        let rows = newest(&ours).into_iter().filter(|(_, run)| !is_superseded(run)).map(|(name, run)| row(name, run)).collect();
        let state = RunState { rows, missing_jobs: missing_jobs(ours.iter().map(|(id, _)| id)) };
        let annotated = state.rows.iter().filter_map(row_of).flat_map(|row| row.annotated.clone()).collect();
        Self { state, annotated, logins }
    }

    /// A job's own rows, and nothing of others.
    pub fn of_own(rows: Vec<CommentRow>, logins: BTreeSet<String>) -> Self {
        Self { state: RunState { rows, missing_jobs: 0 }, annotated: BTreeSet::new(), logins }.with_actions_login()
    }

    /// The versions that were published, by the names of their models.
    pub(super) fn versions(&self) -> BTreeMap<String, String> {
        let published = self.state.rows.iter().filter_map(row_of).filter(|row| row.is_published);
        published.filter_map(|row| Some((row.name.clone(), row.version.clone()?))).collect()
    }

    /// What changes for callers of the models that passed, by their names.
    pub(super) fn notes(&self) -> BTreeMap<String, String> {
        let rows = self.state.rows.iter().filter_map(row_of);
        rows.filter_map(|row| Some((row.name.clone(), row.notes.clone()?))).collect()
    }

    /// With a job's own rows in place of what was read about them.
    pub(super) fn with(mut self, own: Vec<CommentRow>) -> Self {
        self.state.rows.retain(|row| !own.iter().any(|own| own.name == row.name));
        self.state.rows.extend(own);
        self.state.rows.sort_by(|a, b| a.name.cmp(&b.name));
        self.with_actions_login()
    }

    /// With a job's own rows where GitHub has no check runs of them.
    pub(super) fn with_absent(self, own: &[CommentRow]) -> Self {
        let absent = own.iter().filter(|own| !self.state.rows.iter().any(|row| row.name == own.name));
        let absent = absent.cloned().collect();
        self.with(absent)
    }

    fn with_actions_login(mut self) -> Self {
        self.logins.insert(ACTIONS_LOGIN.to_owned());
        self
    }
}

fn row_of(row: &CommentRow) -> Option<&Row> {
    match &row.state {
        CheckState::Result(row) => Some(row),
        CheckState::Running | CheckState::WithoutResult(_) => None,
    }
}

pub(super) fn login(run: &CheckRun) -> Option<String> {
    Some(format!("{}[bot]", run.app.as_ref()?.slug.as_deref()?))
}

/// The check runs of the newest attempt for each name. Two jobs with one name both count.
fn newest<'a>(ours: &[(CheckId, &'a CheckRun)]) -> Vec<(String, &'a CheckRun)> {
    let mut by_name: BTreeMap<[&str; 3], Vec<(&CheckId, &'a CheckRun)>> = BTreeMap::new();
    for (id, run) in ours {
        by_name.entry([&id.subject, &id.call, &id.job]).or_default().push((id, run));
    }
    let mut found: BTreeMap<String, Vec<(u64, &'a CheckRun)>> = BTreeMap::new();
    for ([subject, ..], runs) in by_name {
        let last = runs.iter().map(|(id, _)| id.run.attempt).max();
        let mut of_last: Vec<(&CheckId, &CheckRun)> = runs.into_iter().filter(|(id, _)| Some(id.run.attempt) == last).collect();
        of_last.sort_by_key(|(_, run)| run.id);
        // One job has one check run. Where a lost answer left two, the later one is its own.
        of_last.reverse();
        let mut seen = BTreeSet::new();
        of_last.retain(|(id, _)| seen.insert(id.index));
        found.entry(subject.to_owned()).or_default().extend(of_last.into_iter().map(|(_, run)| (run.id, run)));
    }
    let mut rows = Vec::new();
    for (subject, mut runs) in found {
        runs.sort_by_key(|(id, _)| *id);
        for (number, (_, run)) in (1..).zip(runs) {
            let name = if number == 1 { subject.clone() } else { format!("{subject} ({number})") };
            rows.push((name, run));
        }
    }
    rows
}

/// A check run of an earlier attempt that later ones made pointless.
fn is_superseded(run: &CheckRun) -> bool {
    run.conclusion.as_deref() == Some("neutral")
}

fn row(name: String, run: &CheckRun) -> CommentRow {
    let state = match (run.status.as_str(), run.output.text.as_deref().and_then(row_of_text)) {
        ("completed", Some(row)) => CheckState::Result(Box::new(row)),
        ("completed", None) => CheckState::WithoutResult(match run.conclusion.as_deref() {
            Some("success") => JobEnd::Passed,
            Some("cancelled") => JobEnd::Cancelled,
            _ => JobEnd::Crashed,
        }),
        _ => CheckState::Running,
    };
    CommentRow { name, url: run.html_url.clone(), state }
}

/// How many jobs of the matrices have no check run yet.
fn missing_jobs<'a>(ids: impl Iterator<Item = &'a CheckId>) -> u64 {
    let mut groups: BTreeMap<(&str, &str), (u64, BTreeSet<u64>)> = BTreeMap::new();
    for id in ids {
        let (total, started) = groups.entry((&id.call, &id.job)).or_default();
        *total = (*total).max(id.total);
        started.insert(id.index);
    }
    groups.values().map(|(total, started)| total.saturating_sub(started.len() as u64)).sum()
}
