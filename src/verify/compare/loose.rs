//! What two outputs must have in common even if the model is random.

use cog_findings::text::shorten;
use output_compare::MediaKind;
use serde_json::{Map, Value};

use super::{file_count_difference, files_of};
use crate::verify::file_format::file_format;
use crate::verify::observation::{FetchFault, FetchedFile, Observation, Unexamined};

/// Checks what has to hold between two outputs of a random model: types, members, number and kind of files, image sizes, and durations and
/// lengths within an order of magnitude. Where two outputs of the live version differ in one of these, it is random too and does not count.
pub(super) fn check_loosely_alike(staged: &Observation, live: &Observation, again: Option<&Observation>) -> Result<(), String> {
    let [staged_files, live_files] = files_of(staged, live);
    let again_files = again.map(|again| files_of(again, live)[0].clone());
    let value = |seen: &Observation, files: &[&FetchedFile]| seen.value_without(files.iter().copied());
    let again_value = again.zip(again_files.as_ref()).map(|(again, files)| value(again, files));
    alike_values(&value(staged, &staged_files), &value(live, &live_files), again_value.as_ref(), "output")?;
    let varies = again_files.as_ref().is_some_and(|again| again.len() != live_files.len());
    if let Some(reason) = file_count_difference(&staged_files, &live_files).filter(|_| !varies) {
        return Err(reason);
    }
    staged_files.iter().zip(&live_files).enumerate().try_for_each(|(index, (one, two))| {
        let repeated = again_files.as_ref().and_then(|files| files.get(index));
        // A file that cannot be fetched says nothing about what the live version repeats.
        let varies =
            || one.content.is_ok() && repeated.is_some_and(|again| again.content.is_ok() && alike_files(again, two).is_err());
        alike_files(one, two).or_else(|reason| if varies() { Ok(()) } else { Err(reason) })
    })
}

/// `again` is what the live version returned the other time, if anything.
fn alike_values(staged: &Value, live: &Value, again: Option<&Value>, path: &str) -> Result<(), String> {
    match (staged, live) {
        (Value::String(staged), Value::String(live)) => {
            let [one, two] = [staged, live].map(|text| text.chars().count());
            let repeated = again.and_then(Value::as_str).map(|text| text.chars().count());
            let is_alike = |other: usize| within_order(one as f64 + 10.0, other as f64 + 10.0);
            (is_alike(two) || repeated.is_some_and(is_alike))
                .then_some(())
                .ok_or_else(|| format!("{path} has {one} characters, the live version's {two}"))
        }
        (Value::Array(staged), Value::Array(live)) => {
            let is_alike = |other: &[Value]| {
                staged.is_empty() == other.is_empty() && within_order(staged.len() as f64 + 1.0, other.len() as f64 + 1.0)
            };
            if !is_alike(live) && !again.and_then(Value::as_array).is_some_and(|again| is_alike(again)) {
                return Err(format!("{path} has {} items, the live version's {}", staged.len(), live.len()));
            }
            let repeated = |index: usize| again.and_then(|again| again.get(index));
            let pairs = staged.iter().zip(live).enumerate();
            pairs
                .into_iter()
                .try_for_each(|(index, (one, two))| alike_values(one, two, repeated(index), &format!("{path}[{index}]")))
        }
        (Value::Object(staged), Value::Object(live)) => {
            let again = again.and_then(Value::as_object);
            let varies = again.is_some_and(|again| !same_keys(again, live));
            let is_stable = |name: &&String| again.is_none_or(|again| again.contains_key(*name));
            if let Some(name) = live.keys().filter(is_stable).find(|name| !staged.contains_key(*name)) {
                return Err(format!("{path}.{} is missing", shorten(name, 60)));
            }
            staged.iter().try_for_each(|(name, value)| match live.get(name) {
                Some(other) => {
                    let repeated = again.and_then(|again| again.get(name));
                    alike_values(value, other, repeated, &format!("{path}.{}", shorten(name, 60)))
                }
                None if varies => Ok(()),
                None => Err(format!("{path}.{} is new", shorten(name, 60))),
            })
        }
        (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) | (Value::Null, Value::Null) => Ok(()),
        _ if again.is_some_and(|again| type_name(again) == type_name(staged)) => Ok(()),
        _ => Err(format!("{path} is {}, the live version's {}", type_name(staged), type_name(live))),
    }
}

