//! Progress on a terminal: finished steps scroll away above, the current one stays below.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::observe::progress::Progress;
use crate::cli::printer::Printer;
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::report::Stage;
use crate::report::console::{self, Style};
use crate::support::secrets::Redactor;

const TICK: Duration = Duration::from_millis(120);

/// Draws a line for the current step, and prints finished ones.
pub(super) struct Drawn {
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
    redactor: Redactor,
}

impl Current {
    fn draw(&self, now: Instant) {
        self.bar.set_message(self.redactor.text(&self.progress.line(now)).into_inner());
    }
}

impl Drawn {
    pub(super) fn new(printer: &Printer, verbosity: u8) -> Self {
        let redactor = printer.redactor().clone();
        let now = Arc::new(Mutex::new(None));
        let shared = Arc::downgrade(&now);
        // Without this thread, times that are left stand still.
        if let Err(error) = thread::Builder::new().name("progress".to_owned()).spawn(move || redraw(&shared)) {
            tracing::debug!(%error, "progress is drawn only with events");
        }
        Self { area: MultiProgress::new(), style: printer.progress_style(), redactor, verbosity, now }
    }

    fn begin(&self, now: &mut Option<Current>, stage: Stage) {
        self.end(now);
        let bar = self.area.add(ProgressBar::new_spinner());
        // The template is a constant; one that could not be read would only look plainer.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(Progress::title(stage));
        bar.enable_steady_tick(TICK);
        *now = Some(Current { bar, progress: Progress::of(stage, Instant::now()), redactor: self.redactor.clone() });
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
        if let Some(current) = locked(&shared).as_ref() {
            current.draw(Instant::now());
        }
    }
}

fn locked(now: &Mutex<Option<Current>>) -> MutexGuard<'_, Option<Current>> {
    now.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Drawn {
    fn observe(&self, event: Event) {
        let mut now = locked(&self.now);
        match &event.kind {
            EventKind::StageStarted(stage) => self.begin(&mut now, *stage),
            EventKind::StageFinished { .. } | EventKind::ModelFinished(_) => self.end(&mut now),
            kind => {
                if let Some(current) = now.as_mut() {
                    let time = Instant::now();
                    current.progress.note(kind, time);
                    current.draw(time);
                }
            }
        }
        if let Some(line) = console::event_line(&event, self.style, self.verbosity) {
            // A terminal that is gone has no reader.
            if let Err(error) = self.area.println(&*self.redactor.text(&line)) {
                tracing::debug!(%error, "nobody watches");
            }
        }
    }
}
