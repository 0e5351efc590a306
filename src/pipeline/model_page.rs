//! The README and the description of the live model's page, taken from a file of the repository.
//!
//! They follow a version that was published, or one that is live already because nothing changed, and never precede one. A run that does
//! not publish says what publishing would change. A page that could not be written is a warning: the version is live, and the next run
//! tries again.

use std::path::Path;

use cog_findings::text::shorten;

use crate::clients::replicate::{Replicate, TextOfPage};
use crate::domain::page::{PageChange, PageReport};
use crate::domain::verdict::Verdict;
use crate::pipeline::record::ModelRecord;

/// A longer file is not the README of a model's page.
const MAX_BYTES: u64 = 256 * 1024;

/// Lines of a difference that a report keeps.
const MAX_LINES: usize = 400;

/// A longer paragraph is not a description in one line.
const DESCRIPTION_CHARACTERS: usize = 300;

/// Updates the page if what the run would publish is live; otherwise finds out what publishing would change.
pub(super) async fn follow(record: &mut ModelRecord<'_>, replicate: &dyn Replicate) {
    let plan = &record.model.plan;
    let Some(file) = plan.readme.clone().filter(|_| record.report.verdict != Verdict::Cancelled) else { return };
    // An unchanged model is the same as published: only its page may have changed.
    let is_live = record.report.published.is_some() || record.report.unchanged.is_some();
    let readme = match repository_files::read_text(plan.repository(), Path::new(&file), MAX_BYTES) {
        Ok(text) => text,
        Err(error) => return fail(record, file, &error.to_string()),
    };
    let before = match replicate.readme(&plan.model).await {
        Ok(before) => before.unwrap_or_default(),
        Err(error) => return fail(record, file, &error.to_string()),
    };
    let diff = difference(&before, &readme);
    let description = description_of(&readme);
    let change = match (diff.is_empty(), is_live) {
        (true, _) => PageChange::Unchanged,
        (false, false) => PageChange::WouldUpdate,
        (false, true) => {
            let text = TextOfPage { readme, description: description.clone() };
            if let Err(error) = replicate.update_page(&plan.model, &text).await {
                return fail(record, file, &error.to_string());
            }
            PageChange::Updated
        }
    };
    record.report.page = Some(PageReport { file, change, diff, description, problem: None });
}

fn fail(record: &mut ModelRecord<'_>, file: String, problem: &str) {
    let problem = shorten(problem, 500);
    record.notice(format!("the README of the model's page was not updated: {problem}"));
    let page = PageReport { file, change: PageChange::Failed, diff: Vec::new(), description: None, problem: Some(problem) };
    record.report.page = Some(page);
}

/// The lines between the first and the last that differ: those before, then those after.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.trim_end().lines().collect(), after.trim_end().lines().collect());
    let same_start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[same_start..], &new[same_start..]);
    let same_end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let removed = old[..old.len() - same_end].iter().map(|line| format!("-{line}"));
    let added = new[..new.len() - same_end].iter().map(|line| format!("+{line}"));
    removed.chain(added).take(MAX_LINES).collect()
}

/// The first paragraph, if it is plain text: it is shown on the page below the model's name.
fn description_of(readme: &str) -> Option<String> {
    let mut paragraphs = readme.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let first = paragraphs.find(|paragraph| !(paragraph.starts_with('#') && paragraph.lines().count() == 1))?;
    // A heading may be right above its text.
    let text: Vec<&str> = first.lines().skip_while(|line| line.starts_with('#')).map(str::trim).collect();
    let text = text.join(" ");
    let is_plain = text.starts_with(|c: char| c.is_alphanumeric()) && !text.contains(['<', '[', '`', '|', '*']);
    (is_plain && text.chars().count() <= DESCRIPTION_CHARACTERS).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_the_lines_that_changed() {
        assert_eq!(difference("# A\n\nold\nend\n", "# A\n\nnew\nmore\nend"), ["-old", "+new", "+more"]);
        assert_eq!(difference("same\n", "same"), Vec::<String>::new());
        assert_eq!(difference("", "one"), ["+one"]);
        assert_eq!(difference("a\na", "a"), ["-a"]);
    }

    #[test]
    fn the_description_is_the_first_plain_paragraph() {
        for (readme, description) in [
            ("# Hotdog\n\nFinds hotdogs\nin images.\n\nMore.", Some("Finds hotdogs in images.")),
            ("# Hotdog\nFinds hotdogs.", Some("Finds hotdogs.")),
            ("![logo](x.png)\n\nText", None),
            ("# Only a heading", None),
            ("", None),
        ] {
            assert_eq!(description_of(readme).as_deref(), description, "{readme}");
        }
        assert_eq!(description_of(&"long ".repeat(100)), None);
    }
}
