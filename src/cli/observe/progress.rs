//! What a run is doing, as one line: kept from its events, and shown by whoever draws or prints.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::HumanBytes;

use crate::domain::case::CaseId;
use crate::domain::events::{BuildStepState, EventKind};
use crate::domain::prediction::PredictionId;
use crate::domain::report::Stage;
use crate::report::escape;
use crate::support::clock::readable_duration;

/// Longer names of steps are cut.
const DETAIL_CHARACTERS: usize = 80;

/// Names of running cases that are shown.
const NAMES: usize = 3;

/// Fewer finished cases say nothing about the time left.
const FEWEST_FOR_ESTIMATE: usize = 3;

/// The current stage.
pub(super) struct Progress {
    pub(super) stage: Stage,
    began: Instant,
    detail: String,
    /// Bytes sent and to send, and layers sent and to send, as far as they are known.
    sent: Option<(u64, u64)>,
    layers: Option<(usize, usize)>,
    /// Cases to run; 0 before they are known.
    cases: usize,
    finished: usize,
    /// When the first prediction ran.
    first_run: Option<Instant>,
    in_flight: BTreeMap<PredictionId, InFlight>,
    wait: Option<Wait>,
}

struct InFlight {
    case: CaseId,
    runs: bool,
}

struct Wait {
    reason: String,
    until: Instant,
}

impl Progress {
    pub(super) fn of(stage: Stage, now: Instant) -> Self {
        Self {
            stage,
            began: now,
            detail: String::new(),
            sent: None,
            layers: None,
            cases: 0,
            finished: 0,
            first_run: None,
            in_flight: BTreeMap::new(),
            wait: None,
        }
    }

    /// `verify (4/6)`.
    pub(super) fn title(stage: Stage) -> String {
        let number = Stage::ALL.iter().position(|other| *other == stage).map_or(0, |index| index + 1);
        format!("{stage} ({number}/{})", Stage::ALL.len())
    }

    /// How long the stage has been running.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    /// Notes an event. Texts have to be without secrets.
    pub(super) fn note(&mut self, kind: &EventKind, now: Instant) {
        match kind {
            EventKind::BuildStep { name, state: BuildStepState::Started } => self.detail = brief(name),
            EventKind::BuildOutput(line) => self.detail = brief(line),
            EventKind::PushProgress { sent_bytes, total_bytes } => self.sent = Some((*sent_bytes, *total_bytes)),
            EventKind::LayerPushed { done, layers, .. } => self.layers = Some((*done, *layers)),
            EventKind::CasesPlanned { cases } => self.cases = *cases,
            EventKind::PredictionCreated { case, prediction, .. } => {
                self.in_flight.insert(prediction.clone(), InFlight { case: case.clone(), runs: false });
            }
            EventKind::PredictionStarted(prediction) => {
                self.first_run.get_or_insert(now);
                if let Some(entry) = self.in_flight.get_mut(prediction) {
                    entry.runs = true;
                }
            }
            EventKind::PredictionFinished(prediction) => {
                self.in_flight.remove(prediction);
            }
            EventKind::CaseFinished(_) => self.finished += 1,
            EventKind::Waiting { reason, wait } => self.wait_for(reason, *wait, now),
            EventKind::PushRepeated { reason, wait } => self.wait_for(&format!("retrying the push: {reason}"), *wait, now),
            EventKind::ModelStarted
            | EventKind::ModelFinished(_)
            | EventKind::StageStarted(_)
            | EventKind::StageFinished { .. }
            | EventKind::Found(_)
            | EventKind::Notice(_)
            | EventKind::BuildStep { .. }
            | EventKind::VersionReady(_) => {}
        }
    }

    fn wait_for(&mut self, reason: &str, wait: Duration, now: Instant) {
        let until = now + wait;
        if self.wait.as_ref().is_none_or(|before| before.until < until) {
            self.wait = Some(Wait { reason: brief(reason), until });
        }
    }

