//! `match_url`: the output is a file that matches another file.

use output_compare::{Tolerance, compare};

use super::{Check, CheckResult, NeededFiles, Needs, output_of, quote};
use crate::domain::output::{ComparedWith, OutputComparison};
use crate::verify::by_digest::{compare_by_digest, too_large_to_examine};
use crate::verify::observation::{FetchedFile, Observation, Unexamined};

/// The output is one file, or a list with one file, that matches the one at this URL.
pub(super) struct MatchUrl(pub(super) String);

impl Check for MatchUrl {
    fn needs(&self) -> Needs {
        Needs { output_files: NeededFiles::Declared, wanted_url: Some(self.0.clone()) }
    }

    fn check(&self, seen: &Observation) -> CheckResult {
        let output = match output_of(seen) {
            Ok(output) => output,
            Err(result) => return result,
        };
        let [file] = &seen.files[..] else {
            let found = seen.files.len();
            return CheckResult::failed(format!("expected one file, got {} ({found} files)", quote(output)));
        };
        let Some(wanted) = &seen.wanted else { return CheckResult::failed("the expected file was not fetched") };
        let (one, two) = match (file.load(), wanted.load()) {
            (Ok(one), Ok(two)) => (one, two),
            (Err(Unexamined::Missing { message, .. }), _) | (_, Err(Unexamined::Missing { message, .. })) => {
                return CheckResult::failed(message);
            }
            _ => return match_by_digest(file, wanted),
        };
        let compared = compare(&two.media(), &one.media(), &Tolerance::default());
        let (comparison, remarks) =
            OutputComparison::from_comparison(compared, format!("output{}", file.path), ComparedWith::Wanted);
        CheckResult::Compared { comparison: Box::new(comparison), remarks }
    }
}

/// Files of which one is too large to decode. Equal bytes are equal; whether others would count as the same is not known.
fn match_by_digest(file: &FetchedFile, wanted: &FetchedFile) -> CheckResult {
    let (Ok(one), Ok(two)) = (&file.content, &wanted.content) else {
        return CheckResult::failed("the file was not fetched");
    };
    let (comparison, remark) = compare_by_digest((file, one), (wanted, two), ComparedWith::Wanted);
    if comparison.same {
        return CheckResult::Compared { comparison: Box::new(comparison), remarks: vec![remark] };
    }
    let (large, download) = if one.is_kept() { (wanted, two) } else { (file, one) };
    CheckResult::Unknown(too_large_to_examine(&large.shown, download))
}
