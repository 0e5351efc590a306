//! What two outputs have in common: exactly, and in what must hold whatever randomness did. Pure, but for the change of threads.

use std::sync::Arc;

use cog_findings::text::shorten;
use output_compare::{self, MediaKind, Tolerance, compare_json, compare_text};
use serde_json::Value;

use crate::domain::output::{ComparedWith, OutputComparison};
use crate::verify::observation::{FetchedFile, Observation};

/// What two outputs have in common.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Likeness {
    pub(super) same: bool,
    /// Why they differ; empty when they do not.
    pub(super) reason: String,
    pub(super) remarks: Vec<String>,
    /// The pairs that were compared: the value when it says more than where its files are, then the files.
    pub(super) comparisons: Vec<OutputComparison>,
}

/// Compares off the async threads. `None` when that crashed.
pub(super) async fn liken(left: Arc<Observation>, right: Arc<Observation>) -> Option<Likeness> {
    tokio::task::spawn_blocking(move || likeness(&left, &right)).await.ok()
}

/// Whether two outputs are the same.
fn likeness(staged: &Observation, live: &Observation) -> Likeness {
    let mut found = Likeness { same: true, reason: String::new(), remarks: Vec::new(), comparisons: Vec::new() };
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
    let says_something = says_something(&values.0) || says_something(&values.1);
    let compared = match values {
        (Value::String(staged), Value::String(live)) => compare_text(&live, &staged),
        (staged, live) => compare_json(&live, &staged, &Tolerance::default()),
    };
    let (compared, remarks) = OutputComparison::from_comparison(compared, "output".to_owned(), ComparedWith::Live);
    if let Some(why) = &compared.reason {
        differ(format!("the output differs from the live version's: {why}"), remarks);
    }
    if says_something {
        comparisons.push(compared);
    }
    if staged.files.len() != live.files.len() {
        let counts = format!("the staged version gives {} files, the live one {}", staged.files.len(), live.files.len());
        differ(counts, Vec::new());
    }
    let mut beside = Vec::new();
    for (one, two) in staged.files.iter().zip(&live.files) {
        match compare_pair(one, two) {
            Ok((compared, remarks)) => {
                match &compared.reason {
                    Some(why) => differ(format!("{} differs from the live version's: {why}", compared.place), remarks),
                    None => beside.extend(remarks.into_iter().map(|remark| format!("{}: {remark}", compared.place))),
                }
                comparisons.push(compared);
            }
            Err(problem) => differ(problem, Vec::new()),
        }
    }
    found.remarks.extend(beside);
    Likeness { comparisons, ..found }
}

/// Whether a value holds more than the places where files were.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
        _ => true,
    }
}

/// Compares a pair of files. What looks the same in another format is no longer what users get.
fn compare_pair(staged: &FetchedFile, live: &FetchedFile) -> Result<(OutputComparison, Vec<String>), String> {
    let (one, two) = (staged.media()?, live.media()?);
    let compared = output_compare::compare(&two, &one, &Tolerance::default());
    let (mut compared, remarks) = OutputComparison::from_comparison(compared, format!("output{}", staged.path), ComparedWith::Live);
    let (format, other) = (normal_extension(&output_compare::extension(&one)), normal_extension(&output_compare::extension(&two)));
    if compared.same && format != other {
        compared.same = false;
        compared.reason = Some(format!("the file format changed from {other} to {format}"));
    }
    Ok((compared, remarks))
}

/// Extensions as the peer normalises them.
fn normal_extension(extension: &str) -> String {
    match extension {
        "jpeg" | "jpe" => "jpg",
        "tiff" => "tif",
        "mpeg" => "mpg",
        "htm" => "html",
        other => other,
    }
    .to_owned()
}

/// What has to hold between two outputs whatever randomness did.
pub(super) fn loosely_alike(staged: &Observation, live: &Observation) -> Result<(), String> {
    alike_values(&staged.value_without_files(), &live.value_without_files(), "output")?;
    if staged.files.len() != live.files.len() {
        return Err(format!("the staged version gives {} files, the live one {}", staged.files.len(), live.files.len()));
    }
    staged.files.iter().zip(&live.files).try_for_each(|(one, two)| alike_files(one, two))
}

