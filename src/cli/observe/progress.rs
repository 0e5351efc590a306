//! What a run is doing, as one line: kept from its events, and shown by whoever draws or prints.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::HumanBytes;

use crate::domain::case::CaseId;
use crate::domain::events::{BuildStepState, EventKind};
use crate::domain::prediction::PredictionId;
use crate::domain::report::Stage;
use crate::report::console::{columns, fitted, step_name};
use crate::report::escape;
use crate::support::clock::readable_duration;
use crate::support::secrets::Redactor;

/// The columns of a heartbeat's line, which no terminal limits.
pub(super) const WIDEST: usize = 160;

/// The columns of a name of a case, as long as there is room for more.
const NAME_COLUMNS: usize = 48;

/// Names of running cases that are shown.
const NAMES: usize = 3;

/// Between the parts of the line.
const SEPARATOR: &str = ", ";

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
    /// Hides secrets before a text is cut: half a secret would no longer be found.
    redactor: Redactor,
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
    pub(super) fn of(stage: Stage, redactor: &Redactor, now: Instant) -> Self {
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
            redactor: redactor.clone(),
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

    /// Notes an event.
    pub(super) fn note(&mut self, kind: &EventKind, now: Instant) {
        match kind {
            EventKind::BuildStep { name, state: BuildStepState::Started } => self.detail = step_name(&self.plain(name)),
            EventKind::BuildOutput(line) => self.detail = self.plain(line),
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
            self.wait = Some(Wait { reason: self.plain(reason), until });
        }
    }

    /// What is going on, in at most `room` columns; empty if nothing is known.
    pub(super) fn line(&self, room: usize, now: Instant) -> String {
        let mut line = String::new();
        // What matters most comes first. What finds no room is left out.
        for part in self.parts(now) {
            push_part(&mut line, &part, room);
        }
        let left = room.saturating_sub(columns(&line) + if line.is_empty() { 0 } else { SEPARATOR.len() });
        if let Some(running) = self.running(left) {
            push_part(&mut line, &running, room);
        }
        if line.is_empty() { fitted(&self.detail, room) } else { line }
    }

    /// Everything but the names of running cases.
    fn parts(&self, now: Instant) -> Vec<String> {
        let mut parts = Vec::new();
        if let Some(Wait { reason, until }) = self.wait.as_ref().filter(|wait| wait.until > now) {
            parts.push(format!("waiting {}: {reason}", readable_duration(until.saturating_duration_since(now))));
        }
        parts.extend(self.sent.map(|(sent, total)| format!("{} of {} pushed", HumanBytes(sent), HumanBytes(total))));
        parts.extend(self.layers.map(|(done, layers)| format!("{done} of {layers} layers")));
        if self.cases > 0 {
            parts.push(format!("{} of {} cases finished", self.finished.min(self.cases), self.cases));
        }
        let starting = self.in_flight.values().filter(|entry| !entry.runs).count();
        if starting > 0 {
            // Nothing has run before the first one: the version boots.
            parts.push(format!("{starting} {}", if self.first_run.is_none() { "booting" } else { "starting" }));
        }
        parts.extend(self.left(now).map(|left| format!("about {} left", readable_duration(left))));
        parts
    }

    /// As many names of running cases as fit, or how many run.
    fn running(&self, room: usize) -> Option<String> {
        let names: Vec<String> = self
            .in_flight
            .values()
            .filter(|entry| entry.runs)
            .map(|entry| fitted(&self.plain(entry.case.as_str()), NAME_COLUMNS))
            .collect();
        let with = |shown: usize| {
            let more = names.len() - shown;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("running {}{more}", names.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join(", "))
        };
        let most = names.len().min(NAMES);
        let named = (1..=most).rev().map(with).find(|text| columns(text) <= room);
        (most > 0).then(|| named.unwrap_or_else(|| format!("{} running", names.len())))
    }

    /// One line of text that may come from anywhere, without the bars that others draw: they say nothing when they are cut.
    fn plain(&self, text: &str) -> String {
        let text = escape::line(&self.redactor.text(text));
        if text.contains(is_drawing) { escape::line(&text.replace(is_drawing, " ")) } else { text }
    }

    /// The time left, if the other cases take as long as the finished ones did.
    fn left(&self, now: Instant) -> Option<Duration> {
        let open = self.cases.checked_sub(self.finished).filter(|open| *open > 0)?;
        let took = now.saturating_duration_since(self.first_run?);
        let finished = u32::try_from(self.finished).ok().filter(|_| self.finished >= FEWEST_FOR_ESTIMATE)?;
        Some(took / finished * u32::try_from(open).ok()?)
    }
}

/// Lines and blocks, as pip and uv draw their progress with.
fn is_drawing(letter: char) -> bool {
    matches!(letter, '\u{2500}'..='\u{259f}')
}

