//! Times one after another, as bars of one scale.

use std::time::Duration;

use crate::support::clock::readable_duration;

/// The length of the longest row.
pub(super) const LENGTH: u64 = 1000;

/// A part of a row that took time. Lengths are thousandths of the longest row.
pub(crate) struct Bar {
    pub(crate) class: &'static str,
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// What took the time, and how long.
    pub(crate) text: String,
}

/// A part of a row, before it has a place.
pub(super) struct Part {
    class: &'static str,
    duration_ms: u64,
    text: String,
}

impl Part {
    /// `None` for what took no time.
    pub(super) fn new(class: &'static str, duration_ms: u64, what: &str) -> Option<Self> {
        let text = format!("{what} {}", readable_duration(Duration::from_millis(duration_ms)));
        (duration_ms > 0).then_some(Self { class, duration_ms, text })
    }
}

/// The length of a row.
pub(super) fn total_ms(parts: &[Part]) -> u64 {
    parts.iter().map(|part| part.duration_ms).fold(0, u64::saturating_add)
}

/// A row beside others, of which the longest has this length.
pub(super) fn bars(parts: Vec<Part>, longest_ms: u64) -> Vec<Bar> {
    let mut before_ms: u64 = 0;
    let mut bars = Vec::with_capacity(parts.len());
    for Part { class, duration_ms, text } in parts {
        let after_ms = before_ms.saturating_add(duration_ms);
        let place = |at_ms: u64| at_ms.saturating_mul(LENGTH) / longest_ms;
        bars.push(Bar { class, start: place(before_ms), length: place(after_ms) - place(before_ms), text });
        before_ms = after_ms;
    }
    bars
}

/// The row as text, for screen readers.
pub(super) fn text(bars: &[Bar]) -> String {
    bars.iter().map(|bar| bar.text.as_str()).collect::<Vec<_>>().join(", ")
}