fn alike_values(staged: &Value, live: &Value, path: &str) -> Result<(), String> {
    match (staged, live) {
        (Value::String(staged), Value::String(live)) => {
            within_order(staged.chars().count() as f64 + 10.0, live.chars().count() as f64 + 10.0).then_some(()).ok_or_else(|| {
                format!("{path} has {} characters, the live version's {}", staged.chars().count(), live.chars().count())
            })
        }
        (Value::Array(staged), Value::Array(live)) => {
            if staged.is_empty() != live.is_empty() || !within_order(staged.len() as f64 + 1.0, live.len() as f64 + 1.0) {
                return Err(format!("{path} has {} items, the live version's {}", staged.len(), live.len()));
            }
            let pairs = staged.iter().zip(live).enumerate();
            pairs.into_iter().try_for_each(|(index, (one, two))| alike_values(one, two, &format!("{path}[{index}]")))
        }
        (Value::Object(staged), Value::Object(live)) => {
            if let Some(name) = live.keys().find(|name| !staged.contains_key(*name)) {
                return Err(format!("{path}.{} is missing", shorten(name, 60)));
            }
            staged.iter().try_for_each(|(name, value)| match live.get(name) {
                Some(other) => alike_values(value, other, &format!("{path}.{}", shorten(name, 60))),
                None => Err(format!("{path}.{} is new", shorten(name, 60))),
            })
        }
        (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) | (Value::Null, Value::Null) => Ok(()),
        _ => Err(format!("{path} is {}, the live version's {}", word(staged), word(live))),
    }
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn alike_files(staged: &FetchedFile, live: &FetchedFile) -> Result<(), String> {
    let (one, two) = (staged.media()?, live.media()?);
    let place = format!("output{}", staged.path);
    let (kind, other) = (output_compare::detect(&one), output_compare::detect(&two));
    if kind != other {
        return Err(format!("{place} is {kind}, the live version's {other}"));
    }
    let (format, other) = (normal_extension(&output_compare::extension(&one)), normal_extension(&output_compare::extension(&two)));
    if format != other {
        return Err(format!("{place}: the file format changed from {other} to {format}"));
    }
    match kind {
        MediaKind::Image => {
            let (one, two) = (output_compare::image_facts(&one), output_compare::image_facts(&two));
            match (one, two) {
                (Ok(one), Ok(two)) if (one.width, one.height) != (two.width, two.height) => Err(format!(
                    "{place} is {} x {} pixels, the live version's {} x {}",
                    one.width, one.height, two.width, two.height
                )),
                (Ok(one), Ok(two)) if one.is_single_color && !two.is_single_color => Err(format!("{place} has one colour only")),
                (Err(problem), Ok(_)) => Err(format!("{place} cannot be decoded: {problem}")),
                _ => Ok(()),
            }
        }
        MediaKind::Audio => match (output_compare::audio_facts(&one), output_compare::audio_facts(&two)) {
            (Ok(one), Ok(two)) if !within_order(one.duration_secs + 0.1, two.duration_secs + 0.1) => {
                Err(format!("{place} lasts {:.1} s, the live version's {:.1} s", one.duration_secs, two.duration_secs))
            }
            (Ok(one), Ok(two)) if one.is_silent() && !two.is_silent() => Err(format!("{place} is silent")),
            (Err(problem), Ok(_)) => Err(format!("{place} cannot be decoded: {problem}")),
            _ => Ok(()),
        },
        _ => within_order(one.bytes.len() as f64 + 64.0, two.bytes.len() as f64 + 64.0)
            .then_some(())
            .ok_or_else(|| format!("{place} has {} bytes, the live version's {}", one.bytes.len(), two.bytes.len())),
    }
}

/// Whether neither is ten times the other.
fn within_order(left: f64, right: f64) -> bool {
    left <= right * 10.0 && right <= left * 10.0
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::clients::replicate::Download;
    use crate::verify::Outcome;
    use cog_schema::Method;

    fn seen(output: Value, files: &[(&'static str, &'static [u8])]) -> Observation {
        let file = |(name, bytes): &(&'static str, &'static [u8])| FetchedFile {
            path: String::new(),
            url: format!("https://x/{name}"),
            shown: format!("https://x/{name}"),
            name: (*name).to_owned(),
            content: Ok(Download { bytes: Bytes::from_static(bytes), content_type: None }),
        };
        Observation {
            method: Method::Predict,
            outcome: Outcome::Succeeded,
            output: Some(output),
            files: files.iter().map(file).collect(),
            wanted: None,
        }
    }

    #[test]
    fn whatever_randomness_did_types_members_and_orders_of_magnitude_hold() {
        let long = "x".repeat(2000);
        let cases: [(Value, Value, Option<&str>); 12] = [
            (json!("a cat"), json!("one dog"), None),
            (json!("a cat"), json!(long), Some("output has 5 characters, the live version's 2000")),
            (json!(0.1), json!(123), None),
            (json!(0.1), json!("0.1"), Some("output is a number, the live version's a text")),
            (json!({"a": 1}), json!({"a": 2}), None),
            (json!({"a": 1}), json!({"a": 2, "b": 3}), Some("output.b is missing")),
            (json!({"a": 1, "b": 3}), json!({"a": 2}), Some("output.b is new")),
            (json!([1, 2]), json!([3]), None),
            (json!([]), json!([3]), Some("output has 0 items, the live version's 1")),
            (json!([[1], ["x"]]), json!([[1], [2]]), Some("output[1][0] is a text, the live version's a number")),
            (json!(null), json!("x"), Some("output is null, the live version's a text")),
            (json!(true), json!(false), None),
        ];
        for (staged, live, wanted) in cases {
            let found = loosely_alike(&seen(staged.clone(), &[]), &seen(live.clone(), &[]));
            assert_eq!(found.err().as_deref(), wanted, "{staged} {live}");
        }
    }

    #[test]
    fn files_have_to_be_of_one_kind_format_and_order_of_size() {
        const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let one = |name: &'static str, bytes: &'static [u8]| seen(json!(format!("https://x/{name}")), &[(name, bytes)]);
        let cases: [(Observation, Observation, Option<&str>); 5] = [
            (one("a.txt", b"cat"), one("b.txt", b"dog"), None),
            (one("a.txt", b"cat"), one("b.gif", GIF), Some("output is text, the live version's image")),
            (one("a.txt", b"cat"), one("b.md", b"dog"), Some("output: the file format changed from md to txt")),
            (one("a.jpeg", b""), one("b.jpg", b""), None),
            (seen(json!([]), &[]), seen(json!([]), &[("b.txt", b"x")]), Some("the staged version gives 0 files, the live one 1")),
        ];
        for (staged, live, wanted) in cases {
            assert_eq!(loosely_alike(&staged, &live).err().as_deref(), wanted, "{staged:?} {live:?}");
        }
    }

    #[test]
    fn equal_outputs_are_the_same_wherever_their_files_lie() {
        let found =
            likeness(&seen(json!("https://x/a.txt"), &[("a.txt", b"cat")]), &seen(json!("https://x/b.txt"), &[("b.txt", b"cat")]));
        assert!(found.same && found.reason.is_empty(), "{found:?}");
        assert_eq!(found.remarks, Vec::<String>::new());
        let [compared] = &found.comparisons[..] else { panic!("{found:?}") };
        assert_eq!((compared.place.as_str(), compared.kind, compared.same), ("output", MediaKind::Text, true));
        assert_eq!(compared.with, ComparedWith::Live);
        assert!(compared.measurements.iter().any(|metric| metric.name == "similarity" && metric.value == 1.0), "{found:?}");
    }

    #[test]
    fn the_first_difference_is_the_reason_and_the_others_are_remarks() {
        let staged = seen(json!({"n": 1, "file": "https://x/a.txt"}), &[("a.txt", b"cat")]);
        let live = seen(json!({"n": 2, "file": "https://x/b.txt"}), &[("b.txt", b"dog")]);
        let found = likeness(&staged, &live);
        assert!(!found.same);
        assert_eq!(found.reason, "the output differs from the live version's: .n is 2 in the first and 1 in the second");
        assert_eq!(found.remarks[0], "output differs from the live version's: the texts differ");
        let kinds: Vec<_> = found.comparisons.iter().map(|compared| (compared.kind, compared.same)).collect();
        assert_eq!(kinds, [(MediaKind::Json, false), (MediaKind::Text, false)]);
    }
}
