//! Runs the stages in order; owns concurrency, cancellation, time limits and the event channel; yields a `RunReport`.
