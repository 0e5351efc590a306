//! The observers of a run: drawn progress on a terminal, plain lines elsewhere.

mod plain;
mod progress;
mod terminal;

use std::sync::Arc;
use std::time::Duration;

use crate::cli::printer::Printer;
use crate::domain::events::{Event, EventKind, Observer};
use crate::support::waits::{self, WaitListener};

/// The observer that fits where standard error goes. `verbosity` is the number of `-v`.
pub(super) fn observer(printer: &Printer, verbosity: u8) -> Arc<dyn Observer> {
    if printer.quiet {
        return Arc::new(crate::domain::events::Silent);
    }
    let observer: Arc<dyn Observer> = if printer.interactive {
        Arc::new(terminal::ProgressLine::new(printer, verbosity))
    } else {
        Arc::new(plain::Lines::new(printer.clone(), verbosity))
    };
    Arc::new(WaitObserver::of(observer))
}

/// An observer that also gets what clients wait for.
struct WaitObserver {
    observer: Arc<dyn Observer>,
    /// Keeps the listener alive: `waits` holds only a weak reference.
    _listener: Arc<WaitListener>,
}

impl WaitObserver {
    fn of(observer: Arc<dyn Observer>) -> Self {
        let heard = observer.clone();
        let listener: Arc<WaitListener> = Arc::new(move |reason: &str, wait: Duration| {
            heard.observe(Event { model: None, kind: EventKind::Waiting { reason: reason.to_owned(), wait } });
        });
        waits::listen(&listener);
        Self { observer, _listener: listener }
    }
}

impl Observer for WaitObserver {
    fn observe(&self, event: Event) {
        self.observer.observe(event);
    }
}
