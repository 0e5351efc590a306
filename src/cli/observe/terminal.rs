//! Progress on a terminal: finished steps scroll away above, the current one stays below.

use std::fmt::Write;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use crate::cli::observe::progress::Progress;
use crate::cli::printer::{Printer, terminal_width};
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::report::Stage;
use crate::report::console::{self, Style, columns};
use crate::support::clock::readable_duration;
use crate::support::locks::lock;
use crate::support::secrets::Redactor;

const TICK: Duration = Duration::from_millis(120);

/// The columns of a line besides its title, message and age: the spinner and three spaces.
const BESIDE: usize = 4;

/// Draws a line for the current step, and prints finished ones.
pub(super) struct ProgressLine {
    area: MultiProgress,
    style: Style,
    /// Progress is drawn past the printer.
    redactor: Redactor,
    verbosity: u8,
    now: Arc<Mutex<Option<Current>>>,
}

/// The current step.
struct Current {
    bar: ProgressBar,
    progress: Progress,
    /// How long it has been running, as it is drawn.
    age: Arc<Mutex<String>>,
}

impl Current {
    fn of(stage: Stage, area: &MultiProgress, redactor: &Redactor, width: usize, now: Instant) -> Self {
        let bar = area.add(ProgressBar::new_spinner());
        let age = Arc::new(Mutex::new(String::new()));
        let shown = age.clone();
        // The template is a constant; one that could not be read would only look plainer.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {age}") {
            bar.set_style(style.with_key("age", move |_: &ProgressState, text: &mut dyn Write| {
                // A progress line without its age is still one.
                let _unwritten = text.write_str(&lock(&shown));
            }));
        }
        bar.set_prefix(Progress::title(stage));
        let current = Self { bar, progress: Progress::of(stage, redactor, now), age };
        current.draw(width, now);
        current
    }

    /// Draws the line for a terminal of `width` columns.
    fn draw(&self, width: usize, now: Instant) {
        let age = whole_seconds(self.progress.age(now));
        let room = width.saturating_sub(columns(&self.bar.prefix()) + columns(&age) + BESIDE);
        *lock(&self.age) = age;
        self.bar.set_message(self.progress.line(room, now));
    }
}

/// A duration that changes once a second.
fn whole_seconds(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..10 => format!("{seconds} s"),
        _ => readable_duration(duration),
    }
}

impl ProgressLine {
    pub(super) fn new(printer: &Printer, verbosity: u8) -> Self {
        let redactor = printer.redactor().clone();
        let now = Arc::new(Mutex::new(None));
        let shared = Arc::downgrade(&now);
        // Without this thread, the displayed times are not updated.
        if let Err(error) = thread::Builder::new().name("progress".to_owned()).spawn(move || redraw(&shared)) {
            tracing::debug!(%error, "progress is drawn only with events");
        }
        Self { area: MultiProgress::new(), style: printer.progress_style(), redactor, verbosity, now }
    }

    fn begin(&self, now: &mut Option<Current>, stage: Stage) {
        self.end(now);
        let current = Current::of(stage, &self.area, &self.redactor, terminal_width(), Instant::now());
        current.bar.enable_steady_tick(TICK);
        *now = Some(current);
    }

    fn end(&self, now: &mut Option<Current>) {
        if let Some(current) = now.take() {
            current.bar.finish_and_clear();
            self.area.remove(&current.bar);
        }
    }
}

/// Draws times that pass. Ends once nobody observes any more.
fn redraw(shared: &Weak<Mutex<Option<Current>>>) {
    loop {
        thread::sleep(Duration::from_millis(500));
        let Some(shared) = shared.upgrade() else { return };
        if let Some(current) = lock(&shared).as_ref() {
            current.draw(terminal_width(), Instant::now());
        }
    }
}

/// The line that an event leaves behind. A wait is drawn while it lasts, and a busy service makes many of them.
fn printed(event: &Event, style: Style, verbosity: u8) -> Option<String> {
    let is_drawn = verbosity == 0 && matches!(event.kind, EventKind::Waiting { .. });
    if is_drawn { None } else { console::event_line(event, style, verbosity) }
}

