//! A line per event, for logs and pipes, and a sign of life while nothing happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::observe::progress::{self, Progress};
use crate::cli::printer::Printer;
use crate::domain::events::{Event, EventKind, Observer};
use crate::report::console;
use crate::support::clock::readable_duration;
use crate::support::locks::lock;

/// A silent stage says what it is doing this often.
const HEARTBEAT: Duration = Duration::from_secs(30);

const TICK: Duration = Duration::from_secs(1);

/// Prints events as they come.
pub(super) struct Lines {
    printer: Printer,
    verbosity: u8,
    now: Arc<Mutex<Now>>,
}

/// The stages in progress, by model.
struct Now {
    stages: BTreeMap<Option<String>, Progress>,
    last_line: Instant,
}

impl Lines {
    pub(super) fn new(printer: Printer, verbosity: u8) -> Self {
        let now = Arc::new(Mutex::new(Now { stages: BTreeMap::new(), last_line: Instant::now() }));
        let (shared, heard) = (Arc::downgrade(&now), printer.clone());
        // Without this thread, only the sign of life is missing.
        if let Err(error) = thread::Builder::new().name("heartbeat".to_owned()).spawn(move || beat(&shared, &heard)) {
            tracing::debug!(%error, "no heartbeat");
        }
        Self { printer, verbosity, now }
    }
}

/// Ends once nobody observes any more.
fn beat(shared: &Weak<Mutex<Now>>, printer: &Printer) {
    loop {
        thread::sleep(TICK);
        let Some(shared) = shared.upgrade() else { return };
        let mut now = lock(&shared);
        let time = Instant::now();
        if time.saturating_duration_since(now.last_line) < HEARTBEAT || now.stages.is_empty() {
            continue;
        }
        for (model, progress) in &now.stages {
            printer.say(&heartbeat(model.as_deref(), progress, time));
        }
        now.last_line = time;
    }
}

fn heartbeat(model: Option<&str>, progress: &Progress, now: Instant) -> String {
    let model = model.map(|model| format!("[{model}] ")).unwrap_or_default();
    let line = progress.line(progress::WIDEST, now);
    let line = if line.is_empty() { String::new() } else { format!(": {line}") };
    format!("{model}{} for {}{line}", progress.stage, readable_duration(progress.age(now)))
}

impl Observer for Lines {
    fn observe(&self, event: Event) {
        let time = Instant::now();
        let mut now = lock(&self.now);
        match &event.kind {
            EventKind::StageStarted(stage) => {
                now.stages.insert(event.model.clone(), Progress::of(*stage, self.printer.redactor(), time));
            }
            EventKind::StageFinished { .. } | EventKind::ModelFinished(_) => {
                now.stages.remove(&event.model);
            }
            other => match &event.model {
                None => now.stages.values_mut().for_each(|progress| progress.note(other, time)),
                model => {
                    if let Some(progress) = now.stages.get_mut(model) {
                        progress.note(other, time);
                    }
                }
            },
        }
        let line = match &event.kind {
            EventKind::StageStarted(stage) => {
                let model = event.model.as_ref().map(|model| format!("[{model}] ")).unwrap_or_default();
                Some(format!("{model}{} ...", Progress::title(*stage)))
            }
            _ => console::event_line(&event, self.printer.progress_style(), self.verbosity),
        };
        if let Some(line) = line {
            now.last_line = time;
            drop(now);
            self.printer.say(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::Stage;
    use crate::support::secrets::Redactor;

    #[test]
    fn a_heartbeat_says_the_stage_its_age_and_what_goes_on() {
        let start = Instant::now();
        let mut progress = Progress::of(Stage::Verify, &Redactor::default(), start);
        let later = start + Duration::from_secs(90);
        assert_eq!(heartbeat(Some("hotdog"), &progress, later), "[hotdog] verify for 1 min 30 s");
        progress.note(&EventKind::CasesPlanned { cases: 3 }, start);
        assert_eq!(heartbeat(None, &progress, later), "verify for 1 min 30 s: 0 of 3 cases finished");
    }
}
