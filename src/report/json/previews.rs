//! Keeps the previews of a run within a size limit. Those of failures are kept first.

use cog_findings::text::count;

use super::v1;
use crate::domain::output::NO_ROOM;
use crate::domain::report::CaseStatus;

/// Size limit of all previews of a run as `data:` URLs, in bytes. Browsers load the whole page, and CI the whole artifact.
pub(crate) const PREVIEW_BYTES: usize = 8 * 1024 * 1024;

/// Removes previews until the rest fits the limit, and adds a notice.
pub(super) fn bound(run: &mut v1::Run, limit_bytes: usize) {
    let mut cases: Vec<&mut v1::Case> = run.models.iter_mut().flat_map(|model| &mut model.cases).collect();
    cases.sort_by_key(|case| rank(case));
    let mut left = limit_bytes;
    let mut left_out = 0;
    for case in cases {
        for file in case.files.iter_mut().chain(&mut case.live_files) {
            if is_too_much(&mut file.preview, &mut left) {
                left_out += 1;
                file.facts.push(NO_ROOM.to_owned());
            }
        }
        for comparison in &mut case.comparisons {
            left_out += usize::from(is_too_much(&mut comparison.heat_map, &mut left));
            left_out += usize::from(is_too_much(&mut comparison.expected, &mut left));
        }
    }
    if left_out > 0 {
        let (copies, most) = (count(left_out, "preview"), limit_bytes.div_ceil(1024 * 1024));
        run.notices.push(format!("{copies} left out: a report holds {most} MiB of them"));
    }
}

/// The order in which cases keep their previews.
fn rank(case: &v1::Case) -> u8 {
    match (case.status, case.kind.as_str()) {
        (CaseStatus::Failed | CaseStatus::Errored | CaseStatus::Flaky, _) => 0,
        (_, "fuzz" | "train-fuzz" | "warm-up") => 2,
        _ => 1,
    }
}

fn is_too_much(copy: &mut Option<String>, left: &mut usize) -> bool {
    let Some(length) = copy.as_ref().map(String::len) else { return false };
    if let Some(rest) = left.checked_sub(length) {
        *left = rest;
        return false;
    }
    *copy = None;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::run_json;
    use crate::report::sample;

    fn file(preview: usize) -> v1::FileEntry {
        v1::FileEntry {
            place: "output".to_owned(),
            url: String::new(),
            kind: "image".to_owned(),
            size_bytes: 1,
            facts: Vec::new(),
            preview: Some("x".repeat(preview)),
        }
    }

    #[test]
    fn failures_keep_their_previews_first() {
        let mut run = run_json(&sample::failed_case());
        for case in &mut run.models[0].cases {
            case.files = vec![file(40), file(40)];
        }
        let before = run.clone();
        bound(&mut run, 1000);
        assert_eq!(run, before);
        bound(&mut run, 250);
        let shown = |case: &v1::Case| case.files.iter().filter(|file| file.preview.is_some()).count();
        let counts: Vec<_> = run.models[0].cases.iter().map(|case| (case.id.as_str(), case.status.as_str(), shown(case))).collect();
        assert_eq!(counts, [("case-1", "passed", 0), ("case-2", "failed", 2), ("compare-1", "flaky", 2), ("fuzz-7", "failed", 2)]);
        assert_eq!(run.models[0].cases[0].files[0].facts, [NO_ROOM]);
        assert_eq!(run.notices.last().map(String::as_str), Some("2 previews left out: a report holds 1 MiB of them"));
    }
}
