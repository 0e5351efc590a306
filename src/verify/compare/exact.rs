//! Whether two outputs are the same: the value, and each file with its counterpart.

use std::sync::Arc;

use output_compare::{self, Comparison, MediaFile, MediaKind, compare_json, compare_text, detect};
use serde_json::Value;

use super::{file_count_difference, files_of};
use crate::domain::compare_rules::{CompareRules, missed_limits};
use crate::domain::output::{ComparedWith, OutputComparison};
use crate::verify::by_digest::compare_by_digest;
use crate::verify::file_format::file_format;
use crate::verify::observation::{FetchFault, FetchedFile, Observation, Unexamined};
use crate::verify::text_difference::text_difference;

/// Equal files above this size are not decoded to be measured.
const MEASURED_BYTES: u64 = 4 * 1024 * 1024;

/// The result of comparing two outputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct OutputsCompared {
    pub(super) same: bool,
    /// Why they differ; empty if they are the same.
    pub(super) reason: String,
    pub(super) remarks: Vec<String>,
    /// The compared pairs: the value, unless it consists only of file URLs, then the files.
    pub(super) comparisons: Vec<OutputComparison>,
    /// The number of pairs, and why one of them was not compared.
    pub(super) not_compared: Option<UncomparedFiles>,
}

/// Files that a limit of ours kept from being compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UncomparedFiles {
    /// How many pairs were not compared.
    pub(super) count: usize,
    /// Of how many.
    pub(super) of: usize,
    /// Why the first of them was not.
    pub(super) why: String,
}

/// Compares the outputs of the two versions on a blocking thread. `None` if that crashed.
pub(super) async fn compare_outputs(
    staged: Arc<Observation>,
    live: Arc<Observation>,
    rules: &CompareRules,
) -> Option<OutputsCompared> {
    let rules = rules.clone();
    tokio::task::spawn_blocking(move || compare(&staged, &live, &rules)).await.ok()
}

fn compare(staged: &Observation, live: &Observation, rules: &CompareRules) -> OutputsCompared {
    let mut found = OutputsCompared { same: true, ..OutputsCompared::default() };
    let mut differ = |reason: String, remarks: Vec<String>| {
        if found.same {
            found.reason = reason;
        } else {
            found.remarks.push(reason);
        }
        found.same = false;
        found.remarks.extend(remarks);
    };
    let mut comparisons = Vec::new();
    let [mut staged_files, mut live_files] = files_of(staged, live);
    let tolerance = rules.tolerance();
    let mut values = (staged.value_without(staged_files.iter().copied()), live.value_without(live_files.iter().copied()));
    for path in rules.ignored() {
        path.remove_from(&mut values.0);
        path.remove_from(&mut values.1);
    }
    staged_files.retain(|file| !rules.ignores(&file.path));
    live_files.retain(|file| !rules.ignores(&file.path));
    let is_reported = has_content(&values.0) || has_content(&values.1);
    let compared = match values {
        (Value::String(staged), Value::String(live)) => compare_text(&live, &staged),
        (staged, live) => compare_json(&live, &staged, &tolerance),
    };
    let (compared, remarks) = OutputComparison::from_comparison(compared, "output".to_owned(), ComparedWith::Live);
    if let Some(why) = with_limits(&compared) {
        differ(format!("the output differs from the live version's: {why}"), remarks);
    }
    if is_reported {
        comparisons.push(compared);
    }
    if let Some(reason) = file_count_difference(&staged_files, &live_files) {
        differ(reason, Vec::new());
    }
    let mut other_remarks = Vec::new();
    let mut not_compared: Option<UncomparedFiles> = None;
    for (one, two) in staged_files.iter().zip(&live_files) {
        match compare_pair(one, two, rules) {
            Ok((compared, remarks)) => {
                match with_limits(&compared) {
                    Some(why) => differ(format!("{} differs from the live version's: {why}", compared.place), remarks),
                    None => other_remarks.extend(remarks.into_iter().map(|remark| format!("{}: {remark}", compared.place))),
                }
                comparisons.push(compared);
            }
            Err(NotMeasured::Differ(problem)) => differ(problem, Vec::new()),
            Err(NotMeasured::NotCompared(why)) => {
                let of = staged_files.len().min(live_files.len());
                not_compared.get_or_insert(UncomparedFiles { count: 0, of, why }).count += 1;
            }
        }
    }
    found.remarks.extend(other_remarks);
    OutputsCompared { comparisons, not_compared, ..found }
}

