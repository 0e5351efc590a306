//! How the new versions compare with the live ones in what outputs do not show: time, price and size.

use crate::domain::before_after::{Aspect, Trend};
use crate::report::before_after::before_after_cell;
use crate::report::escape;
use crate::report::github::state::CommentRow;
use crate::report::json::v1::BeforeAfterEntry;

/// The columns. What is of little interest is shown only where it became worse, so that the table fits a pull request's page.
const COLUMNS: [(Aspect, &str, ColumnVisibility); 6] = [
    (Aspect::PredictTime, "prediction", ColumnVisibility::Always),
    (Aspect::Cost, "price", ColumnVisibility::Always),
    (Aspect::ImageSize, "image", ColumnVisibility::Always),
    (Aspect::Boot, "boot", ColumnVisibility::WhenWorse),
    (Aspect::OutputSize, "output size", ColumnVisibility::WhenWorse),
    (Aspect::Layers, "layers", ColumnVisibility::WhenWorse),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnVisibility {
    Always,
    WhenWorse,
}

/// A table with a row for each model that has been compared; empty without any.
pub(super) fn table(rows: &[&CommentRow]) -> String {
    let compared: Vec<(&str, &[BeforeAfterEntry])> =
        rows.iter().filter_map(|row| Some((row.name.as_str(), row.row()?.before_after.as_slice()))).collect();
    let is_shown = |aspect: Aspect, shown: ColumnVisibility| {
        compared.iter().flat_map(|(_, entries)| *entries).any(|entry| {
            entry.aspect == aspect && !cell(entry).is_empty() && (shown == ColumnVisibility::Always || entry.trend == Trend::Worse)
        })
    };
    let columns: Vec<(Aspect, &str)> = COLUMNS
        .into_iter()
        .filter(|(aspect, _, shown)| is_shown(*aspect, *shown))
        .map(|(aspect, name, _)| (aspect, name))
        .collect();
    if columns.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = columns.iter().map(|(_, name)| *name).collect();
    let mut text = format!("\n| live&nbsp;→&nbsp;new | {} |\n|{}\n", names.join(" | "), "---|".repeat(columns.len() + 1));
    for (name, entries) in compared.iter().filter(|(_, entries)| !entries.is_empty()) {
        let cells: Vec<String> = columns
            .iter()
            .map(|(aspect, _)| entries.iter().find(|entry| entry.aspect == *aspect).map(cell).unwrap_or_default())
            .collect();
        text.push_str(&format!("| {} | {} |\n", escape::markdown(name), cells.join(" | ")));
    }
    text
}

/// Lines may break between the two values, not within one.
fn cell(entry: &BeforeAfterEntry) -> String {
    let text = escape::markdown(&before_after_cell(entry));
    text.split(" → ").map(escape::unbroken).collect::<Vec<_>>().join(" → ")
}
