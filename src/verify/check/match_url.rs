//! `match_url` and `match_file`: the output is a file that matches another file.

use output_compare::{Tolerance, compare, thumbnail};

use super::{Check, CheckResult, NeededFiles, Needs, output_of, quote};
use crate::clients::replicate::Download;
use crate::domain::output::{ComparedWith, OutputComparison};
use crate::domain::output_check::ExpectedFile;
use crate::verify::by_digest::{compare_by_digest, too_large_to_examine};
use crate::verify::file_urls::UrlOrigin;
use crate::verify::observation::{FetchedFile, Observation, Unexamined};
use crate::verify::text_difference::text_difference;

/// The output is one file, or a list with one file, that matches the one at this URL.
pub(super) struct MatchUrl {
    pub(super) url: String,
    pub(super) tolerance: Tolerance,
}

impl Check for MatchUrl {
    fn needs(&self) -> Needs {
        Needs { output_files: NeededFiles::Declared, wanted_url: Some(self.url.clone()) }
    }

    fn check(&self, seen: &Observation) -> CheckResult {
        let file = match only_file(seen) {
            Ok(file) => file,
            Err(result) => return result,
        };
        match &seen.wanted {
            Some(wanted) => match_files(file, wanted, &self.tolerance),
            None => CheckResult::failed("the expected file was not fetched"),
        }
    }
}

/// The output is one file, or a list with one file, that matches this one of the repository.
pub(super) struct MatchFile {
    pub(super) file: ExpectedFile,
    pub(super) tolerance: Tolerance,
}

impl Check for MatchFile {
    fn needs(&self) -> Needs {
        Needs { output_files: NeededFiles::AllUrls, wanted_url: None }
    }

    fn check(&self, seen: &Observation) -> CheckResult {
        let file = match only_file(seen) {
            Ok(file) => file,
            Err(result) => return result,
        };
        let Some(content) = &self.file.content else {
            return CheckResult::failed(format!("the expected file {} was not read", self.file.path));
        };
        let wanted = FetchedFile {
            path: String::new(),
            url: self.file.path.clone(),
            shown: self.file.path.clone(),
            name: self.file.path.rsplit('/').next().unwrap_or_default().to_owned(),
            origin: UrlOrigin::Declared,
            content: Ok(Download::of_bytes(content.clone(), None)),
        };
        match_files(file, &wanted, &self.tolerance)
    }
}

/// The one file of an output.
fn only_file(seen: &Observation) -> Result<&FetchedFile, CheckResult> {
    let output = output_of(seen)?;
    let mut files: Vec<&FetchedFile> = seen.files.iter().filter(|file| !file.is_text()).collect();
    // Beside a file that the schema declares, a text with a URL is only text.
    if files.iter().any(|file| file.origin == UrlOrigin::Declared) {
        files.retain(|file| file.origin == UrlOrigin::Declared);
    }
    let [file] = files[..] else {
        let found = files.len();
        return Err(CheckResult::failed(format!("expected one file, got {} ({found} files)", quote(output))));
    };
    Ok(file)
}

fn match_files(file: &FetchedFile, wanted: &FetchedFile, tolerance: &Tolerance) -> CheckResult {
    let (one, two) = match (file.load(), wanted.load()) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(Unexamined::Missing { message, .. }), _) | (_, Err(Unexamined::Missing { message, .. })) => {
            return CheckResult::failed(message);
        }
        _ => return match_by_digest(file, wanted),
    };
    let compared = compare(&two.media(), &one.media(), tolerance);
    let difference = text_difference(&compared, &two.media(), &one.media());
    let place = format!("output{}", file.path);
    let (comparison, remarks) = OutputComparison::from_comparison(compared, place, ComparedWith::Wanted);
    let comparison = OutputComparison { expected: thumbnail(&two.media()), difference, ..comparison };
    CheckResult::Compared { comparison: Box::new(comparison), remarks }
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