/// Whether a value holds anything once its file URLs are removed.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(has_content),
        Value::Object(members) => members.values().any(has_content),
        _ => true,
    }
}

/// Why two files have no measurements.
enum NotMeasured {
    Differ(String),
    NotCompared(String),
}

/// Compares a file with its counterpart. Equal content in another format counts as a difference, because clients notice it.
fn compare_pair(
    staged: &FetchedFile,
    live: &FetchedFile,
    rules: &CompareRules,
) -> Result<(OutputComparison, Vec<String>), NotMeasured> {
    if let (Ok(one), Ok(two)) = (&staged.content, &live.content)
        && (!one.is_kept() || !two.is_kept() || (one.sha256 == two.sha256 && one.size_bytes > MEASURED_BYTES))
    {
        let (compared, remark) = compare_by_digest((staged, one), (live, two), ComparedWith::Live);
        let is_decodable = one.is_kept() && two.is_kept();
        return Ok((compared, if is_decodable { Vec::new() } else { vec![remark] }));
    }
    let load = |file: &FetchedFile| {
        file.load().map_err(|unexamined| match unexamined {
            Unexamined::Missing { message, fault: FetchFault::Limit } => NotMeasured::NotCompared(message),
            Unexamined::Missing { message, .. } => NotMeasured::Differ(message),
            // Compared by its hash above.
            Unexamined::TooLarge(_) => NotMeasured::NotCompared(format!("the file {} is too large", file.shown)),
        })
    };
    let (one, two) = (load(staged)?, load(live)?);
    let (one, two) = (one.media(), two.media());
    let (compared, difference) = compare_files(&two, &one, rules);
    let (mut compared, remarks) = OutputComparison::from_comparison(compared, format!("output{}", staged.path), ComparedWith::Live);
    let (format, other) = (file_format(&one), file_format(&two));
    if compared.same && format != other {
        compared.same = false;
        compared.reason = Some(format!("the file format changed from {other} to {format}"));
    }
    Ok((OutputComparison { difference, ..compared }, remarks))
}

/// Compares two files. Ignored paths also hold for the content of JSON files. Also returns how texts differ.
fn compare_files(live: &MediaFile<'_>, staged: &MediaFile<'_>, rules: &CompareRules) -> (Comparison, Option<String>) {
    if !rules.ignored().is_empty()
        && detect(live) == MediaKind::Json
        && detect(staged) == MediaKind::Json
        && let (Ok(mut one), Ok(mut two)) = (serde_json::from_slice(live.bytes), serde_json::from_slice(staged.bytes))
    {
        rules.ignored().iter().for_each(|path| {
            path.remove_from(&mut one);
            path.remove_from(&mut two);
        });
        let compared = compare_json(&one, &two, &rules.tolerance());
        let (one, two) = (one.to_string(), two.to_string());
        let (one, two) = (MediaFile::named("a.json", one.as_bytes()), MediaFile::named("b.json", two.as_bytes()));
        let difference = text_difference(&compared, &one, &two);
        return (compared, difference);
    }
    let compared = output_compare::compare(live, staged, &rules.tolerance());
    let difference = text_difference(&compared, live, staged);
    (compared, difference)
}

