//! A line per event, for logs and pipes.

use crate::cli::printer::Printer;
use crate::domain::events::{Event, Observer};
use crate::report::console;

/// Prints events as they come.
pub(super) struct Lines {
    printer: Printer,
    verbosity: u8,
}

impl Lines {
    pub(super) fn new(printer: Printer, verbosity: u8) -> Self {
        Self { printer, verbosity }
    }
}

impl Observer for Lines {
    fn observe(&self, event: Event) {
        if let Some(line) = console::event_line(&event, self.printer.progress_style(), self.verbosity) {
            self.printer.say(&line);
        }
    }
}
