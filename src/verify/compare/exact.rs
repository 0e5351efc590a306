//! Whether two outputs are the same: the value, and each file with its counterpart.

use std::fmt;
use std::sync::Arc;

use output_compare::{self, Comparison, Coverage, MediaFile, MediaKind, compare_json, compare_text, detect};
use serde_json::Value;

use super::{file_count_difference, files_of};
use crate::clients::replicate::Download;
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
    /// Which pairs differ.
    differing: Vec<DifferingPart>,
    /// The pairs of files about which nothing is known, by number.
    unknown: Vec<usize>,
    /// The files that a limit of ours kept from being compared.
    pub(super) not_compared: Option<UncomparedFiles>,
    /// Why a file of the live version could not be fetched.
    pub(super) live_missing: Option<String>,
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
    /// Whether a part of each of them was compared.
    pub(super) in_part: bool,
}

impl fmt::Display for UncomparedFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, of, why, in_part } = self;
        let what = if *in_part { "compared only in part" } else { "not compared" };
        write!(formatter, "{count} of {of} files were {what}: {why}")
    }
}

/// A part of an output that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DifferingPart {
    /// The value, or the number of files.
    Value,
    /// The pair of files with this number.
    File { number: usize, undecoded: Option<String> },
}

/// What the live version's second output says about a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repetition {
    /// The live version repeated what differs.
    Same,
    /// It returned another output.
    Random,
    /// Its own files differ in their bytes, and cannot be measured.
    Undecided(UncomparedFiles),
    /// Its second files are not known.
    Missing(String),
}

/// Whose outputs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputPair {
    /// The staged and the live version's.
    Versions,
    /// Both of the live version.
    LiveTwice,
}

/// Compares two outputs on a blocking thread. `None` if that crashed.
pub(super) async fn compare_outputs(
    pair: OutputPair,
    staged: Arc<Observation>,
    live: Arc<Observation>,
    rules: &CompareRules,
) -> Option<OutputsCompared> {
    let rules = rules.clone();
    tokio::task::spawn_blocking(move || compare(pair, &staged, &live, &rules)).await.ok()
}

impl OutputsCompared {
    /// Whether these differences are a change, given the comparison of the live version's two outputs.
    pub(super) fn repetition(&self, lives: &Self) -> Repetition {
        let measured = |part: &DifferingPart| !matches!(part, DifferingPart::File { undecoded: Some(_), .. });
        if lives.differing.iter().any(measured) {
            return Repetition::Random;
        }
        let is_known = |part: &DifferingPart| match part {
            DifferingPart::Value => true,
            DifferingPart::File { number, .. } => !lives.unknown.contains(number) && lives.undecoded(*number).is_none(),
        };
        if self.differing.iter().any(is_known) {
            return Repetition::Same;
        }
        let undecoded = self.differing.iter().find_map(|part| match part {
            DifferingPart::File { number, .. } => lives.undecoded(*number),
            DifferingPart::Value => None,
        });
        match (undecoded, &lives.live_missing, &lives.not_compared) {
            (Some(why), ..) => {
                let why = format!("{why}, and the bytes of the live version's own outputs differ too");
                let of = self.comparisons.len().max(self.differing.len());
                Repetition::Undecided(UncomparedFiles { count: self.differing.len(), of, why, in_part: false })
            }
            (None, Some(why), _) => Repetition::Missing(why.clone()),
            (None, None, Some(files)) => Repetition::Undecided(files.clone()),
            (None, None, None) => Repetition::Same,
        }
    }

    /// Why the files with this number, whose bytes differ, could not be measured.
    fn undecoded(&self, wanted: usize) -> Option<&str> {
        self.differing.iter().find_map(|part| match part {
            DifferingPart::File { number, undecoded } if *number == wanted => undecoded.as_deref(),
            _ => None,
        })
    }

    fn differ(&mut self, part: DifferingPart, reason: String, remarks: Vec<String>) {
        if self.same {
            self.reason = reason;
        } else {
            self.remarks.push(reason);
        }
        self.same = false;
        self.differing.push(part);
        self.remarks.extend(remarks);
    }

    fn leave_out(&mut self, of: usize, why: String, in_part: bool) {
        let files = self.not_compared.get_or_insert(UncomparedFiles { count: 0, of, why, in_part });
        files.count += 1;
        files.in_part &= in_part;
    }

    /// Adds a pair of files. Returns its remarks if it counts as the same.
    fn add_pair(
        &mut self,
        number: usize,
        of: usize,
        compared: OutputComparison,
        remarks: Vec<String>,
        coverage: Coverage,
    ) -> Vec<String> {
        let place = compared.place.clone();
        let why = with_limits(&compared);
        self.comparisons.push(compared);
        match (why, coverage) {
            (Some(why), coverage) => {
                let undecoded = if let Coverage::BytesOnly(why) = coverage { Some(why) } else { None };
                let reason = format!("{place} differs from the live version's: {why}");
                self.differ(DifferingPart::File { number, undecoded }, reason, remarks);
                Vec::new()
            }
            (None, coverage) => {
                if let Coverage::Part(why) = coverage {
                    self.leave_out(of, why, true);
                }
                remarks.into_iter().map(|remark| format!("{place}: {remark}")).collect()
            }
        }
    }
}