/// Adds a part if there is room for it. The first one is cut instead.
fn push_part(line: &mut String, part: &str, room: usize) {
    if line.is_empty() {
        *line = fitted(part, room);
    } else if columns(line) + SEPARATOR.len() + columns(part) <= room {
        line.push_str(SEPARATOR);
        line.push_str(part);
    }
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
        let mut progress = Progress::of(Stage::Verify, &Redactor::of(["r8_a-secret-token"]), start);
        progress.note(&EventKind::CasesPlanned { cases: 8 }, start);
        progress.note(&created("compare-1", "a"), start);
        assert_eq!(progress.line(80, start), "0 of 8 cases finished, 1 booting");
        progress.note(&EventKind::PredictionStarted(PredictionId::new("a")), at(60));
        progress.note(&created("case-1", "b"), at(60));
        assert_eq!(progress.line(80, at(60)), "0 of 8 cases finished, 1 starting, running compare-1");
        let case = crate::report::sample::case("x", crate::domain::report::CaseStatus::Passed);
        for _ in 0..4 {
            progress.note(&EventKind::CaseFinished(Box::new(case.clone())), at(80));
        }
        progress.note(&EventKind::PredictionFinished(PredictionId::new("a")), at(80));
        assert_eq!(progress.line(80, at(80)), "4 of 8 cases finished, 1 starting, about 20 s left");
    }

    #[test]
    fn bytes_and_layers_of_a_push_stand_side_by_side() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Stage, &Redactor::of(["r8_a-secret-token"]), start);
        progress.note(&EventKind::PushProgress { sent_bytes: 2 * 1024 * 1024, total_bytes: 8 * 1024 * 1024 }, start);
        assert_eq!(progress.line(80, start), "2.00 MiB of 8.00 MiB pushed");
        progress.note(&EventKind::LayerPushed { outcome: crate::domain::events::LayerOutcome::Sent, done: 5, layers: 8 }, start);
        assert_eq!(progress.line(80, start), "2.00 MiB of 8.00 MiB pushed, 5 of 8 layers");
    }

    #[test]
    fn a_wait_is_shown_with_its_reason_until_it_is_over() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Verify, &Redactor::of(["r8_a-secret-token"]), start);
        let wait = |reason: &str, seconds| EventKind::Waiting { reason: reason.to_owned(), wait: Duration::from_secs(seconds) };
        progress.note(&wait("Replicate's rate limit", 12), start);
        progress.note(&wait("something\nshorter", 5), start);
        assert_eq!(progress.line(80, start + Duration::from_secs(2)), "waiting 10 s: Replicate's rate limit");
        assert_eq!(progress.line(80, start + Duration::from_secs(13)), "");
    }

    #[test]
    fn stages_are_numbered() {
        assert_eq!(Progress::title(Stage::Verify), "verify (4/6)");
    }

    #[test]
    fn names_that_find_no_room_are_counted_and_none_is_cut_within_a_word() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Verify, &Redactor::of(["r8_a-secret-token"]), start);
        progress.note(&EventKind::CasesPlanned { cases: 12 }, start);
        for (case, id) in [("the harbor at night, seen from the bridge", "a"), ("compare-2", "b"), ("橋から見た夜の港", "c")]
        {
            progress.note(&created(case, id), start);
            progress.note(&EventKind::PredictionStarted(PredictionId::new(id)), start);
        }
        let counted = "0 of 12 cases finished";
        let all = "running the harbor at night, seen from the bridge, compare-2, 橋から見た夜の港";
        assert_eq!(progress.line(102, start), format!("{counted}, {all}"));
        assert_eq!(
            progress.line(101, start),
            format!("{counted}, running the harbor at night, seen from the bridge, compare-2 and 1 more")
        );
        assert_eq!(progress.line(60, start), format!("{counted}, 3 running"));
        assert_eq!(progress.line(24, start), counted);
        assert_eq!(progress.line(16, start), "0 of 12 cases…");
    }

    #[test]
    fn the_bars_of_other_programs_leave_room_for_their_numbers() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Build, &Redactor::default(), start);
        progress
            .note(&EventKind::BuildOutput("   ━━━━━━━━━━━━━━━━━━━━━━━━╸━━━━━ 2.1/2.9 MB 15.3 MB/s eta 0:00:01".to_owned()), start);
        assert_eq!(progress.line(60, start), "2.1/2.9 MB 15.3 MB/s eta 0:00:01");
    }

    #[test]
    fn a_secret_is_hidden_before_its_line_is_cut() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Build, &Redactor::of(["r8_a-secret-token"]), start);
        progress.note(&EventKind::BuildOutput("Downloading weights with r8_a-secret-token from the mirror".to_owned()), start);
        for room in 0..60 {
            assert!(!progress.line(room, start).contains("r8"), "{room}");
        }
        assert_eq!(progress.line(30, start), "Downloading weights with ***…");
    }
}