/// Why two files or values differ, with the settings that could allow it.
pub(in crate::verify) fn with_limits(compared: &OutputComparison) -> Option<String> {
    let reason = compared.reason.as_ref()?;
    let missed = missed_limits(&compared.measurements);
    Some(if missed.is_empty() { reason.clone() } else { format!("{reason} ({})", missed.join("; ")) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::compare::sample::observation;

    #[test]
    fn equal_outputs_are_the_same_whatever_their_urls() {
        let found = compare(
            &observation(json!("https://x/a.txt"), &[("a.txt", b"cat")]),
            &observation(json!("https://x/b.txt"), &[("b.txt", b"cat")]),
            &CompareRules::default(),
        );
        assert!(found.same && found.reason.is_empty(), "{found:?}");
        assert_eq!(found.remarks, Vec::<String>::new());
        let [compared] = &found.comparisons[..] else { panic!("{found:?}") };
        assert_eq!((compared.place.as_str(), compared.kind, compared.same), ("output", MediaKind::Text, true));
        assert_eq!(compared.with, ComparedWith::Live);
        assert!(compared.measurements.iter().any(|metric| metric.name == "similarity" && metric.value == 1.0), "{found:?}");
    }

    #[test]
    fn the_first_difference_is_the_reason_and_the_others_are_remarks() {
        let staged = observation(json!({"n": 1, "file": "https://x/a.txt"}), &[("a.txt", b"cat")]);
        let live = observation(json!({"n": 2, "file": "https://x/b.txt"}), &[("b.txt", b"dog")]);
        let found = compare(&staged, &live, &CompareRules::default());
        assert!(!found.same);
        assert_eq!(found.reason, "the output differs from the live version's: .n is 2 in the first and 1 in the second");
        assert_eq!(found.remarks[0], "output differs from the live version's: the texts differ");
        let kinds: Vec<_> = found.comparisons.iter().map(|compared| (compared.kind, compared.same)).collect();
        assert_eq!(kinds, [(MediaKind::Json, false), (MediaKind::Text, false)]);
    }

    #[test]
    fn ignored_paths_count_neither_in_values_nor_in_files() {
        let staged = observation(
            json!({"n": 1, "seconds": 2.5, "file": "https://x/a.json", "log": "https://x/a.txt"}),
            &[("a.json", br#"{"seconds": 1, "n": 1}"#)],
        );
        let live = observation(
            json!({"n": 1, "seconds": 9.5, "file": "https://x/b.json", "log": "https://x/b.txt"}),
            &[("b.json", br#"{"seconds": 7, "n": 1}"#)],
        );
        let rules = |paths: &[&str]| {
            let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
            compare(&staged, &live, &CompareRules::new(Vec::new(), paths))
        };
        assert!(rules(&[".seconds", ".log"]).same, "{:?}", rules(&[".seconds", ".log"]));
        assert!(!rules(&[".log"]).same);
    }

    #[test]
    fn documents_that_differ_are_shown_line_by_line_without_what_is_ignored() {
        let staged = observation(json!({"file": "https://x/a.json"}), &[("a.json", br#"{"seconds": 1, "n": 1}"#)]);
        let live = observation(json!({"file": "https://x/b.json"}), &[("b.json", br#"{"seconds": 7, "n": 2}"#)]);
        let rules = CompareRules::new(Vec::new(), vec![".seconds".parse().unwrap()]);
        let found = compare(&staged, &live, &rules);
        let [file] = &found.comparisons[..] else { panic!("{found:?}") };
        assert_eq!(file.difference.as_deref(), Some("@@ -1,3 +1,3 @@\n {\n-  \"n\": 2\n+  \"n\": 1\n }\n"));
    }

    #[test]
    fn thresholds_decide_and_a_missed_one_is_named_with_its_setting() {
        let (staged, live) = (observation(json!({"score": 1.1}), &[]), observation(json!({"score": 1.0}), &[]));
        let wide = CompareRules::new(vec![("relative_number".to_owned(), 0.2)], Vec::new());
        assert!(compare(&staged, &live, &wide).same);
        let found = compare(&staged, &live, &CompareRules::default());
        assert_eq!(
            found.reason,
            "the output differs from the live version's: .score is 1.0 in the first and 1.1 in the second (compare.relative_number: \
             measured 0.0909, limit 0.001)"
        );
    }
}