fn same_keys(one: &Map<String, Value>, two: &Map<String, Value>) -> bool {
    one.len() == two.len() && one.keys().all(|name| two.contains_key(name))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Files of which one is too large to decode: the same kind and format, and a size of the same order.
fn alike_beginnings(staged: &FetchedFile, live: &FetchedFile, place: &str) -> Result<(), String> {
    let (Ok(one), Ok(two)) = (&staged.content, &live.content) else { return Ok(()) };
    let (beginning, other) = (staged.beginning(one), live.beginning(two));
    let (kind, other_kind) = (output_compare::detect(&beginning), output_compare::detect(&other));
    if kind != other_kind {
        return Err(format!("{place} is {kind}, the live version's {other_kind}"));
    }
    let (format, other_format) = (file_format(&beginning), file_format(&other));
    if format != other_format {
        return Err(format!("{place}: the file format changed from {other_format} to {format}"));
    }
    if !within_order(one.size_bytes as f64, two.size_bytes as f64) {
        return Err(format!("{place} has {} bytes, the live version's {}", one.size_bytes, two.size_bytes));
    }
    Ok(())
}

fn alike_files(staged: &FetchedFile, live: &FetchedFile) -> Result<(), String> {
    let place = format!("output{}", staged.path);
    let (one, two) = match (staged.load(), live.load()) {
        (Ok(one), Ok(two)) => (one, two),
        // A limit of ours is not a difference; the comparison before has reported it.
        (Err(Unexamined::Missing { fault: FetchFault::Limit, .. }), _)
        | (_, Err(Unexamined::Missing { fault: FetchFault::Limit, .. })) => return Ok(()),
        // There is nothing to compare with, which the comparison before has reported too.
        (_, Err(Unexamined::Missing { .. })) => return Ok(()),
        (Err(Unexamined::Missing { message, .. }), _) => return Err(message),
        _ => return alike_beginnings(staged, live, &place),
    };
    let (one, two) = (one.media(), two.media());
    let (kind, other) = (output_compare::detect(&one), output_compare::detect(&two));
    if kind != other {
        return Err(format!("{place} is {kind}, the live version's {other}"));
    }
    let (format, other) = (file_format(&one), file_format(&two));
    if format != other {
        return Err(format!("{place}: the file format changed from {other} to {format}"));
    }
    let (one_bytes, two_bytes) = (one.bytes.len(), two.bytes.len());
    match kind {
        MediaKind::Image => {
            let (one, two) = (output_compare::image_facts(&one), output_compare::image_facts(&two));
            match (one, two) {
                (Ok(one), Ok(two)) if (one.width, one.height) != (two.width, two.height) => Err(format!(
                    "{place} is {} x {} pixels, the live version's {} x {}",
                    one.width, one.height, two.width, two.height
                )),
                (Ok(one), Ok(two)) if one.is_single_color && !two.is_single_color => Err(format!("{place} has a single color")),
                (Err(problem), Ok(_)) => Err(format!("{place} cannot be decoded: {problem}")),
                (Err(_), Err(_)) => alike_sizes(&place, one_bytes, two_bytes),
                _ => Ok(()),
            }
        }
        MediaKind::Audio => match (output_compare::audio_facts(&one), output_compare::audio_facts(&two)) {
            (Ok(one), Ok(two)) if !within_order(one.duration_secs + 0.1, two.duration_secs + 0.1) => {
                Err(format!("{place} lasts {:.1} s, the live version's {:.1} s", one.duration_secs, two.duration_secs))
            }
            (Ok(one), Ok(two)) if one.is_silent() && !two.is_silent() => Err(format!("{place} is silent")),
            (Err(problem), Ok(_)) => Err(format!("{place} cannot be decoded: {problem}")),
            (Err(_), Err(_)) => alike_sizes(&place, one_bytes, two_bytes),
            _ => Ok(()),
        },
        _ => alike_sizes(&place, one_bytes, two_bytes),
    }
}

fn alike_sizes(place: &str, bytes: usize, other: usize) -> Result<(), String> {
    within_order(bytes as f64 + 64.0, other as f64 + 64.0)
        .then_some(())
        .ok_or_else(|| format!("{place} has {bytes} bytes, the live version's {other}"))
}

/// Whether neither is more than ten times the other.
fn within_order(left: f64, right: f64) -> bool {
    left <= right * 10.0 && right <= left * 10.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::compare::sample::observation;
    use crate::verify::observation::FetchProblem;

    #[test]
    fn types_members_and_orders_of_magnitude_must_agree() {
        let long = "x".repeat(2000);
        let cases: [(Value, Value, Option<&str>); 12] = [
            (json!("a cat"), json!("one dog"), None),
            (json!("a cat"), json!(long), Some("output has 5 characters, the live version's 2000")),
            (json!(0.1), json!(123), None),
            (json!(0.1), json!("0.1"), Some("output is a number, the live version's a string")),
            (json!({"a": 1}), json!({"a": 2}), None),
            (json!({"a": 1}), json!({"a": 2, "b": 3}), Some("output.b is missing")),
            (json!({"a": 1, "b": 3}), json!({"a": 2}), Some("output.b is new")),
            (json!([1, 2]), json!([3]), None),
            (json!([]), json!([3]), Some("output has 0 items, the live version's 1")),
            (json!([[1], ["x"]]), json!([[1], [2]]), Some("output[1][0] is a string, the live version's a number")),
            (json!(null), json!("x"), Some("output is null, the live version's a string")),
            (json!(true), json!(false), None),
        ];
        for (staged, live, wanted) in cases {
            let found = check_loosely_alike(&observation(staged.clone(), &[]), &observation(live.clone(), &[]), None);
            assert_eq!(found.err().as_deref(), wanted, "{staged} {live}");
        }
    }

    #[test]
    fn what_the_live_version_does_not_repeat_does_not_count() {
        let cases: [(Value, Value, Value, Option<&str>); 9] = [
            (json!({"cat": 1}), json!({"dog": 1}), json!({"bird": 1}), None),
            (json!({"id": 1, "x": 2}), json!({"id": 1, "y": 2}), json!({"id": 1, "z": 2}), None),
            (json!({"x": 2}), json!({"id": 1, "y": 2}), json!({"id": 1, "z": 2}), Some("output.id is missing")),
            (json!({"id": 1, "x": 2}), json!({"id": 1}), json!({"id": 2}), Some("output.x is new")),
            (json!({"note": null}), json!({"note": "a"}), json!({"note": null}), None),
            (
                json!({"note": 5}),
                json!({"note": "a"}),
                json!({"note": null}),
                Some("output.note is a number, the live version's a string"),
            ),
            (json!([]), json!([1]), json!([]), None),
            (json!([]), json!([1]), json!([2]), Some("output has 0 items, the live version's 1")),
            (json!("x".repeat(2000)), json!("a"), json!("y".repeat(1500)), None),
        ];
        for (staged, live, again, wanted) in cases {
            let [one, two, three] = [&staged, &live, &again].map(|value| observation(value.clone(), &[]));
            let found = check_loosely_alike(&one, &two, Some(&three));
            assert_eq!(found.err().as_deref(), wanted, "{staged} {live} {again}");
        }
        let files = |names: &[&'static str]| {
            let urls: Vec<String> = names.iter().map(|name| format!("https://x/{name}")).collect();
            let files: Vec<(&'static str, &'static [u8])> = names.iter().map(|name| (*name, &b"cat"[..])).collect();
            observation(json!(urls), &files)
        };
        let (one, two, three) = (files(&["a.txt"]), files(&["b.txt", "c.txt"]), files(&["d.txt", "e.txt"]));
        assert!(check_loosely_alike(&one, &two, Some(&three)).is_err());
        assert_eq!(check_loosely_alike(&one, &two, Some(&files(&["f.txt", "g.txt", "h.txt"]))), Ok(()));
        assert!(check_loosely_alike(&files(&["a.md"]), &files(&["b.txt"]), Some(&files(&["c.txt"]))).is_err());
        assert_eq!(check_loosely_alike(&files(&["a.md"]), &files(&["b.txt"]), Some(&files(&["c.csv"]))), Ok(()));
    }

    #[test]
    fn files_must_agree_in_kind_format_and_order_of_size() {
        const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let one = |name: &'static str, bytes: &'static [u8]| observation(json!(format!("https://x/{name}")), &[(name, bytes)]);
        let cases: [(Observation, Observation, Option<&str>); 5] = [
            (one("a.txt", b"cat"), one("b.txt", b"dog"), None),
            (one("a.txt", b"cat"), one("b.gif", GIF), Some("output is text, the live version's image")),
            (one("a.txt", b"cat"), one("b.md", b"dog"), Some("output: the file format changed from md to txt")),
            (one("a.jpeg", b""), one("b.jpg", b""), None),
            (
                observation(json!([]), &[]),
                observation(json!([]), &[("b.txt", b"x")]),
                Some("the staged version returned 0 files, the live version 1"),
            ),
        ];
        for (staged, live, wanted) in cases {
            assert_eq!(check_loosely_alike(&staged, &live, None).err().as_deref(), wanted, "{staged:?} {live:?}");
        }
    }

    #[test]
    fn missing_files_excuse_nothing() {
        let file = || observation(json!("https://x/a.txt"), &[("a.txt", b"cat")]);
        let missing = || {
            let mut seen = file();
            seen.files[0].content = Err(FetchProblem { message: "gone".to_owned(), fault: FetchFault::File });
            seen
        };
        assert_eq!(check_loosely_alike(&file(), &missing(), Some(&missing())), Ok(()));
        for again in [file(), missing()] {
            let found = check_loosely_alike(&missing(), &file(), Some(&again));
            assert_eq!(found.err().as_deref(), Some("the file https://x/a.txt could not be fetched: gone"));
        }
        // What the live version could not deliver once does not make its kind of file random.
        let other = observation(json!("https://x/a.md"), &[("a.md", b"cat")]);
        assert!(check_loosely_alike(&other, &file(), Some(&missing())).is_err());
    }
}
