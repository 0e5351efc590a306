//! Progress on a terminal: finished steps scroll away above, the current one stays below.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::printer::Printer;
use crate::domain::events::{BuildStepState, Event, EventKind, Observer};
use crate::domain::report::Stage;
use crate::report::console::{self, Style};
use crate::report::escape;
use crate::support::secrets::Redactor;

const TICK: Duration = Duration::from_millis(120);

/// Longer names of steps are cut.
const DETAIL_CHARACTERS: usize = 80;

/// Draws a line for the current step, and prints finished ones.
pub(super) struct Drawn {
    area: MultiProgress,
    style: Style,
    /// Progress is drawn past the printer.
    redactor: Redactor,
    verbosity: u8,
    now: Mutex<Now>,
}

/// The current step.
#[derive(Default)]
struct Now {
    bar: Option<ProgressBar>,
    stage: Option<Stage>,
    running: usize,
    finished: usize,
}

impl Drawn {
    pub(super) fn new(printer: &Printer, verbosity: u8) -> Self {
        let redactor = printer.redactor().clone();
        Self { area: MultiProgress::new(), style: printer.progress_style(), redactor, verbosity, now: Mutex::default() }
    }

    fn begin(&self, now: &mut Now, stage: Stage) {
        let bar = self.area.add(ProgressBar::new_spinner());
        // The template is a constant; one that could not be read would only look plainer.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(stage.as_str());
        bar.enable_steady_tick(TICK);
        *now = Now { bar: Some(bar), stage: Some(stage), running: 0, finished: 0 };
    }

    fn end(&self, now: &mut Now) {
        if let Some(bar) = now.bar.take() {
            bar.finish_and_clear();
            self.area.remove(&bar);
        }
        now.stage = None;
    }

    fn show(&self, now: &mut Now, kind: &EventKind) {
        match kind {
            EventKind::StageStarted(stage) => {
                self.end(now);
                self.begin(now, *stage);
            }
            EventKind::StageFinished { .. } | EventKind::ModelFinished(_) => self.end(now),
            EventKind::BuildStep { name, state: BuildStepState::Started } => now.tell(&brief(&self.redactor.text(name))),
            EventKind::BuildOutput(line) => now.tell(&brief(&self.redactor.text(line))),
            EventKind::PushProgress { sent_bytes, total_bytes } => {
                now.tell(&format!("{} of {} pushed", HumanBytes(*sent_bytes), HumanBytes(*total_bytes)));
            }
            EventKind::LayerPushed { done, layers, .. } => now.tell(&format!("{done} of {layers} layers pushed")),
            EventKind::PredictionCreated { .. } => {
                now.running += 1;
                now.tell_counts();
            }
            EventKind::CaseFinished(case) => {
                now.running = now.running.saturating_sub(case.attempts.len().max(1));
                now.finished += 1;
                now.tell_counts();
            }
            EventKind::ModelStarted
            | EventKind::Found(_)
            | EventKind::Notice(_)
            | EventKind::BuildStep { .. }
            | EventKind::PushRepeated { .. }
            | EventKind::VersionReady(_) => {}
        }
    }
}

impl Now {
    fn tell(&self, words: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(words.to_owned());
        }
    }

    fn tell_counts(&self) {
        self.tell(&format!("{} finished, {} running", self.finished, self.running));
    }
}

/// One short line of text that may come from anywhere.
fn brief(text: &str) -> String {
    escape::terminal(text).chars().map(|c| if c == '\n' { ' ' } else { c }).take(DETAIL_CHARACTERS).collect()
}

impl Observer for Drawn {
    fn observe(&self, event: Event) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        self.show(&mut now, &event.kind);
        if let Some(line) = console::event_line(&event, self.style, self.verbosity) {
            // A terminal that is gone has no reader.
            if let Err(error) = self.area.println(&*self.redactor.text(&line)) {
                tracing::debug!(%error, "nobody watches");
            }
        }
    }
}