impl Observer for ProgressLine {
    fn observe(&self, event: Event) {
        let mut now = lock(&self.now);
        match &event.kind {
            EventKind::StageStarted(stage) => self.begin(&mut now, *stage),
            EventKind::StageFinished { .. } | EventKind::ModelFinished(_) => self.end(&mut now),
            kind => {
                if let Some(current) = now.as_mut() {
                    let time = Instant::now();
                    current.progress.note(kind, time);
                    current.draw(terminal_width(), time);
                }
            }
        }
        if let Some(line) = printed(&event, self.style, self.verbosity) {
            // A terminal that is gone has no reader.
            if let Err(error) = self.area.println(&*self.redactor.text(&line)) {
                tracing::debug!(%error, "nobody watches");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use indicatif::{ProgressDrawTarget, TermLike};
    use insta::assert_snapshot;

    use super::*;
    use crate::domain::case::CaseId;
    use crate::domain::events::BuildStepState;
    use crate::domain::prediction::PredictionId;
    use crate::domain::report::{CaseStatus, StageStatus};
    use crate::report::sample;

    /// A screen of some width, and what it shows.
    #[derive(Debug, Clone)]
    struct Screen {
        width: u16,
        state: Arc<Mutex<(Vec<String>, usize)>>,
    }

    impl Screen {
        fn of(width: u16) -> Self {
            Self { width, state: Arc::new(Mutex::new((vec![String::new()], 0))) }
        }

        fn shown(&self) -> String {
            let state = self.state.lock().unwrap();
            let lines: Vec<&str> = state.0.iter().map(|line| line.trim_end()).collect();
            assert!(lines.iter().all(|line| columns(line) <= usize::from(self.width)), "{lines:#?}");
            lines.join("\n").trim_end().to_owned()
        }

        fn change(&self, change: impl FnOnce(&mut Vec<String>, &mut usize)) -> io::Result<()> {
            let mut state = self.state.lock().unwrap();
            let (lines, at) = &mut *state;
            change(lines, at);
            while lines.len() <= *at {
                lines.push(String::new());
            }
            Ok(())
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            self.width
        }

        fn move_cursor_up(&self, n: usize) -> io::Result<()> {
            self.change(|_, at| *at = at.saturating_sub(n))
        }

        fn move_cursor_down(&self, n: usize) -> io::Result<()> {
            self.change(|_, at| *at += n)
        }

        fn move_cursor_right(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)?;
            self.change(|_, at| *at += 1)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            // Like a terminal, it goes on in the next line where one is full.
            self.change(|lines, at| {
                for letter in text.chars() {
                    if columns(&lines[*at]) == usize::from(self.width) {
                        *at += 1;
                        lines.resize((*at + 1).max(lines.len()), String::new());
                    }
                    lines[*at].push(letter);
                }
            })
        }

        fn clear_line(&self) -> io::Result<()> {
            self.change(|lines, at| lines[*at].clear())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a terminal shows at moments of a run: each with the seconds since its stage started.
    fn frames(width: u16) -> String {
        let mut frames = String::new();
        let mut stage = |title: &str, stage: Stage, steps: &[(u64, EventKind)], ends: Option<EventKind>| {
            let screen = Screen::of(width);
            let area = MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(screen.clone())));
            let style = Style { color: false, width: usize::from(width), wraps: true };
            let start = Instant::now();
            let mut current = Current::of(stage, &area, &Redactor::of(["r8_a-secret-token"]), usize::from(width), start);
            let mut frame = |title: &str| frames.push_str(&format!("--- {title}\n{}\n", screen.shown()));
            frame(title);
            for (seconds, kind) in steps {
                let now = start + Duration::from_secs(*seconds);
                current.progress.note(kind, now);
                current.draw(usize::from(width), now);
                let event = Event { model: None, kind: kind.clone() };
                if let Some(line) = printed(&event, style, 0) {
                    area.println(line).unwrap();
                }
                frame(&format!("{title}, after {seconds} s"));
            }
            if let Some(kind) = ends {
                current.bar.finish_and_clear();
                let event = Event { model: Some("skyline".to_owned()), kind };
                area.println(console::event_line(&event, style, 0).unwrap()).unwrap();
                frame(&format!("{title}, at its end"));
            }
        };
        let step = |name: &str| EventKind::BuildStep { name: name.to_owned(), state: BuildStepState::Started };
        let created =
            |case: &str| EventKind::PredictionCreated { case: CaseId::new(case), prediction: PredictionId::new(case), url: None };
        let runs = |case: &str| EventKind::PredictionStarted(PredictionId::new(case));
        let finished = |status| EventKind::CaseFinished(Box::new(sample::case("compare-1", status)));
        let waits = |reason: &str, seconds| EventKind::Waiting { reason: reason.to_owned(), wait: Duration::from_secs(seconds) };
        let ended = |stage, status, note: &str| EventKind::StageFinished {
            stage,
            status,
            duration: Duration::from_secs(95),
            note: Some(note.to_owned()),
        };
        let build = [
            (
                3,
                step(
                    "[3/9] RUN --mount=type=cache,target=/root/.cache/pip pip install torch==2.7.0 torchvision==0.22.0 diffusers==0.31.0",
                ),
            ),
            (
                75,
                EventKind::BuildOutput(
                    "Downloading torch-2.7.0-cp311-cp311-manylinux_2_28_x86_64.whl (865.2 MB) with r8_a-secret-token".to_owned(),
                ),
            ),
        ];
        stage("build", Stage::Build, &build, Some(ended(Stage::Build, StageStatus::Passed, "412 MB, 8 of 11 steps cached")));
        let push = [
            (4, EventKind::PushProgress { sent_bytes: 1_288_490_188, total_bytes: 4_294_967_296 }),
            (9, EventKind::PushRepeated { reason: "502 Bad Gateway".to_owned(), wait: Duration::from_secs(8) }),
            (30, waits("Replicate does not show the version yet", 5)),
        ];
        stage("push", Stage::Stage, &push, None);
        let verify = [
            (0, EventKind::CasesPlanned { cases: 12 }),
            (1, created("the harbor at night, seen from the bridge")),
            (40, waits("Replicate's rate limit", 12)),
            (61, runs("the harbor at night, seen from the bridge")),
            (62, created("compare-2")),
            (63, runs("compare-2")),
            (64, finished(CaseStatus::Passed)),
            (65, finished(CaseStatus::Failed)),
            (66, finished(CaseStatus::Passed)),
            (70, waits("Replicate's rate limit", 12)),
        ];
        stage("verify", Stage::Verify, &verify, Some(ended(Stage::Verify, StageStatus::Failed, "1 of 12 cases did not pass")));
        frames
    }

    #[test]
    fn a_terminal_of_80_columns() {
        assert_snapshot!(frames(80));
    }

    #[test]
    fn a_terminal_of_120_columns() {
        assert_snapshot!(frames(120));
    }
}
