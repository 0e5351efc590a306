//! What the outputs do not show, as text for all renderings.

use super::json::v1::BeforeAfterEntry;
use super::measurement::size;
use crate::domain::before_after::{Aspect, Trend};

/// One aspect in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BeforeAfterText {
    pub(super) name: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    /// `1.41×`; empty where one value is unknown.
    pub(super) ratio: String,
    /// `better`, `worse`, or empty.
    pub(super) trend: &'static str,
    /// Untrusted if the run was read from a file.
    pub(super) note: String,
}

pub(super) fn before_after_text(entry: &BeforeAfterEntry) -> BeforeAfterText {
    let shown = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| amount(entry.aspect, value));
    let ratio = match (entry.before, entry.after) {
        (Some(before), Some(after)) if before > 0.0 => format!("{:.2}×", after / before),
        _ => String::new(),
    };
    BeforeAfterText {
        name: name(entry.aspect),
        before: shown(entry.before),
        after: shown(entry.after),
        ratio,
        trend: match entry.trend {
            Trend::Better => "better",
            Trend::Worse => "worse",
            Trend::Alike | Trend::NotJudged => "",
        },
        note: entry.note.clone().unwrap_or_default(),
    }
}

/// Both values without the name, for a column that has it. Empty if neither is known; `⚠️` marks what became worse.
pub(super) fn before_after_cell(entry: &BeforeAfterEntry) -> String {
    let mark = if entry.trend == Trend::Worse { "⚠️ " } else { "" };
    let shown = |value: Option<f64>| value.map(|value| amount(entry.aspect, value));
    match (shown(entry.before), shown(entry.after)) {
        (Some(before), Some(after)) if before == after => after,
        (Some(before), Some(after)) => format!("{mark}{before} → {after}"),
        (None, Some(after)) => after,
        (Some(_), None) | (None, None) => String::new(),
    }
}

impl BeforeAfterText {
    /// Name, values and ratio on one line, without the note.
    pub(super) fn line(&self) -> String {
        let ratio = if self.ratio.is_empty() { String::new() } else { format!(" ({})", self.ratio) };
        format!("{} {} → {}{ratio}", self.name, self.before, self.after)
    }
}

fn name(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::PredictTime => "run time",
        Aspect::Boot => "boot",
        Aspect::ImageSize => "image",
        Aspect::Layers => "layers",
        Aspect::OutputSize => "output size",
        Aspect::Cost => "cost",
    }
}

fn amount(aspect: Aspect, value: f64) -> String {
    match aspect {
        Aspect::PredictTime | Aspect::Boot if value < 100.0 => format!("{value:.2} s"),
        Aspect::PredictTime | Aspect::Boot => format!("{value:.0} s"),
        // Sizes are whole and not negative.
        Aspect::ImageSize | Aspect::OutputSize => size(value.max(0.0) as u64),
        Aspect::Layers => format!("{value:.0}"),
        Aspect::Cost => format!("${value:.6}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_both_values_only_where_they_differ() {
        let cell = |before, after, trend| {
            before_after_cell(&BeforeAfterEntry { aspect: Aspect::ImageSize, before, after, trend, note: None })
        };
        assert_eq!(cell(Some(4e9), Some(4.1e9), Trend::Alike), "4.0 GB → 4.1 GB");
        assert_eq!(cell(Some(4e9), Some(8e9), Trend::Worse), "⚠️ 4.0 GB → 8.0 GB");
        assert_eq!(cell(Some(4e9), Some(4.001e9), Trend::Alike), "4.0 GB");
        assert_eq!(cell(None, Some(4e9), Trend::NotJudged), "4.0 GB");
        assert_eq!(cell(Some(4e9), None, Trend::NotJudged), "");
    }

    #[test]
    fn values_have_their_units() {
        let entry = |aspect, before, after| BeforeAfterEntry { aspect, before, after, trend: Trend::Worse, note: None };
        for (entry, line) in [
            (entry(Aspect::PredictTime, Some(2.0), Some(3.0)), "run time 2.00 s → 3.00 s (1.50×)"),
            (entry(Aspect::Boot, None, Some(130.2)), "boot unknown → 130 s"),
            (entry(Aspect::ImageSize, Some(1e9), Some(2.5e9)), "image 1.0 GB → 2.5 GB (2.50×)"),
            (entry(Aspect::Layers, Some(12.0), Some(13.0)), "layers 12 → 13 (1.08×)"),
            (entry(Aspect::Cost, Some(0.0), Some(0.000_25)), "cost $0.000000 → $0.000250"),
        ] {
            assert_eq!(before_after_text(&entry).line(), line);
        }
    }
}
