//! Whether two outputs are the same: the value, and each file with its counterpart.

use std::sync::Arc;

use output_compare::{self, Tolerance, compare_json, compare_text};
use serde_json::Value;

use super::{file_count_difference, file_format};
use crate::domain::output::{ComparedWith, OutputComparison};
use crate::verify::observation::{FetchedFile, Observation};

/// The result of comparing two outputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct OutputsCompared {
    pub(super) same: bool,
    /// Why they differ; empty if they are the same.
    pub(super) reason: String,
    pub(super) remarks: Vec<String>,
    /// The compared pairs: the value, unless it consists only of file URLs, then the files.
    pub(super) comparisons: Vec<OutputComparison>,
}

/// Compares the outputs of the two versions on a blocking thread. `None` if that crashed.
pub(super) async fn compare_outputs(staged: Arc<Observation>, live: Arc<Observation>) -> Option<OutputsCompared> {
    tokio::task::spawn_blocking(move || compare(&staged, &live)).await.ok()
}

fn compare(staged: &Observation, live: &Observation) -> OutputsCompared {
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
    let values = (staged.value_without_files(), live.value_without_files());
    let is_reported = has_content(&values.0) || has_content(&values.1);
    let compared = match values {
        (Value::String(staged), Value::String(live)) => compare_text(&live, &staged),
        (staged, live) => compare_json(&live, &staged, &Tolerance::default()),
    };
    let (compared, remarks) = OutputComparison::from_comparison(compared, "output".to_owned(), ComparedWith::Live);
    if let Some(why) = &compared.reason {
        differ(format!("the output differs from the live version's: {why}"), remarks);
    }
    if is_reported {
        comparisons.push(compared);
    }
    if let Some(reason) = file_count_difference(&staged.files, &live.files) {
        differ(reason, Vec::new());
    }
    let mut other_remarks = Vec::new();
    for (one, two) in staged.files.iter().zip(&live.files) {
        match compare_pair(one, two) {
            Ok((compared, remarks)) => {
                match &compared.reason {
                    Some(why) => differ(format!("{} differs from the live version's: {why}", compared.place), remarks),
                    None => other_remarks.extend(remarks.into_iter().map(|remark| format!("{}: {remark}", compared.place))),
                }
                comparisons.push(compared);
            }
            Err(problem) => differ(problem, Vec::new()),
        }
    }
    found.remarks.extend(other_remarks);
    OutputsCompared { comparisons, ..found }
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

/// Compares a file with its counterpart. Equal content in another format counts as a difference, because clients notice it.
fn compare_pair(staged: &FetchedFile, live: &FetchedFile) -> Result<(OutputComparison, Vec<String>), String> {
    let (one, two) = (staged.media()?, live.media()?);
    let compared = output_compare::compare(&two, &one, &Tolerance::default());
    let (mut compared, remarks) = OutputComparison::from_comparison(compared, format!("output{}", staged.path), ComparedWith::Live);
    let (format, other) = (file_format(&one), file_format(&two));
    if compared.same && format != other {
        compared.same = false;
        compared.reason = Some(format!("the file format changed from {other} to {format}"));
    }
    Ok((compared, remarks))
}

#[cfg(test)]
mod tests {
    use output_compare::MediaKind;
    use serde_json::json;

    use super::*;
    use crate::verify::compare::sample::observation;

    #[test]
    fn equal_outputs_are_the_same_whatever_their_urls() {
        let found = compare(
            &observation(json!("https://x/a.txt"), &[("a.txt", b"cat")]),
            &observation(json!("https://x/b.txt"), &[("b.txt", b"cat")]),
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
        let found = compare(&staged, &live);
        assert!(!found.same);
        assert_eq!(found.reason, "the output differs from the live version's: .n is 2 in the first and 1 in the second");
        assert_eq!(found.remarks[0], "output differs from the live version's: the texts differ");
        let kinds: Vec<_> = found.comparisons.iter().map(|compared| (compared.kind, compared.same)).collect();
        assert_eq!(kinds, [(MediaKind::Json, false), (MediaKind::Text, false)]);
    }
}
