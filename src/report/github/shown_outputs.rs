//! The part of the comment that shows outputs.

use cog_findings::text::{count, shorten};

use crate::report::escape;
use crate::report::github::outputs::{OutputDiff, OutputImage};
use crate::report::github::state::CommentRow;

/// The outputs of models.
pub(super) fn of_rows(rows: &[&CommentRow], with_diffs: bool) -> String {
    let shown = shown(rows, with_diffs);
    if shown.is_empty() { shown } else { format!("\n### Outputs\n{shown}") }
}

/// The outputs of models that passed, out of the way.
pub(super) fn folded(rows: &[&CommentRow], with_diffs: bool) -> String {
    let shown = shown(rows, with_diffs);
    if shown.is_empty() {
        return shown;
    }
    let models = rows.iter().filter(|row| row.row().is_some_and(|row| !row.images.is_empty() || !row.diffs.is_empty())).count();
    format!("\n<details><summary>Outputs of {} that passed</summary>\n{shown}\n</details>\n", count(models, "model"))
}

fn shown(rows: &[&CommentRow], with_diffs: bool) -> String {
    let mut text = String::new();
    for comment_row in rows {
        let Some(row) = comment_row.row() else { continue };
        let name = |case: &str| {
            let model = (rows.len() > 1).then(|| format!("{}, ", escape::markdown(&shorten(&comment_row.name, 100))));
            format!("\n{}**{}**", model.unwrap_or_default(), escape::markdown(case))
        };
        for OutputImage { case, place, panels, url } in &row.images {
            let panels = panels.join(" · ");
            if let Some(image) = escape::image(&format!("{case}, {place}: {panels}"), url) {
                text.push_str(&format!("{}, {}: {}\n\n{image}\n", name(case), escape::code(place), escape::markdown(&panels)));
            }
        }
        for OutputDiff { case, lines } in row.diffs.iter().filter(|_| with_diffs) {
            text.push_str(&format!("{}: live and new text\n\n{}", name(case), escape::fenced(&lines.join("\n"), "diff")));
        }
    }
    text
}
