//! `match_url`: the output is a file that matches another file.

use output_compare::{Tolerance, compare};

use super::{Check, CheckResult, Needs, output_of, quote};
use crate::domain::output::{ComparedWith, OutputComparison};
use crate::verify::observation::Observation;

/// The output is one file, or a list with one file, that matches the one at this URL.
pub(super) struct MatchUrl(pub(super) String);

impl Check for MatchUrl {
    fn needs(&self) -> Needs {
        Needs { output_files: true, wanted_url: Some(self.0.clone()) }
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
        let (file, wanted) = match (file.media(), seen.wanted.as_ref().map(|wanted| (wanted.media(), &wanted.shown))) {
            (Ok(file), Some((Ok(wanted), _))) => (file, wanted),
            (Err(problem), _) | (_, Some((Err(problem), _))) => return CheckResult::failed(problem),
            (_, None) => return CheckResult::failed("the expected file was not fetched"),
        };
        let place = format!("output{}", seen.files[0].path);
        let (comparison, remarks) =
            OutputComparison::from_comparison(compare(&wanted, &file, &Tolerance::default()), place, ComparedWith::Wanted);
        CheckResult::Compared { comparison: Box::new(comparison), remarks }
    }
}
