//! Tests with a browser. They are skipped where there is no Chromium, except in CI, where they fail.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lint;
mod report;
mod run;