    /// What is going on; empty if nothing is known.
    pub(super) fn line(&self, now: Instant) -> String {
        let mut parts = Vec::new();
        // A narrow terminal cuts the end, so what matters most comes first, and names last.
        if let Some(Wait { reason, until }) = self.wait.as_ref().filter(|wait| wait.until > now) {
            parts.push(format!("waiting {}: {reason}", readable_duration(until.saturating_duration_since(now))));
        }
        parts.extend(self.sent.map(|(sent, total)| format!("{} of {} pushed", HumanBytes(sent), HumanBytes(total))));
        parts.extend(self.layers.map(|(done, layers)| format!("{done} of {layers} layers")));
        if self.cases > 0 {
            parts.push(format!("{} of {} cases finished", self.finished.min(self.cases), self.cases));
        }
        let of = |runs: bool| self.in_flight.values().filter(move |entry| entry.runs == runs);
        let starting = of(false).count();
        if starting > 0 {
            // Nothing has run before the first one: the version boots.
            parts.push(format!("{starting} {}", if self.first_run.is_none() { "booting" } else { "starting" }));
        }
        parts.extend(self.left(now).map(|left| format!("about {} left", readable_duration(left))));
        let names: Vec<&str> = of(true).map(|entry| entry.case.as_str()).collect();
        if !names.is_empty() {
            let shown = names.iter().take(NAMES).map(|name| brief(name)).collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            parts.push(format!("running {shown}{more}"));
        }
        if parts.is_empty() { self.detail.clone() } else { parts.join(", ") }
    }

    /// The time left, if the other cases take as long as the finished ones did.
    fn left(&self, now: Instant) -> Option<Duration> {
        let open = self.cases.checked_sub(self.finished).filter(|open| *open > 0)?;
        let took = now.saturating_duration_since(self.first_run?);
        let finished = u32::try_from(self.finished).ok().filter(|_| self.finished >= FEWEST_FOR_ESTIMATE)?;
        Some(took / finished * u32::try_from(open).ok()?)
    }
}

/// One short line of text that may come from anywhere.
fn brief(text: &str) -> String {
    escape::line(text).chars().take(DETAIL_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(case: &str, id: &str) -> EventKind {
        EventKind::PredictionCreated { case: CaseId::new(case), prediction: PredictionId::new(id), url: None }
    }

    #[test]
    fn cases_are_counted_and_the_time_left_is_estimated() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut progress = Progress::of(Stage::Verify, start);
        progress.note(&EventKind::CasesPlanned { cases: 8 }, start);
        progress.note(&created("compare-1", "a"), start);
        assert_eq!(progress.line(start), "0 of 8 cases finished, 1 booting");
        progress.note(&EventKind::PredictionStarted(PredictionId::new("a")), at(60));
        progress.note(&created("case-1", "b"), at(60));
        assert_eq!(progress.line(at(60)), "0 of 8 cases finished, 1 starting, running compare-1");
        let case = crate::report::sample::case("x", crate::domain::report::CaseStatus::Passed);
        for _ in 0..4 {
            progress.note(&EventKind::CaseFinished(Box::new(case.clone())), at(80));
        }
        progress.note(&EventKind::PredictionFinished(PredictionId::new("a")), at(80));
        assert_eq!(progress.line(at(80)), "4 of 8 cases finished, 1 starting, about 20 s left");
    }

    #[test]
    fn bytes_and_layers_of_a_push_stand_side_by_side() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Stage, start);
        progress.note(&EventKind::PushProgress { sent_bytes: 2 * 1024 * 1024, total_bytes: 8 * 1024 * 1024 }, start);
        assert_eq!(progress.line(start), "2.00 MiB of 8.00 MiB pushed");
        progress.note(&EventKind::LayerPushed { outcome: crate::domain::events::LayerOutcome::Sent, done: 5, layers: 8 }, start);
        assert_eq!(progress.line(start), "2.00 MiB of 8.00 MiB pushed, 5 of 8 layers");
    }

    #[test]
    fn a_wait_is_shown_with_its_reason_until_it_is_over() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Verify, start);
        let wait = |reason: &str, seconds| EventKind::Waiting { reason: reason.to_owned(), wait: Duration::from_secs(seconds) };
        progress.note(&wait("Replicate's rate limit", 12), start);
        progress.note(&wait("something\nshorter", 5), start);
        assert_eq!(progress.line(start + Duration::from_secs(2)), "waiting 10 s: Replicate's rate limit");
        assert_eq!(progress.line(start + Duration::from_secs(13)), "");
    }

    #[test]
    fn stages_are_numbered() {
        assert_eq!(Progress::title(Stage::Verify), "verify (4/6)");
    }
}
