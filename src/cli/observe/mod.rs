//! Who listens to a run: drawn progress on a terminal, plain lines elsewhere.

mod plain;
mod terminal;

use std::sync::Arc;

use crate::cli::printer::Printer;
use crate::domain::events::Observer;

/// The observer that fits where standard error goes. `verbosity` is the number of `-v`.
pub(super) fn observer(printer: &Printer, verbosity: u8) -> Arc<dyn Observer> {
    if printer.quiet {
        Arc::new(crate::domain::events::Silent)
    } else if printer.interactive {
        Arc::new(terminal::Drawn::new(printer, verbosity))
    } else {
        Arc::new(plain::Lines::new(printer.clone(), verbosity))
    }
}