fn compare(pair: OutputPair, staged: &Observation, live: &Observation, rules: &CompareRules) -> OutputsCompared {
    let mut found = OutputsCompared { same: true, ..OutputsCompared::default() };
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
        found.differ(DifferingPart::Value, format!("the output differs from the live version's: {why}"), remarks);
    }
    if is_reported {
        found.comparisons.push(compared);
    }
    if let Some(reason) = file_count_difference(&staged_files, &live_files) {
        found.differ(DifferingPart::Value, reason, Vec::new());
    }
    let mut other_remarks = Vec::new();
    let of = staged_files.len().min(live_files.len());
    for (number, (one, two)) in staged_files.iter().zip(&live_files).enumerate() {
        match compare_pair(pair, one, two, rules) {
            Ok((compared, remarks, coverage)) => other_remarks.extend(found.add_pair(number, of, compared, remarks, coverage)),
            Err(NotMeasured::Differ(problem)) => {
                found.differ(DifferingPart::File { number, undecoded: None }, problem, Vec::new());
            }
            Err(NotMeasured::NotCompared(why)) => {
                found.unknown.push(number);
                found.leave_out(of, why, false);
            }
            Err(NotMeasured::LiveMissing(why)) => {
                found.unknown.push(number);
                found.live_missing.get_or_insert(why);
            }
        }
    }
    found.remarks.extend(other_remarks);
    found
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
    /// The live version's file could not be fetched.
    LiveMissing(String),
}

/// Compares a file with its counterpart. Equal content in another format counts as a difference, because clients notice it.
fn compare_pair(
    pair: OutputPair,
    staged: &FetchedFile,
    live: &FetchedFile,
    rules: &CompareRules,
) -> Result<(OutputComparison, Vec<String>, Coverage), NotMeasured> {
    if let (Ok(one), Ok(two)) = (&staged.content, &live.content)
        && (!one.is_kept() || !two.is_kept() || (one.sha256 == two.sha256 && one.size_bytes > MEASURED_BYTES))
    {
        return Ok(compare_large((staged, one), (live, two)));
    }
    let load = |file: &FetchedFile, is_live: bool| {
        file.load().map_err(|unexamined| match unexamined {
            Unexamined::Missing { message, fault: FetchFault::Limit } => NotMeasured::NotCompared(message),
            Unexamined::Missing { message, .. } if is_live => NotMeasured::LiveMissing(message),
            Unexamined::Missing { message, .. } => NotMeasured::Differ(message),
            // Compared by its hash above.
            Unexamined::TooLarge(_) => NotMeasured::NotCompared(format!("the file {} is too large", file.shown)),
        })
    };
    // Without the live version's file there is nothing to compare with, whatever the staged one is.
    let two = load(live, true)?;
    let one = load(staged, pair == OutputPair::LiveTwice)?;
    let (one, two) = (one.media(), two.media());
    let (compared, difference) = compare_files(&two, &one, rules);
    let coverage = compared.coverage.clone();
    let (mut compared, remarks) = OutputComparison::from_comparison(compared, format!("output{}", staged.path), ComparedWith::Live);
    let (format, other) = (file_format(&one), file_format(&two));
    if compared.same && format != other {
        compared.same = false;
        compared.reason = Some(format!("the file format changed from {other} to {format}"));
    }
    Ok((OutputComparison { difference, ..compared }, remarks, coverage))
}

/// Compares files by their hashes. Other bytes are another binary file, but may be the same image.
fn compare_large(
    (staged, one): (&FetchedFile, &Download),
    (live, two): (&FetchedFile, &Download),
) -> (OutputComparison, Vec<String>, Coverage) {
    let (compared, remark) = compare_by_digest((staged, one), (live, two), ComparedWith::Live);
    let is_known = compared.same
        || compared.kind == MediaKind::Binary
        || file_format(&staged.beginning(one)) != file_format(&live.beginning(two));
    let coverage = if is_known { Coverage::Whole } else { Coverage::BytesOnly(remark.clone()) };
    let is_decodable = one.is_kept() && two.is_kept();
    (compared, if is_decodable { Vec::new() } else { vec![remark] }, coverage)
}

/// Compares two files. Ignored paths also hold for the content of JSON files. Also returns how texts differ.
fn compare_files(live: &MediaFile<'_>, staged: &MediaFile<'_>, rules: &CompareRules) -> (Comparison, Option<String>) {
    if !rules.ignored().is_empty()
        && live.bytes != staged.bytes
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

    fn compare(staged: &Observation, live: &Observation, rules: &CompareRules) -> OutputsCompared {
        super::compare(OutputPair::Versions, staged, live, rules)
    }

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

    /// An output of one image that does not decode.
    fn undecodable(bytes: &'static [u8]) -> Observation {
        observation(json!("https://x/a.jpg"), &[("a.jpg", bytes)])
    }

    #[test]
    fn files_that_cannot_be_decoded_are_a_change_only_if_the_live_version_repeats_its_bytes() {
        let (one, two, three) = (&b"\xff\xd8\xff\xe0one"[..], &b"\xff\xd8\xff\xe0two"[..], &b"\xff\xd8\xff\xe0three"[..]);
        let rules = CompareRules::default();
        let repetition = |staged, live, again| {
            let with_live = compare(&undecodable(staged), &undecodable(live), &rules);
            assert!(!with_live.same && with_live.reason.ends_with("; the bytes differ"), "{with_live:?}");
            with_live.repetition(&super::compare(OutputPair::LiveTwice, &undecodable(live), &undecodable(again), &rules))
        };
        assert!(compare(&undecodable(one), &undecodable(one), &rules).same);
        assert_eq!(repetition(one, two, two), Repetition::Same);
        let Repetition::Undecided(files) = repetition(one, two, three) else { panic!("{:?}", repetition(one, two, three)) };
        assert_eq!((files.count, files.of, files.in_part), (1, 1, false));
        assert!(files.why.contains("cannot be decoded"), "{files}");
    }
}
